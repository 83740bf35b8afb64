"""Figures of attention: who looks at whom, and where positions lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

from mmhelpers.data import BOUNDARY
from mmhelpers.plotting.base import WIDTH, new_grid
from mmhelpers.plotting.style import FAINT, SEQUENTIAL, SIGNED, SLATE, our_style
from mmhelpers.plotting.text import write, write_ticks

BESIDE = 2  # pictures side by side: large enough to read
LETTERS = 40  # of a name at most


@our_style()
def plot_attention(maps: Mapping[str, Tensor]) -> Axes:
    """The weights (n_head, T, T) of each name as pictures, a head each, two side by side.

    Each picture has a row for the position that looks, and a column for the one looked at; the
    first position is the start token.  Of a longer name the first 40 positions are shown.
    Returns the first axes.
    """
    n_head = len(next(iter(maps.values())))
    rows = -(-n_head // BESIDE)  # of each name
    columns = min(BESIDE, n_head)
    size = (WIDTH * columns / BESIDE, 4.1 * rows * len(maps) + 0.6)
    grid = new_grid(rows * len(maps), columns, *size, square=True)
    drawn = []
    for i, (name, weights) in enumerate(maps.items()):
        axes = grid[rows * i : rows * (i + 1)].flat
        letters = [BOUNDARY, *name][:LETTERS]
        for head, ax in enumerate(axes[:n_head]):
            shown = weights[head, :LETTERS, :LETTERS].detach().cpu().numpy()
            image = ax.imshow(shown, cmap=SEQUENTIAL, vmin=0, vmax=1)
            write_ticks(ax.xaxis, letters, 10 if len(letters) < 16 else 6)
            write_ticks(ax.yaxis, letters, 10 if len(letters) < 16 else 6)
            ax.set_title(f"head {head + 1}")
            drawn.append(ax)
        for ax in axes[n_head:]:
            ax.remove()
        ax = axes[0]
        ax.set_ylabel("")
        write(ax.yaxis.label, name if len(name) < LETTERS else f"{name[: LETTERS - 1]}…")
    bar = {"orientation": "horizontal", "aspect": 40, "label": "weight"}
    grid[0, 0].figure.colorbar(image, ax=drawn, **bar)
    return grid[0, 0]


@our_style()
def plot_weights(panels: Mapping[str, Tensor], letters: Sequence[str]) -> Axes:
    """Small tables (T, T) side by side, a number in each cell, darker for more; −∞ is hatched.

    A row for the position that takes, a column for the one that gives.  Returns the first axes.
    """
    T = len(letters)
    grid = new_grid(1, len(panels), WIDTH, WIDTH / len(panels) + 0.5)[0]
    for ax, (title, table) in zip(grid, panels.items(), strict=True):
        values = table.detach().cpu().numpy()
        shown = np.where(np.isfinite(values), values, 0)
        # Lighter than the map can be, so that black numbers stay readable.
        ax.imshow(shown, cmap=SEQUENTIAL, vmin=0, vmax=1.8 * max(1, shown.max()))
        for (row, column), value in np.ndenumerate(values):
            if np.isfinite(value):
                text = f"{value:.2f}" if value % 1 else f"{value:.0f}"
                ax.text(column, row, text, ha="center", va="center", fontsize=9)
            else:
                corner = (column - 0.5, row - 0.5)
                style = {"facecolor": FAINT, "edgecolor": SLATE, "hatch": "///", "lw": 0}
                ax.add_patch(Rectangle(corner, 1, 1, **style))
                box = {"facecolor": FAINT, "edgecolor": "none", "pad": 1}
                ax.text(column, row, "−∞", ha="center", va="center", fontsize=9, bbox=box)
        ax.set_xticks(np.arange(-0.5, T), minor=True)
        ax.set_yticks(np.arange(-0.5, T), minor=True)
        ax.grid(which="minor", color="white", linewidth=1.5)
        ax.tick_params(which="both", length=0)
        write_ticks(ax.xaxis, letters, 10)
        write_ticks(ax.yaxis, letters, 10)
        ax.set_title(title, fontsize=10)
    return grid[0]


@our_style()
def plot_position_vectors(weight: Tensor) -> Axes:
    """Learnt positions (T, C): the vectors themselves, and how alike each two of them are.

    Alike is the cosine of the angle between them.  Of more than 40 positions the first 40 are
    shown.  Returns the first axes.
    """
    weight = weight[:LETTERS].detach().cpu()
    left, right = new_grid(1, 2, WIDTH, 3.9, width_ratios=[1.25, 1])[0]
    high = float(weight.abs().max())
    image = left.imshow(weight.numpy(), cmap=SIGNED, vmin=-high, vmax=high, aspect="auto")
    left.set_title("a vector for each position", fontsize=10)
    left.set_xlabel("number in the vector")
    left.set_ylabel("position")
    bar = {"orientation": "horizontal", "aspect": 25}
    left.figure.colorbar(image, ax=left, label="value", **bar)
    unit = weight / weight.norm(dim=1, keepdim=True).clamp(min=1e-9)
    image = right.imshow((unit @ unit.T).numpy(), cmap=SIGNED, vmin=-1, vmax=1)
    right.set_title("how alike two of them are", fontsize=10)
    right.set_xlabel("position")
    right.figure.colorbar(image, ax=right, label="cosine", **bar)
    return left
