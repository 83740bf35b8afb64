"""Figures of attention."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from torch import Tensor

from mmhelpers.data import BOUNDARY
from mmhelpers.plotting.base import WIDTH, new_grid
from mmhelpers.plotting.style import SEQUENTIAL, our_style
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
