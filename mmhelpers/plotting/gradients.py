"""Figures of gradients computed by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from mmhelpers.plotting.base import new_axes
from mmhelpers.plotting.lines import legend_outside
from mmhelpers.plotting.style import BLUE, SIGNED, TANGERINE, our_style
from mmhelpers.plotting.tables import SHOWN, commonest, note_missing
from mmhelpers.plotting.text import write_ticks

STRONGEST = "characters with the strongest gradient"


@our_style()
def plot_logit_gradients(
    gradient: Tensor, characters: Sequence[str], ax: Axes | None = None
) -> Axes:
    """The gradients by the logits of a batch (B, V) as a map: blue is pulled up, red down.

    The scale ends at the strongest push down, which is far weaker than a pull up.  Of more than
    60 characters the 60 with the strongest gradients are shown.
    """
    ax = new_axes(ax, height=6.5)
    size = gradient.max().item() or 1.0
    kept = commonest(gradient.abs().sum(0), SHOWN)
    shown = -gradient[:, kept].numpy()
    image = ax.imshow(shown, cmap=SIGNED, vmin=-size, vmax=size, aspect="auto")
    write_ticks(ax.xaxis, [characters[i] for i in kept], 9 if len(kept) < 32 else 7)
    note_missing(ax, len(characters), SHOWN, STRONGEST)
    ax.set_xlabel("character")
    ax.set_ylabel("example of the batch")
    ax.figure.colorbar(image, ax=ax, extend="max", label="minus the gradient by the logit")
    return ax


@our_style()
def plot_line_removed(
    normalised: Tensor, coming: Tensor, leaving: Tensor, ax: Axes | None = None
) -> Axes:
    """One unit's gradients on both sides of BatchNorm against its normalised values (N,).

    Both without the factor `gamma * inv_std`; an arrow leads from the one that comes to the one
    that leaves for each example.  Each comes with the straight line that fits it best.
    """
    ax = new_axes(ax)
    x = normalised.numpy()
    ends = np.array([x.min(), x.max()])
    for place, start, end in zip(x, coming.numpy(), leaving.numpy(), strict=True):
        arrow = {"arrowstyle": "->", "color": "grey", "lw": 0.8, "shrinkA": 3, "shrinkB": 3}
        ax.annotate("", (place, end), (place, start), arrowprops=arrow)
    for gradient, color, marker, line, label in (
        (coming, TANGERINE, "s", "--", "gradient by BatchNorm's\noutput, as it comes in"),
        (leaving, BLUE, "o", "-", "gradient by its input,\nas it is passed on"),
    ):
        y = gradient.numpy()
        ax.plot(x, y, marker, color=color, label=label)
        best = np.polyval(np.polyfit(x, y, 1), ends)
        ax.plot(ends, best, color=color, linestyle=line, marker="", label="its best line")
    ax.set_xlabel("normalised value of the example")
    ax.set_ylabel("gradient, without the factor in front")
    ax.grid(alpha=0.3)
    legend_outside(ax)
    return ax
