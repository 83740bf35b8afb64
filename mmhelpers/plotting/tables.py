"""Figures of tables of characters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.image import AxesImage
from torch import Tensor

from mmhelpers.plotting.base import WIDTH, new_axes, new_grid
from mmhelpers.plotting.lines import name_lines
from mmhelpers.plotting.style import SEQUENTIAL, our_style
from mmhelpers.plotting.text import label, write, write_ticks

SHOWN = 60  # characters at most along one axis of a figure
WRITTEN = 32  # characters at most for texts in the cells to be large enough to read
BESIDE = 30  # characters at most along an axis where two tables stand side by side


@our_style()
def plot_pair_counts(counts: Tensor, characters: Sequence[str], ax: Axes | None = None) -> Axes:
    """The counts (V, V) of pairs as a heatmap with each pair and its count written in its cell.

    The colour grows with the square root of the count, so that rare pairs can be told apart.
    Cells of more than 32 characters are too small to write in; of more than 60 characters the
    60 commonest are shown.
    """
    counts, V = counts.cpu(), len(characters)
    kept = commonest(counts.sum(0) + counts.sum(1), SHOWN)
    counts, characters = counts[kept][:, kept], [characters[i] for i in kept]
    ax = new_axes(ax, height=max(3.0, min(10.0, 1.6 + 0.31 * len(characters))))
    # At least 1: a scale from 0 to 0 has no colours.
    norm = PowerNorm(0.5, vmin=0, vmax=max(1, counts.max().item()))
    image = ax.imshow(counts.numpy(), cmap=SEQUENTIAL, norm=norm, aspect="auto")
    if len(characters) <= WRITTEN:
        _write_pairs(ax, image, counts, characters)
    _name_characters(ax, characters, 9 if len(characters) <= WRITTEN else 7)
    note_missing(ax, V, SHOWN, "commonest characters")
    bar = {"orientation": "horizontal", "aspect": 40, "pad": 0.02}
    scale = "how often (the colour grows with the square root)"
    ax.figure.colorbar(image, ax=ax, label=scale, **bar)
    return ax


def _write_pairs(ax: Axes, image: AxesImage, counts: Tensor, characters: Sequence[str]) -> None:
    """Writes each pair and its count into its cell, black or white, whichever can be read."""
    shades = image.to_rgba(counts.numpy())
    for row, before in enumerate(characters):
        for column, after in enumerate(characters):
            style = {"ha": "center", "color": ink_on(shades[row, column]), "in_layout": False}
            if len(label(before + after)) <= 3:  # code points have no room here
                pair = ax.text(column, row - 0.02, "", va="bottom", fontsize=9.5, **style)
                write(pair, before + after)
            count = short(int(counts[row, column]))
            ax.text(column, row + 0.08, count, va="top", fontsize=6.5, **style)


def ink_on(shade: Sequence[float]) -> str:
    """Black or white, whichever has more contrast on the colour (r, g, b, …), each 0 to 1.

    By the relative luminance of WCAG 2.1; the better of the two has a contrast of at least 4.5.
    """
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shade[:3]]
    luminance = np.dot([0.2126, 0.7152, 0.0722], linear)
    return "black" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "white"


def short(count: int) -> str:
    """A count in at most four characters where it is below ten million: 12345 is "12k"."""
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= 10**4 and count >= size:
            return f"{count // size}{unit}"
    return str(count)


def commonest(weights: Tensor, limit: int) -> list[int]:
    """The places of the `limit` largest of the weights (V,), in their old order."""
    order = weights.argsort(descending=True, stable=True)[:limit]
    return sorted(order.tolist())


def note_missing(ax: Axes, V: int, limit: int, which: str) -> None:
    """Says above the axes that of V characters only `limit` are shown, if that is so."""
    if limit < V:
        ax.annotate(
            f"the {limit} {which}, of {V:,}",
            (0, 1),
            xycoords="axes fraction",
            xytext=(0, 3),
            textcoords="offset points",
            fontsize=9,
        )


@our_style()
def plot_tables(tables: Mapping[str, Tensor], characters: Sequence[str], top: float = 0.4) -> Axes:
    """Tables of probabilities (V, V) side by side, two in a row, on one scale from 0 to `top`.

    Of more than 30 characters the 30 that the first table itself gives most often are shown.
    Returns the first axes.
    """
    rows, columns = -(-len(tables) // 2), min(len(tables), 2)
    V = len(characters)
    kept = commonest(_stationary(next(iter(tables.values()))), BESIDE)
    characters = [characters[i] for i in kept]
    width = WIDTH if columns == 2 else WIDTH / 2 + 1
    grid = new_grid(rows, columns, width, 4.2 * rows + 0.6, square=True)
    for ax in grid.flat[len(tables) :]:
        ax.remove()
    axes = grid.flat[: len(tables)]
    for ax, (title, table) in zip(axes, tables.items(), strict=True):
        shown = table.detach().cpu()[kept][:, kept].numpy()
        image = ax.imshow(shown, cmap=SEQUENTIAL, vmin=0, vmax=top)
        ax.set_title("", fontsize=11, pad=16 if BESIDE < V else 6)
        write(ax.title, title)
        _name_characters(ax, characters, 7)
        note_missing(ax, V, BESIDE, "commonest characters")
    bar = {"orientation": "horizontal", "aspect": 40, "extend": "max"}
    scale = f"probability; all above {top:g} look alike"
    axes[0].figure.colorbar(image, ax=list(axes), label=scale, **bar)
    return axes[0]


def _stationary(table: Tensor) -> Tensor:
    """How often each character (V,) comes up when the table (V, V) is followed for long."""
    table = table.detach().cpu().double()
    share = torch.full((len(table),), 1 / len(table), dtype=torch.float64)
    for _ in range(50):
        share = (share + share @ table) / 2  # half a step, so that it settles on a cycle too
    return share


def _name_characters(ax: Axes, characters: Sequence[str], fontsize: float) -> None:
    """Writes the characters beside the rows and below the columns."""
    write_ticks(ax.xaxis, characters, fontsize)
    write_ticks(ax.yaxis, characters, fontsize)
    ax.tick_params(length=0)
    ax.set_xlabel("the character that follows")
    ax.set_ylabel("the character before")


@our_style()
def plot_smoothing(
    smoothings: Sequence[float], losses: Mapping[str, Sequence[float]], ax: Axes | None = None
) -> Axes:
    """Losses against the number added to every count, on a logarithmic axis, best ones marked.

    Infinite losses are left out.
    """
    ax = new_axes(ax)
    for name, values in losses.items():
        (line,) = ax.semilogx(smoothings, values, label=name)
        best = int(np.argmin(values))
        style = {"marker": line.get_marker(), "color": line.get_color(), "linestyle": ""}
        ax.plot(smoothings[best], values[best], markersize=12, **style)
    ax.set_xlabel("added to every count (large: the lowest point of its line)")
    ax.set_ylabel("average NLL (nats)")
    ax.grid(alpha=0.3)
    name_lines(ax)
    return ax
