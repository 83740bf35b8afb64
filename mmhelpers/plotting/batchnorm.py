"""Figures of batch normalisation: its table, its two paths, what it makes of a batch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from mmhelpers.diagnostics import histogram
from mmhelpers.plotting.base import WIDTH, new_axes, new_grid
from mmhelpers.plotting.style import BLUE, FAINT, ORANGE, PURPLE, RED, SLATE, our_style
from mmhelpers.plotting.windows import bare, box

TINTS = [BLUE, ORANGE, PURPLE]  # of one column and the next


@our_style()
def plot_batch_table(values: Tensor, normalised: Tensor) -> Axes:
    """A batch (B, H) and its normalised form as two tables: statistics run down the columns.

    Each column has a colour; below it stand its mean and its standard deviation.
    """
    B, H = values.shape
    right = H + 3.4  # where the second table begins
    ax = new_axes(width=WIDTH, height=0.52 * B + 2.3)
    for left, table in ((0.0, values), (right, normalised)):
        statistics = {"mean": table.mean(0), "std": table.std(0)}
        for column in range(H):
            color = TINTS[column % len(TINTS)]
            for row in range(B):
                box(ax, left + column, -row, f"{table[row, column]:.3g}", color)
            down = {"arrowstyle": "-|>", "color": color, "lw": 2}
            ax.annotate("", (left + column, -B - 0.15), (left + column, -B + 0.4), arrowprops=down)
            for below, numbers in enumerate(statistics.values()):
                text = f"{abs(numbers[column]) if below == 0 and left else numbers[column]:.3g}"
                box(ax, left + column, -B - 0.75 - below, text, color, 0.12)
        for below, name in enumerate(statistics):
            place = (left - 0.7, -B - 0.75 - below)
            ax.annotate(name, place, ha="right", va="center_baseline", fontsize=10)
    for row in range(B):
        ax.annotate(f"example {row + 1}", (-0.7, -row), ha="right", va="center_baseline")
    for column in range(H):
        ax.annotate(f"unit {column + 1}", (column, 0.7), ha="center", fontsize=9)
    arrow = {"arrowstyle": "-|>", "color": SLATE, "lw": 1.5}
    middle = (H + right) / 2 - 0.75, -(B - 1) / 2
    ax.annotate("", (middle[0] + 0.9, middle[1]), (middle[0] - 0.9, middle[1]), arrowprops=arrow)
    ax.annotate("- mean\n/ std", (middle[0], middle[1] + 0.2), ha="center", va="bottom")
    ax.set_xlim(-2.6, right + H - 0.3)
    ax.set_ylim(-B - 2.4, 1.2)
    return bare(ax)


@our_style()
def plot_batchnorm_paths() -> Axes:
    """What goes where in BatchNorm, in training and in evaluation, as two rows of boxes."""
    axes = new_grid(2, 1, WIDTH, 4.6)[:, 0]
    for ax, training in zip(axes, (True, False), strict=True):
        on, off = ("black", FAINT)
        _node(ax, 0, 0, "hpreact\n(B, H)", BLUE)
        _node(ax, 2.6, 0, "minus mean,\nover std", BLUE)
        _node(ax, 5.2, 0, "* bngain\n+ bnbias", PURPLE)
        _node(ax, 7.8, 0, "to the tanh\n(B, H)", BLUE)
        _node(ax, 1.3, -1.6, "mean, std of this\nbatch (1, H)", ORANGE, 1.0 if training else 0.25)
        _node(ax, 4.4, -1.6, "running mean, std\n(1, H)", RED)
        for start, end in ((0, 2.6), (2.6, 5.2), (5.2, 7.8)):
            _link(ax, (start + 0.85, 0), (end - 0.85, 0), on)
        _link(ax, (0.2, -0.4), (0.9, -1.2), on if training else off)
        if training:
            _link(ax, (1.7, -1.2), (2.4, -0.4), on)
            _link(ax, (2.2, -1.6), (3.45, -1.6), RED, dashed=True)
            ax.annotate(
                "a little of it\n(momentum)", (2.83, -1.45), ha="center", va="bottom", fontsize=8
            )
        else:
            _link(ax, (4.0, -1.2), (2.9, -0.4), RED)
        title = "training: each example also depends on its neighbours in the batch"
        ax.set_title(title if training else "evaluation: constants; a batch of one will do",
                     fontsize=10, loc="left")  # fmt: skip
        ax.set_xlim(-1, 8.8)
        ax.set_ylim(-2.2, 0.6)
        ax.set_axis_off()
    return axes[0]


def _node(ax: Axes, x: float, y: float, text: str, color: str, alpha: float = 1.0) -> None:
    """A text in a rounded box."""
    frame = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": color, "lw": 1.8}
    place = {"ha": "center", "va": "center", "fontsize": 9, "bbox": frame | {"alpha": alpha}}
    ax.annotate(text, (x, y), alpha=alpha, **place)


def _link(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], color: str, dashed: bool = False
) -> None:
    """An arrow; a dashed one carries no gradient."""
    arrow = {"arrowstyle": "-|>", "color": color, "lw": 1.4, "ls": "--" if dashed else "-"}
    ax.annotate("", end, start, arrowprops=arrow)


@our_style()
def plot_normalisation(positions: Mapping[str, tuple[Tensor, Tensor]], limit: float = 22) -> Axes:
    """What BatchNorm makes of a batch of one feature: title to (inputs, outputs), one panel each.

    Input above, output below, each as a histogram with its mean and standard deviation, on one
    axis from -limit to limit that follows no data: moving one leaves the other as it is.  Every
    histogram has the height 1, so its width alone tells the spread.  Returns the first axes.
    """
    axes = new_grid(len(positions), 1, WIDTH, 1.9 * len(positions) + 0.6, sharex=True)[:, 0]
    for ax, (title, values) in zip(axes, positions.items(), strict=True):
        for base, color, drawn in zip((1.15, 0), (ORANGE, BLUE), values, strict=True):
            _draw_hill(ax, drawn, base, color)
        ax.set_title(title, fontsize=10)
        ax.set_xlim(-limit, limit)
        ax.set_ylim(0, 2.3)
        ax.set_yticks([0.4, 1.55], ["output", "input"])
        ax.tick_params(axis="y", length=0)
        ax.grid(alpha=0.3, axis="x")
    axes[-1].set_xlabel("value (every histogram is drawn equally high)")
    return axes[0]


def _draw_hill(ax: Axes, values: Tensor, base: float, color: str) -> None:
    """A histogram of height 1 that stands on `base`, with its mean and spread beside it."""
    drawn = histogram(values, bins=30)
    heights = np.asarray(drawn.density) / max(drawn.density)
    ax.stairs(base + heights, drawn.edges, baseline=base, fill=True, color=color)
    ax.axhline(base, color="grey", linewidth=0.6, linestyle="-", marker="")
    ax.text(
        0.01,
        base + 0.85,
        f"mean {values.mean():.2f}, std {values.std():.2f}",
        transform=ax.get_yaxis_transform(),
        fontsize=8,
        va="top",
    )
