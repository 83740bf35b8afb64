"""Figures of what small matrices do: broadcasting, one-hot rows, a row picked, a difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

from mmhelpers.plotting.base import WIDTH, new_axes, new_grid
from mmhelpers.plotting.lines import FONTSIZE
from mmhelpers.plotting.style import BLUE, FAINT, ORANGE, RED, SEQUENTIAL, our_style
from mmhelpers.plotting.tables import BESIDE, commonest, note_missing
from mmhelpers.plotting.text import write, write_ticks

CELLS = 40  # characters at most along a one-hot row


def _draw_cells(
    ax: Axes, table: Tensor, left: float, top: float, colors: Sequence[Sequence[str]], digits: int
) -> None:
    """Draws the numbers of a table (R, C) in coloured cells; its upper left corner is given."""
    for i, row in enumerate(table.tolist()):
        for j, value in enumerate(row):
            corner = (left + j, top - i - 1)
            ax.add_patch(Rectangle(corner, 1, 1, facecolor=colors[i][j], edgecolor="white", lw=2))
            middle = (corner[0] + 0.5, corner[1] + 0.5)
            shown = f"{round(value, digits) + 0.0:g}"  # + 0.0: no -0
            ax.text(*middle, shown, ha="center", va="center", fontsize=10)


def _blank(ax: Axes, width: float, low: float, high: float) -> None:
    """Leaves of the axes nothing but room for a drawing."""
    ax.set(xlim=(-0.3, width), ylim=(low, high), aspect="equal")
    ax.axis("off")


@our_style()
def plot_broadcasting(table: Tensor) -> Axes:
    """A table (R, R) divided by its row sums: as a column (R, 1) and as a row (R,).

    The sums themselves are orange, the copies that broadcasting makes of them pale.  Beside
    each result stand the sums of its rows.  Returns the first axes.
    """
    R = len(table)
    sums = table.sum(1)
    grid = new_grid(2, 1, WIDTH, 4.9)[:, 0]
    pale, plain = "#ffe3b0", [[FAINT] * R] * R
    column = [[ORANGE] + [pale] * (R - 1)] * R
    row = [[ORANGE] * R] + [[pale] * R] * (R - 1)
    panels = [
        ("(R, R) / (R, 1): the column of sums is copied across", sums[:, None], column),
        ("(R, R) / (R,): the sums lie down as a row, which is copied down", sums[None], row),
    ]
    for ax, (title, divisors, colors) in zip(grid, panels, strict=True):
        divisors = divisors.expand(R, R)
        result = table / divisors
        ax.set_title(title.replace("R", str(R)), fontsize=11)
        for k, (shown, shades) in enumerate(((table, plain), (divisors, colors), (result, plain))):
            _draw_cells(ax, shown, k * (R + 1), R, shades, 3)
        for k, sign in enumerate("/="):
            ax.text((k + 1) * (R + 1) - 0.5, R / 2, sign, ha="center", va="center", fontsize=18)
        for i, total in enumerate(result.sum(1).tolist()):
            color = BLUE if abs(total - 1) < 1e-5 else RED
            place = (3 * R + 2.3, R - i - 0.5)
            ax.text(*place, f"sum {total:.3g}", va="center", color=color, fontsize=10)
        _blank(ax, 3 * R + 4.5, -0.2, R + 0.2)
    return grid[0]


@our_style()
def plot_one_hot(rows: Tensor, names: Sequence[str], characters: Sequence[str]) -> Axes:
    """One-hot rows (B, V) as a picture, a name beside each row and a character below each column.

    Of more than 40 characters those 40 are shown that the rows have, and the first ones.
    """
    V = len(characters)
    rows = rows.cpu()
    kept = commonest(rows.sum(0), CELLS)
    ax = new_axes(height=0.28 * len(rows) + 1.0)
    ax.imshow(rows[:, kept].numpy(), cmap=SEQUENTIAL, vmin=0, vmax=1.2, aspect="auto")
    ax.set_xticks(np.arange(-0.5, len(kept)), minor=True)
    ax.set_yticks(np.arange(-0.5, len(rows)), minor=True)
    ax.grid(which="minor", color=FAINT, linewidth=0.6)
    write_ticks(ax.xaxis, [characters[i] for i in kept], 9)
    write_ticks(ax.yaxis, names, 10)
    ax.tick_params(which="both", length=0)
    ax.set_xlabel("place of the 1")
    ax.set_ylabel("input")
    note_missing(ax, V, CELLS, "characters")
    return ax


@our_style()
def plot_row_picked(picked: int, W: Tensor) -> Axes:
    """A one-hot row (1, V) times W (V, V): row `picked` of W falls out."""
    V = len(W)
    W = W.detach().cpu()
    ax = new_axes(height=0.42 * V + 0.6)
    one_hot = torch.nn.functional.one_hot(torch.tensor([picked]), V)
    chosen = [[ORANGE if j == picked else FAINT for j in range(V)]]
    _draw_cells(ax, one_hot, 0, (V + 1) / 2, chosen, 1)
    _draw_cells(ax, W, V + 1, V, [[ORANGE if i == picked else FAINT] * V for i in range(V)], 1)
    _draw_cells(ax, W[picked : picked + 1], 2 * V + 2, (V + 1) / 2, [[ORANGE] * V], 1)
    for k, sign in enumerate("@="):
        ax.text((k + 1) * (V + 1) - 0.5, V / 2, sign, ha="center", va="center", fontsize=16)
    names = (f"one-hot (1, {V})", f"W ({V}, {V})", f"logits (1, {V})")
    for k, (name, top) in enumerate(zip(names, ((V + 1) / 2, V, (V + 1) / 2), strict=True)):
        ax.text(k * (V + 1) + V / 2, top + 0.15, name, ha="center", va="bottom", fontsize=11)
    _blank(ax, 3 * V + 2.3, -0.2, V + 0.9)
    return ax


@our_style()
def plot_difference(
    tables: Mapping[str, Tensor], characters: Sequence[str], weights: Tensor, top: float = 0.4
) -> Axes:
    """Two tables of probabilities (V, V), their |difference|, and how far apart each row is.

    The last panel has for each character how often its row was trained on, `weights` (V,),
    against the sum of its row in |difference|.  Returns the first axes.
    """
    (first, one), (second, two) = ((k, t.detach().cpu()) for k, t in tables.items())
    weights, apart = weights.cpu(), (one - two).abs()
    grid = new_grid(2, 2, WIDTH, 8.2)
    kept = commonest(weights, BESIDE)
    shown = {first: (one, top), second: (two, top), "|difference|": (apart, None)}
    for ax, (title, (table, high)) in zip(grid.flat, shown.items(), strict=False):
        part = table[kept][:, kept].numpy()
        image = ax.imshow(part, cmap=SEQUENTIAL, vmin=0, vmax=high or max(part.max(), 1e-9))
        write(ax.title, title)
        for axis in (ax.xaxis, ax.yaxis):
            write_ticks(axis, [characters[i] for i in kept], 7)
        ax.tick_params(length=0)
        if ax is not grid[0, 1]:
            ax.set_ylabel("the character before")
        bar = {"orientation": "horizontal", "shrink": 0.8, "aspect": 30, "pad": 0.04}
        bar |= {"extend": "max"} if high else {}
        ax.figure.colorbar(image, ax=ax, label="probability" if high else "|difference|", **bar)
    note_missing(grid[0, 0], len(characters), BESIDE, "commonest characters")
    _scatter_rows(grid[1, 1], [characters[i] for i in kept], weights[kept], apart[kept].sum(1))
    return grid[0, 0]


def _scatter_rows(ax: Axes, characters: Sequence[str], weights: Tensor, apart: Tensor) -> None:
    """A letter for each row: how often it was trained on, and how far apart it is."""
    low, high = float(weights.clamp(min=1).min()), float(weights.clamp(min=1).max())
    for character, weight, distance in zip(characters, weights, apart, strict=True):
        place = (max(1.0, float(weight)), float(distance))
        write(ax.text(*place, "", ha="center", va="center", fontsize=FONTSIZE + 1), character)
    ax.set_xscale("log")
    ax.set(xlim=(low / 2, high * 2), ylim=(0, 1.1 * max(float(apart.max()), 1e-9)))
    ax.set_title("how far apart each row is")
    ax.set_xlabel("how often the row's character occurs")
    ax.set_ylabel("sum of its |differences|")
    ax.grid(alpha=0.3)
