"""Figures of normalisation's axes and of the residual stream."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle
from torch import Tensor

from mmhelpers.plotting.base import WIDTH, new_grid
from mmhelpers.plotting.style import BLUE, COLORS, ORANGE, SLATE, our_style
from mmhelpers.plotting.windows import bare, box


@our_style()
def plot_norm_axes(x: Tensor) -> Axes:
    """A small x (B, T, C) twice: numbers of one colour share a mean and a variance.

    Above as BatchNorm takes them, over examples and positions; below as LayerNorm does, over the
    features of one position of one example.  Up to eight groups have colours of their own.
    """
    B, T, C = x.shape
    axes = new_grid(2, 1, WIDTH, 0.5 * (2 * B + 4))[:, 0]
    starts = [t * (C + 1.2) for t in range(T)]  # of the slabs
    for ax, batch in zip(axes, (True, False), strict=True):
        for t, start in enumerate(starts):
            ax.annotate(f"position {t + 1}", (start + (C - 1) / 2, 0.75), ha="center", fontsize=9)
            for b in range(B):
                for c in range(C):
                    color = COLORS[(c if batch else b * T + t) % len(COLORS)]
                    box(ax, start + c, -b, f"{x[b, t, c]:g}", color)
        for b in range(B):
            ax.annotate(f"example {b + 1}", (-0.8, -b), ha="right", va="center", fontsize=9)
        kind, groups = ("BatchNorm", C) if batch else ("LayerNorm", B * T)
        each = x.numel() // groups
        ax.set_title(f"{kind}: {groups} groups of {each} numbers", fontsize=10)
        ax.set_xlim(-3.2, starts[-1] + C)
        ax.set_ylim(-B + 0.3, 1.3)
        bare(ax)
    return axes[0]


@our_style()
def plot_stream(parts: Sequence[str], added: Sequence[float], stream: Sequence[float]) -> Axes:
    """The residual stream: a line that every part reads from and adds to.

    `parts` are the names of the blocks, `added` the sizes of what each adds, `stream` the sizes of
    the stream before the first and after each; bars below the drawing show both.
    """
    drawing, bars = new_grid(2, 1, WIDTH, 4.4, sharex=True, height_ratios=(1.5, 1))[:, 0]
    n = len(parts)
    drawing.add_patch(
        FancyArrowPatch(
            (-0.7, 0), (n + 0.1, 0), arrowstyle="-|>", mutation_scale=16, lw=3, color=BLUE
        )
    )
    for i, name in enumerate(parts):
        drawing.add_patch(Rectangle((i - 0.3, 0.75), 0.6, 0.6, facecolor="white", edgecolor=SLATE))
        drawing.annotate(name, (i, 1.05), ha="center", va="center", fontsize=8)
        for ends, style in (
            (((i - 0.38, 0), (i - 0.2, 0.75)), "-|>"),
            (((i + 0.2, 0.75), (i + 0.38, 0.1)), "-|>"),
        ):
            drawing.add_patch(
                FancyArrowPatch(*ends, arrowstyle=style, mutation_scale=10, lw=1.2, color=SLATE)
            )
        circle = {"boxstyle": "circle,pad=0.1", "facecolor": "white", "edgecolor": BLUE}
        place = (i + 0.38, -0.02)
        drawing.annotate("+", place, ha="center", va="center", fontsize=11, bbox=circle)
    drawing.annotate("embedding", (-0.72, -0.32), ha="left", fontsize=9)
    drawing.annotate("to the output", (n + 0.1, -0.32), ha="right", fontsize=9)
    drawing.set_ylim(-0.45, 1.45)
    drawing.set_axis_off()
    bars.bar([i - 0.15 for i in range(n)], stream[:n], width=0.3, color=BLUE, label="stream")
    bars.bar(
        [i + 0.15 for i in range(n)], added, width=0.3, color=ORANGE, hatch="//", label="added"
    )
    bars.set_xlim(-0.8, n + 0.2)
    bars.set_xticks([])
    bars.set_ylabel("size (rms)")
    bars.legend(frameon=False, fontsize=9, loc="upper left")
    return drawing
