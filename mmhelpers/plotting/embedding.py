"""Figures of embeddings."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from torch import Tensor

from mmhelpers.plotting.base import new_axes


def plot_embedding(C: Tensor, labels: Sequence[str], ax: Axes | None = None) -> Axes:
    """The rows of an embedding C (V, 2) as points in the plane, each with its character."""
    ax = new_axes(ax, height=7.0)
    x, y = C.detach().cpu().numpy().T
    ax.scatter(x, y, s=220, color="lightsteelblue", alpha=0.6)
    for label, *point in zip(labels, x, y, strict=True):
        ax.annotate(label, point, ha="center", va="center_baseline", fontsize=12)
    ax.set_xlabel("first coordinate")
    ax.set_ylabel("second coordinate")
    ax.grid(alpha=0.3)
    return ax
