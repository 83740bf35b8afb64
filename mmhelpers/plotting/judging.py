"""Figures that judge models and names: two splits, intervals, calibration, likelihoods, a plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.ticker import NullLocator

from mmhelpers.plotting.base import WIDTH, new_axes, new_grid
from mmhelpers.plotting.lines import GAP, label_lines_at_end, spread
from mmhelpers.plotting.style import BLUE, FAINT, ORANGE, RED, SLATE, our_style
from mmhelpers.plotting.text import write, write_ticks

Interval = tuple[float, float, float]  # measured, low, high
Bin = tuple[float, float, float, float]  # said, happened, low, high

# Where the settings of a curve stand beside its points, for each curve of a plane: in points.
BESIDE = [(-12, -7), (0, -12), (15, -5), (4, 11)]


@our_style()
def plot_slopes(
    losses: Mapping[str, tuple[float, float]], ends: tuple[str, str], ylabel: str = "loss (nats)"
) -> Axes:
    """A line from each label's first loss to its second; the label stands where it ends.

    Blue where the second is lower, red where it is higher.
    """
    ax = new_axes(height=max(4.0, 0.21 * len(losses) + 1.2))
    for label, pair in losses.items():
        color = RED if pair[1] > pair[0] else BLUE
        ax.plot([0, 1], pair, "-", color=color, marker="o", markersize=4, lw=1.2, label=label)
    ax.set_xlim(-0.08, 1.02)
    ax.set_xticks([0, 1], ends)
    ax.set_ylabel(ylabel)
    ax.grid(axis="y", alpha=0.3)
    label_lines_at_end(ax)
    return ax


@our_style()
def plot_intervals(
    rows: Mapping[str, Interval | float], xlabel: str, at: float | None = None
) -> Axes:
    """A row for each label: what was measured as a dot, its interval as a bar; a line at `at`.

    Where only a number is given there is no bar.
    """
    ax = new_axes(height=0.3 * len(rows) + 1.0)
    if at is not None:
        ax.axvline(at, color=RED, linestyle="--", lw=1.2, marker="")
    for place, row in enumerate(rows.values()):
        value, low, high = row if isinstance(row, tuple) else (row, row, row)
        ax.plot([low, high], [place, place], "-", color=SLATE, marker="", lw=2)
        ax.plot(value, place, "o", color=BLUE)
    write_ticks(ax.yaxis, list(rows), fontsize=9)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlabel(xlabel)
    ax.grid(axis="x", alpha=0.3)
    return ax


@our_style()
def plot_disagreement(
    losses: tuple[Sequence[float], Sequence[float]],
    named: Mapping[str, tuple[float, float]],
    labels: tuple[str, str],
) -> Axes:
    """The losses of all names by two models as dots, and the names of some of them.

    Dots above the diagonal are names that the first model knows better.
    """
    ax = new_axes(height=5.2)
    x, y = (np.asarray(values, dtype=float) for values in losses)
    low, high = 0.0, float(max(x.max(), y.max())) * 1.04
    ax.plot([low, high], [low, high], "-", color=SLATE, marker="", lw=1)
    ax.plot(x, y, ".", color=BLUE, markersize=3, alpha=0.35)
    ax.set(xlim=(low, 1.15 * high), ylim=(low, high))  # room for names on the right
    for above in (True, False):
        name_dots(ax, {name: (a, b) for name, (a, b) in named.items() if (b > a) == above}, above)
    for axis, label in zip((ax.xaxis, ax.yaxis), labels, strict=True):
        write(axis.label, f"loss of the name by the {label} (nats)")
    return ax


def name_dots(ax: Axes, named: Mapping[str, tuple[float, float]], left: bool) -> None:
    """Names some dots in a column on their left or right, no name over another."""
    low, high = ax.get_ylim()
    height = ax.bbox.height * 72 / ax.figure.dpi  # in points
    per_point = (high - low) / height
    moved = spread([(y - low) / per_point for _, y in named.values()], GAP, height)
    style = {"fontsize": 9, "ha": "right" if left else "left", "va": "center", "color": RED}
    for (name, (x, y)), place in zip(named.items(), moved, strict=True):
        ax.plot(x, y, "o", color=RED, markersize=4)
        thread = {"arrowstyle": "-", "color": RED, "lw": 0.7, "shrinkA": 0, "shrinkB": 0}
        thread["relpos"] = (1 if left else 0, 0.5)
        beside = -34 if left else 34
        shift = (beside, place - (y - low) / per_point)
        note = ax.annotate(
            "", (x, y), shift, textcoords="offset points", arrowprops=thread, **style
        )
        write(note, name)


@our_style()
def plot_reliability(panels: Mapping[str, Sequence[Bin]]) -> Axes:
    """What models said against what happened, on logarithmic axes, a panel each.

    A dot for each group of predictions, with the interval of what happened; on the diagonal
    probabilities are honest.
    """
    grid = new_grid(1, len(panels), WIDTH, WIDTH / len(panels) + 0.9, sharey=True, sharex=True)[0]
    lowest = min(bin_[0] for bins in panels.values() for bin_ in bins)
    for ax, (title, bins) in zip(grid, panels.items(), strict=True):
        ax.plot([lowest / 2, 1], [lowest / 2, 1], "-", color=SLATE, marker="", lw=1)
        for said, happened, low, high in bins:
            ax.plot([said, said], [max(low, lowest / 4), high], "-", color=BLUE, marker="", lw=1.5)
            if happened > 0:
                ax.plot(said, happened, "o", color=BLUE, markersize=5)
        ax.set(xscale="log", yscale="log")
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_minor_locator(NullLocator())
        ax.set_title(title, fontsize=10)
        ax.set_xlabel("probability said")
        ax.set(xlim=(lowest / 2, 1.4), ylim=(lowest / 2, 1.4))
        ax.grid(alpha=0.3)
    grid[0].set_ylabel("share that happened")
    return grid[0]


@our_style()
def plot_typical(
    groups: Mapping[str, Sequence[float]], names: Mapping[str, float], xlabel: str
) -> Axes:
    """How groups of names are spread over a measure, and where a few names stand on it."""
    ax = new_axes(height=4.2)
    # The very unlikely would leave the rest no room.
    edges = np.linspace(
        np.quantile(np.concatenate([*map(np.asarray, groups.values())]), 0.005), 0, 45
    )
    fills = [(FAINT, "bar", {}), (BLUE, "step", {"lw": 2}), (ORANGE, "step", {"lw": 2, "ls": "--"})]
    for (label, values), (color, kind, more) in zip(groups.items(), fills, strict=False):
        weights = np.full(len(values), 1 / len(values))
        ax.hist(values, edges, weights=weights, histtype=kind, color=color, label=label, **more)
    top = ax.get_ylim()[1]
    order = sorted(names.items(), key=lambda item: item[1])
    ax.set_xlim(edges[0], max([0.0, *names.values()]) + 0.02 * abs(edges[0]))
    width = ax.bbox.width * 72 / ax.figure.dpi
    left, right = ax.get_xlim()
    wanted = [(value - left) / (right - left) * width for _, value in order]
    for (name, value), place in zip(order, spread(wanted, GAP, width), strict=True):
        at = left + place / width * (right - left)
        thread = {"arrowstyle": "-", "color": RED, "lw": 0.8, "shrinkA": 0, "shrinkB": 0}
        style = {"rotation": 90, "ha": "center", "va": "bottom", "fontsize": 9, "color": RED}
        write(ax.annotate("", (value, 0), (at, 1.08 * top), arrowprops=thread, **style), name)
    ax.set_ylim(0, 1.5 * top if names else top)
    ax.set_xlabel(xlabel)
    ax.set_ylabel("share of the names")
    ax.legend(loc="upper left", frameon=False, fontsize=9)
    return ax


@our_style()
def plot_plane(
    ways: Mapping[str, Mapping[str, tuple[float, float]]],
    others: Mapping[str, tuple[float, float]],
    xlabel: str,
    ylabel: str,
) -> Axes:
    """Two measures of names against one another, a curve for each way to draw them.

    The points of a curve are its settings, by name; `others` are single points, by name.
    """
    ax = new_axes(height=5.0)
    style = {"fontsize": 8, "textcoords": "offset points", "ha": "center", "va": "center"}
    for i, (way, points) in enumerate(ways.items()):
        x, y = zip(*points.values(), strict=True)
        ax.plot(x, y, label=way, markersize=5)
        for setting, place in points.items():
            note = ax.annotate("", place, BESIDE[i % len(BESIDE)], **style)
            note.set_path_effects([withStroke(linewidth=2, foreground="white")])
            write(note, setting)
    for name, place in others.items():
        ax.plot(*place, "*", color=RED, markersize=10)
        style = {"fontsize": 9, "color": RED, "textcoords": "offset points"}
        write(ax.annotate("", place, (7, 4), **style), name)
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.margins(0.08)
    ax.grid(alpha=0.3)
    ax.legend(frameon=False, fontsize=9)
    return ax
