"""Figures of how sure one may be: seeds as dots, the bootstrap step by step, laws on log axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from mmhelpers.plotting.base import WIDTH, new_axes, new_grid
from mmhelpers.plotting.lines import label_lines_at_end
from mmhelpers.plotting.scaling import log_scales
from mmhelpers.plotting.style import BLUE, FAINT, RED, SLATE, our_style
from mmhelpers.plotting.text import write, write_ticks

Points = Sequence[tuple[float, float]]
BESIDE = [(6, -9), (6, 5), (-9, 3)]  # where the names of single points stand, by turns (points)


@our_style()
def plot_seeds(
    losses: Mapping[str, Sequence[float]],
    told: Mapping[str, float],
    xlabel: str = "dev loss (nats)",
) -> Axes:
    """A row for each label, with a dot for every seed; a cross where a single run was `told`."""
    ax = new_axes(None, height=0.55 * len(losses) + 1)
    for y, (label, values) in enumerate(losses.items()):
        row = [y] * len(values)
        ax.plot(values, row, color=BLUE, marker="o", markersize=7, alpha=0.7, linestyle="")
        if label in told:
            ax.plot(told[label], y, color=RED, marker="x", markersize=9, linestyle="")
    ax.set_ylim(len(losses) - 0.4, -0.6)
    write_ticks(ax.yaxis, list(losses), fontsize=10)
    ax.set_title("dots: our seeds; crosses: one run, as the lecture gives it", fontsize=9)
    ax.set_xlabel(xlabel)
    ax.grid(alpha=0.3)
    return ax


@our_style()
def plot_laws(
    points: Mapping[str, Points],
    laws: Mapping[str, Callable[[float], float]],
    xlabel: str,
    others: Mapping[str, tuple[float, float]] | None = None,
    ylabel: str = "dev loss (nats)",
    ax: Axes | None = None,
) -> Axes:
    """Losses against sizes, both on logarithmic axes, with the line that was fitted to some.

    `points` holds pairs of size and loss by label, `laws` a function from size to loss for some
    of the labels, `others` single points with their names.
    """
    ax = new_axes(ax, height=4.6)
    for label, pairs in points.items():
        x, y = np.asarray(pairs, dtype=float).T
        (dots,) = ax.plot(x, y, linestyle="", label="_" if label in laws else label)
        if label in laws:
            line = np.geomspace(x.min(), x.max(), 50)
            color = dots.get_color()
            ax.plot(line, [laws[label](s) for s in line], "-", color=color, marker="", label=label)
    for i, (name, place) in enumerate((others or {}).items()):
        ax.plot(*place, color=SLATE, marker="+", markersize=8, linestyle="", zorder=1)
        beside = BESIDE[i % len(BESIDE)]
        style = {"fontsize": 8, "color": SLATE, "ha": "left" if beside[0] > 0 else "right"}
        write(ax.annotate("", place, beside, textcoords="offset points", **style), name)
    log_scales(ax)
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    label_lines_at_end(ax)
    return ax


@our_style()
def plot_bootstrap(
    values: Sequence[float],
    means: Sequence[float],
    ends: tuple[float, float],
    xlabel: str = "difference (nats)",
    shown: int = 4,
    seed: int = 1,
) -> Axes:
    """The bootstrap step by step: the values, some samples of them, and the means of very many.

    The sizes of the dots say how often a sample has drawn a value; `ends` are those of the
    interval.  The `shown` samples are drawn for the picture alone.
    """
    top, below = new_grid(2, 1, WIDTH, 4.6, sharex=True, height_ratios=(2, 1.6))[:, 0]
    values, rng = np.asarray(values, dtype=float), np.random.default_rng(seed)
    rows = [np.arange(len(values))]
    rows += [rng.integers(len(values), size=len(values)) for _ in range(shown)]
    for y, drawn in zip(range(shown, -1, -1), rows, strict=True):
        chosen, counts = np.unique(drawn, return_counts=True)
        color = BLUE if y == shown else SLATE
        top.scatter(values, [y] * len(values), s=25, facecolor="none", edgecolor=FAINT)
        top.scatter(values[chosen], [y] * len(chosen), s=25 * counts**1.5, color=color, alpha=0.7)
        top.plot(values[drawn].mean(), y, marker="|", markersize=16, color=RED, linestyle="")
    names = ["measured", *[f"sample {i + 1}" for i in range(shown)]]
    top.set_yticks(range(shown, -1, -1), names)
    top.set_ylim(-0.6, shown + 0.6)
    top.set_title("each sample draws as many values, with replacement; red: its mean", fontsize=9)
    below.hist(means, bins=40, color=SLATE)
    for end in ends:
        below.axvline(end, color=RED, linestyle="--", lw=1.2)
    below.set_title(
        f"the means of {len(means):,} samples; 95 % lie between the dashed lines", fontsize=9
    )
    below.set_yticks([])
    below.set_xlabel(xlabel)
    return top
