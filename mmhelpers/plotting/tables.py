"""Figures of tables of characters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from mmhelpers.plotting.base import legend_outside, new_axes


def plot_pair_counts(counts: Tensor, characters: Sequence[str], ax: Axes | None = None) -> Axes:
    """The counts (V, V) of pairs as a heatmap with each pair and its count written in its cell.

    The colour grows with the square root of the count, so that rare pairs can be told apart.
    """
    size = 0.55 * len(characters)
    ax = ax or new_axes(width=size, height=size)
    shades = np.sqrt(counts.cpu().numpy())
    ax.imshow(shades, cmap="Blues")
    for (row, column), shade in np.ndenumerate(shades):
        color = "white" if shade > 0.5 * shades.max() else "black"
        style = {"ha": "center", "fontsize": 7, "color": color}
        pair = characters[row] + characters[column]
        ax.text(column, row - 0.08, pair, va="bottom", **style)
        ax.text(column, row + 0.08, int(counts[row, column]), va="top", **style)
    _label(ax, characters)
    return ax


def plot_tables(tables: Mapping[str, Tensor], characters: Sequence[str], top: float = 0.4) -> Axes:
    """Tables of probabilities (V, V) side by side, two in a row, on one scale from 0 to `top`.

    Returns the first axes.
    """
    rows = -(-len(tables) // 2)
    columns = min(len(tables), 2)
    size = (5.6 * columns, 5.4 * rows)
    _, grid = plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False)
    for ax in grid.flat[len(tables) :]:
        ax.remove()
    axes = grid.flat[: len(tables)]
    for ax, (title, table) in zip(axes, tables.items(), strict=True):
        image = ax.imshow(table.detach().cpu(), cmap="Blues", vmin=0, vmax=top)
        ax.set_title(title)
        _label(ax, characters)
    axes[0].figure.colorbar(image, ax=grid, shrink=0.7, extend="max", label="probability")
    return axes[0]


def _label(ax: Axes, characters: Sequence[str]) -> None:
    """Writes the characters beside the rows and below the columns."""
    places = range(len(characters))
    ax.set_xticks(places, characters, fontsize=8)
    ax.set_yticks(places, characters, fontsize=8)
    ax.set_xlabel("the character that follows")
    ax.set_ylabel("the character before")


def plot_smoothing(
    smoothings: Sequence[float], losses: Mapping[str, Sequence[float]], ax: Axes | None = None
) -> Axes:
    """Losses against the number added to every count, on a logarithmic axis, best ones marked.

    Infinite losses are left out.
    """
    ax = new_axes(ax)
    for label, values in losses.items():
        (line,) = ax.semilogx(smoothings, values, ".-", label=label)
        best = int(np.argmin(values))
        ax.plot(smoothings[best], values[best], "o", markersize=10, color=line.get_color())
    ax.set_xlabel("added to every count")
    ax.set_ylabel("average NLL (nats)")
    ax.grid(alpha=0.3)
    legend_outside(ax)
    return ax
