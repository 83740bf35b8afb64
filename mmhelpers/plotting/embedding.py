"""Figures of embeddings."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from torch import Tensor

from mmhelpers.plotting.base import new_axes
from mmhelpers.plotting.style import BLUE, our_style
from mmhelpers.plotting.tables import SHOWN, note_missing
from mmhelpers.plotting.text import write


@our_style()
def plot_embedding(C: Tensor, labels: Sequence[str], ax: Axes | None = None) -> Axes:
    """The rows of an embedding C (V, 2) as points in the plane, each with its character.

    Of more than 60 characters only the 60 farthest from the middle are written out; there they
    have room.
    """
    ax = new_axes(ax, height=7.0)
    C, labels = C.detach().cpu(), list(labels)
    V = len(labels)
    ax.scatter(*C.T.numpy(), s=220 if V <= SHOWN else 20, color=BLUE, alpha=0.35)
    outermost = (C - C.mean(0)).norm(dim=1).argsort(descending=True)[:SHOWN]
    for i in sorted(outermost.tolist()):
        place = {"ha": "center", "va": "center_baseline", "fontsize": 12 if V <= SHOWN else 8}
        write(ax.annotate("", C[i].tolist(), **place), labels[i])
    note_missing(ax, V, SHOWN, "outermost characters named")
    ax.set_xlabel("first coordinate")
    ax.set_ylabel("second coordinate")
    ax.grid(alpha=0.3)
    return ax
