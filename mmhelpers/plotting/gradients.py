"""Figures of gradients computed by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from mmhelpers.plotting.base import legend_outside, new_axes


def plot_pushes(
    gradient: Tensor, target: int, characters: Sequence[str], ax: Axes | None = None
) -> Axes:
    """One example's gradient by its logits (V,), turned round: where descent moves each logit.

    Bars above zero are pulled up, bars below are pushed down; the bar of `target` is marked.
    """
    ax = new_axes(ax)
    heights = -gradient.numpy()
    colors = ["seagreen" if i == target else "indianred" for i in range(len(heights))]
    ax.bar(range(len(heights)), heights, color=colors)
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set_xticks(range(len(heights)), characters)
    ax.set_xlabel(f"character (target: {characters[target]})")
    ax.set_ylabel("minus the gradient by the logit")
    return ax


def plot_logit_gradients(
    gradient: Tensor, characters: Sequence[str], ax: Axes | None = None
) -> Axes:
    """The gradients by the logits of a batch (B, V) as a map: blue is pulled up, red down.

    The scale ends at the strongest push down, which is far weaker than a pull up.
    """
    ax = new_axes(ax, height=6.5)
    size = gradient.max().item()
    image = ax.imshow(-gradient.numpy(), cmap="RdBu", vmin=-size, vmax=size, aspect="auto")
    ax.set_xticks(range(len(characters)), characters)
    ax.set_xlabel("character")
    ax.set_ylabel("example of the batch")
    ax.figure.colorbar(image, ax=ax, extend="max", label="minus the gradient by the logit")
    return ax


def plot_line_removed(
    normalised: Tensor, coming: Tensor, leaving: Tensor, ax: Axes | None = None
) -> Axes:
    """One unit's gradients on both sides of BatchNorm against its normalised values (N,).

    Both without the factor `gamma * inv_std`; a grey line joins the two of one example.  Each
    comes with the straight line that fits it best.
    """
    ax = new_axes(ax)
    x = normalised.numpy()
    ends = np.array([x.min(), x.max()])
    ax.vlines(x, coming.numpy(), leaving.numpy(), color="silver", linewidth=1)
    for gradient, color, label in (
        (coming, "darkorange", "coming from above"),
        (leaving, "darkblue", "passed on below"),
    ):
        y = gradient.numpy()
        ax.plot(x, y, "o", color=color, markersize=5, label=label)
        ax.plot(ends, np.polyval(np.polyfit(x, y, 1), ends), color=color, label="its best line")
    ax.set_xlabel("normalised value of the example")
    ax.set_ylabel("gradient, without the factor in front")
    ax.grid(alpha=0.3)
    legend_outside(ax)
    return ax
