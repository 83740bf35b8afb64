"""Figures of drawing names: the cache, ways to change a distribution, beam search, a sampler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

from mmhelpers.data import BOUNDARY
from mmhelpers.plotting.base import WIDTH, new_axes, new_grid
from mmhelpers.plotting.style import BLUE, FAINT, ORANGE, SIGNED, SLATE, our_style
from mmhelpers.plotting.text import label, write, write_ticks

SHOWN, FEWER = 27, 16  # characters at most, the likeliest ones
LETTERS = 16  # of a name at most


@our_style()
def plot_cache(name: str) -> Axes:
    """What is read to draw a name letter by letter: everything anew, and with a cache.

    A row is a step, a column a position; blue is computed in this step, grey is kept.
    """
    letters = [BOUNDARY, *name[:LETTERS]]
    T = len(letters)
    grid = new_grid(1, 2, WIDTH, 0.28 * T + 1.2, sharey=True)[0]
    for ax, cached in zip(grid, (False, True), strict=True):
        count = 0
        for step in range(T):
            for position in range(step + 1):
                fresh = not cached or position == step
                count += fresh
                color = BLUE if fresh else FAINT
                corner = (position - 0.45, step - 0.45)
                ax.add_patch(Rectangle(corner, 0.9, 0.9, facecolor=color, edgecolor="white"))
        title = "keys and values kept" if cached else "everything read anew"
        ax.set_title(f"{title}: {count} positions", fontsize=10)
        write_ticks(ax.xaxis, letters, 9)
        ax.set(xlim=(-0.6, T - 0.4), ylim=(T - 0.4, -0.6), aspect="equal")
        ax.set_xlabel("position")
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
    shown = [*name[:LETTERS], BOUNDARY]
    write_ticks(grid[0].yaxis, shown, 9)
    grid[0].set_ylabel("drawn in this step")
    return grid[0]


@our_style()
def plot_ways(panels: Mapping[str, Tensor], characters: Sequence[str]) -> Axes:
    """One distribution (V,) as it is, in grey, and what each way makes of it, in blue.

    The first panel is the distribution itself; the characters are in its order.
    """
    first = next(iter(panels.values()))
    order = first.argsort(descending=True, stable=True)[:FEWER]
    plain = first[order].tolist()
    rows = -(-len(panels) // 2)
    grid = new_grid(rows, 2, WIDTH, 1.5 * rows + 0.4, sharey=True)
    for ax, (title, probs) in zip(grid.flat, panels.items(), strict=False):
        ax.bar(range(len(order)), plain, color=FAINT, width=0.9)
        ax.bar(range(len(order)), probs[order].tolist(), color=BLUE, width=0.5)
        kept = int((probs > 0).sum())
        ax.set_title(f"{title}: {kept} left", fontsize=9)
        write_ticks(ax.xaxis, [characters[i] for i in order.tolist()], 7)
        ax.tick_params(axis="x", length=0)
    for ax in grid.flat[len(panels) :]:
        ax.remove()
    grid[0, 0].set_ylabel("probability")
    return grid[0, 0]


@our_style()
def plot_beam(levels: Sequence[Mapping[str, tuple[float, bool]]]) -> Axes:
    """A search for the likeliest name, letter by letter from left to right.

    Every level has the beginnings of one length, each with its probability and whether it stays
    in the beam; one that ends with the boundary is a finished name.
    """
    ax = new_axes(height=4.6)
    places: dict[str, tuple[float, float]] = {"": (0.0, 0.5)}
    ax.text(0, 0.5, BOUNDARY, ha="center", va="center", fontsize=11)
    for depth, level in enumerate(levels, 1):
        heights = np.linspace(0, 1, len(level) + 2)[1:-1][::-1]
        for text, height in zip(sorted(level), heights, strict=True):
            probability, kept = level[text]
            ended = text.endswith(BOUNDARY)
            color = ORANGE if ended else BLUE if kept else FAINT
            places[text] = (depth, height)
            start, end = places[text[:-1]], (depth - 0.28, height)
            style = {"arrowstyle": "-", "color": color, "lw": 1 + 5 * probability}
            ax.annotate(
                "", end, (start[0] + 0.28 * bool(start[0]) + 0.06, start[1]), arrowprops=style
            )
            box = {"facecolor": "white", "edgecolor": color, "boxstyle": "round,pad=0.25"}
            ink = "black" if kept or ended else SLATE
            note = ax.text(depth, height, "", ha="center", va="center", fontsize=9, bbox=box)
            note.set_color(ink)
            write(note, f"{label(text)}  {probability:.3f}")
    ax.set(xlim=(-0.2, len(levels) + 0.4), ylim=(0, 1))
    ax.set_xticks(
        range(len(levels) + 1), ["start", *[f"letter {i + 1}" for i in range(len(levels))]]
    )
    ax.set_yticks([])
    ax.spines[["left", "right", "top"]].set_visible(False)
    return ax


@our_style()
def plot_deletions(effects: Mapping[str, tuple[float, Sequence[float]]]) -> Axes:
    """Names letter by letter, coloured by what each letter does to a judge's score of the name.

    Of each name the score, above 0 for real, and by how much every letter raises it: blue speaks
    for a real name, red against it.
    """
    longest = min(LETTERS, max(map(len, effects)))
    ax = new_axes(height=0.5 * len(effects) + 1.2)
    high = max(1e-9, *(abs(e) for _, raised in effects.values() for e in raised[:LETTERS]))
    table = np.full((len(effects), longest), np.nan)
    for row, (name, (_, raised)) in enumerate(effects.items()):
        table[row, : min(len(name), LETTERS)] = raised[:LETTERS]
        for column, (letter, effect) in enumerate(zip(name[:LETTERS], raised, strict=False)):
            ink = "white" if abs(effect) > 0.7 * high else "black"
            text = ax.text(column, row - 0.08, "", ha="center", va="center", color=ink, fontsize=12)
            write(text, letter)
            style = {"ha": "center", "va": "center", "color": ink, "fontsize": 7}
            ax.text(column, row + 0.33, f"{effect:+.1f}", **style)
    image = ax.imshow(table, cmap=SIGNED, vmin=-high, vmax=high, aspect="auto")
    ax.set_yticks(range(len(effects)), [f"score {score:+.1f}" for score, _ in effects.values()])
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.figure.colorbar(image, ax=ax, label="what the letter adds to the score", pad=0.02)
    return ax


@our_style()
def plot_sampler(
    before: Tensor, after: Tensor, characters: Sequence[str], names: Sequence[str], title: str = ""
) -> Axes:
    """The next character's probabilities (V,), as they are and as they are drawn from, and names.

    The characters are in the order of the first.
    """
    order = before.argsort(descending=True, stable=True)[:SHOWN].tolist()
    left, right = new_grid(1, 2, WIDTH, 3.2, width_ratios=[3, 1])[0]
    # A fixed layout, lines for bars and few texts: it is drawn anew while someone pulls a slider.
    left.figure.set_layout_engine("none")
    left.set_position((0.08, 0.12, 0.66, 0.78))
    right.set_position((0.77, 0.05, 0.22, 0.9))
    for probs, color, width in ((before, FAINT, 12), (after, BLUE, 7)):
        left.vlines(range(len(order)), 0, probs[order].tolist(), color=color, lw=width)
    for place, i in enumerate(order):
        style = {"ha": "center", "va": "baseline", "fontsize": 9}
        write(left.text(place, -0.07, "", **style), characters[i])
    left.set_xticks([])
    left.set_ylabel("probability")
    left.set(xlim=(-0.7, max(len(order), 5) - 0.3), ylim=(0, 1))
    write(left.title, title)
    left.title.set_fontsize(9)
    text = right.text(0.03, 0.97, "", va="top", fontsize=11, linespacing=1.45)
    write(text, "\n".join(name[: 2 * LETTERS] for name in names))
    right.set_axis_off()
    return left
