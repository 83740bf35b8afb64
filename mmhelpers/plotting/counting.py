"""Figures of counting: rows of the table, a draw from one of them, what a probability costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from torch import Tensor

from mmhelpers.plotting.base import WIDTH, new_axes, new_grid
from mmhelpers.plotting.lines import name_lines, spread
from mmhelpers.plotting.style import BLUE, COLORS, FAINT, RED, SEQUENTIAL, SLATE, our_style
from mmhelpers.plotting.tables import commonest, ink_on, note_missing, short
from mmhelpers.plotting.text import label, write, write_ticks

COLUMNS = 28  # at most, for the counts in the cells to be large enough to read


@our_style()
def plot_count_rows(counts: Tensor, characters: Sequence[str], rows: Sequence[int]) -> Axes:
    """Some rows of the table of counts (V, V), with the character and its count in each cell.

    Each row has its own scale of colours, from 0 to its largest count.  Of more than 28
    characters the 28 that follow most often are shown.
    """
    counts, V = counts.cpu()[list(rows)], len(characters)
    kept = commonest(counts.sum(0), COLUMNS)
    counts, after = counts[:, kept], [characters[i] for i in kept]
    ax = new_axes(height=0.6 * len(rows) + 0.9)
    largest = counts.amax(1, keepdim=True).clamp(min=1)
    norm = PowerNorm(0.5, vmin=0, vmax=1)
    image = ax.imshow((counts / largest).numpy(), cmap=SEQUENTIAL, norm=norm, aspect="auto")
    shades = image.to_rgba((counts / largest).numpy())
    for row in range(len(rows)):
        for column, character in enumerate(after):
            style = {"ha": "center", "color": ink_on(shades[row, column]), "in_layout": False}
            write(ax.text(column, row - 0.04, "", va="bottom", fontsize=11, **style), character)
            count = short(int(counts[row, column]))
            ax.text(column, row + 0.08, count, va="top", fontsize=7.5, **style)
    write_ticks(ax.yaxis, [characters[i] for i in rows], 11)
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.set_ylabel("before")
    ax.set_xlabel("the character that follows, and how often")
    note_missing(ax, V, COLUMNS, "commonest followers")
    return ax


@our_style()
def plot_darts(probs: Sequence[float], darts: Sequence[float], names: Sequence[str]) -> Axes:
    """Probabilities laid end to end on a line from 0 to 1, and where darts land on it."""
    ax = new_axes(height=1.9)
    ends = np.cumsum(probs)
    for i, (share, end, name) in enumerate(zip(probs, ends, names, strict=True)):
        color = COLORS[i % len(COLORS)]
        ax.barh(0, share, left=end - share, height=0.8, color=color, edgecolor="white", lw=2)
        style = {"ha": "center", "va": "center", "color": "black", "fontsize": 11}
        style["bbox"] = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1.5}
        write(ax.text(end - share / 2, 0, "", **style), f"{label(name)}: {share:.3g}")
    for dart in darts:
        arrow = {"arrowstyle": "-|>", "color": RED, "lw": 1.8}
        ax.annotate("", (dart, 0.4), (dart, 1.0), arrowprops=arrow)
        ax.text(dart, 1.04, f"{dart:g}", ha="center", va="bottom", color=RED)
    ax.set_xticks([0, *ends], [f"{end:.3g}" for end in [0, *ends]])
    ax.set_yticks([])
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.45, 1.5))
    ax.set_xlabel("running sum of the probabilities")
    ax.spines[["left", "right", "top"]].set_visible(False)
    return ax


@our_style()
def plot_minus_log(points: Mapping[str, float], ax: Axes | None = None) -> Axes:
    """What a probability costs, -log p in nats, with some probabilities marked by name."""
    ax = new_axes(ax, height=3.4)
    p = np.linspace(0.0005, 1, 2000)
    ax.plot(p, -np.log(p), color=BLUE, marker="", lw=2)
    places = {name: (p, -np.log(max(p, 1e-30)) + 0.0) for name, p in points.items()}
    costliest = max([7.0, *(cost for _, cost in places.values())])
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.2, costliest + 0.9))
    up = [_points_up(ax, cost) for _, cost in places.values()]
    moved = spread([height + 7 for height in up], 12, ax.bbox.height * 72 / ax.figure.dpi)
    for (name, place), height, label_at in zip(places.items(), up, moved, strict=True):
        ax.plot(*place, "o", color=RED)
        thread = {"arrowstyle": "-", "color": RED, "lw": 0.7, "shrinkA": 0, "relpos": (0, 0.5)}
        note = ax.annotate(
            "",
            place,
            (18, label_at - height),
            textcoords="offset points",
            va="center",
            fontsize=10,
            arrowprops=thread,
        )
        write(note, f"{name}: {place[1]:.2f}")
    ax.set_xlabel("probability p that the model gave to what came")
    ax.set_ylabel("cost, -log p (nats)")
    ax.grid(alpha=0.3)
    return ax


def _points_up(ax: Axes, y: float) -> float:
    """How far up the axes a value of y is, in points."""
    low, high = ax.get_ylim()
    return (y - low) / (high - low) * ax.bbox.height * 72 / ax.figure.dpi


@our_style()
def plot_ngrams(losses: Mapping[str, Mapping[int, float]], seen: Mapping[int, int], V: int) -> Axes:
    """Losses of tables against their length of context, a line a method, one below the other
    with how many contexts were seen and how many of V characters there could be.

    Returns the upper axes.
    """
    grid = new_grid(2, 1, WIDTH, 5.6, sharex=True, height_ratios=[2.2, 1])[:, 0]
    above, below = grid
    for method, line in losses.items():
        above.plot(list(line), list(line.values()), label=method)
    above.set_ylabel("dev loss (nats)")
    above.grid(alpha=0.3)
    name_lines(above)
    lengths = list(seen)
    below.plot(lengths, [V**k for k in lengths], color=SLATE, ls=":", marker="")
    below.bar(lengths, list(seen.values()), color=FAINT, width=0.55)
    for length, count in seen.items():
        below.annotate(
            f"{count:,}",
            (length, count),
            (0, -3),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=8,
        )
    below.set_yscale("log")
    below.set_ylim(1, max(seen.values()) * 300)
    below.set_ylabel("contexts")
    below.set_xlabel("characters of context (bars: contexts seen; dotted: all there could be)")
    below.set_xticks(lengths)
    return above


@our_style()
def plot_descent(losses: Mapping[str, Sequence[float]], floor: float) -> Axes:
    """Losses over steps beside the floor, and on the right, logarithmically, what is left to it.

    Where a loss is at the floor or below it, the line on the right has a hole.  Returns the
    left axes.
    """
    left, right = new_grid(1, 2, WIDTH, 3.4)[0]
    for name, values in losses.items():
        steps = np.arange(1, len(values) + 1)
        gap = np.array(values) - floor
        left.plot(steps, values, label=name, markevery=0.25)
        right.plot(steps, np.where(gap > 0, gap, np.nan), label=name, markevery=0.25)
    left.axhline(floor, color=RED, ls="--", lw=1.2, marker="", label="the floor")
    left.set_ylabel("loss on all pairs (nats)")
    right.set_ylabel("loss minus the floor (nats)")
    right.set_yscale("log")
    for ax in (left, right):
        ax.set_xlabel("step")
        ax.grid(alpha=0.3)
    left.legend(frameon=False, fontsize=9)
    return left
