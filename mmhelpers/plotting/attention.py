"""Figures of attention."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from torch import Tensor

from mmhelpers.data import BOUNDARY


def plot_attention(maps: Mapping[str, Tensor]) -> Axes:
    """The weights (n_head, T, T) of each name: a row of pictures a name, a column a head.

    Each picture has a row for the position that looks, and a column for the one looked at; the
    first position is the start token.  Returns the first axes.
    """
    n_head = len(next(iter(maps.values())))
    size = (2.3 * n_head, 2.4 * len(maps))
    _, grid = plt.subplots(len(maps), n_head, figsize=size, layout="constrained", squeeze=False)
    for axes, (name, weights) in zip(grid, maps.items(), strict=True):
        letters = [BOUNDARY, *name]
        for head, ax in enumerate(axes):
            image = ax.imshow(weights[head].detach().cpu().numpy(), cmap="Blues", vmin=0, vmax=1)
            ax.set_xticks(range(len(letters)), letters, fontsize=8)
            ax.set_yticks(range(len(letters)), letters, fontsize=8)
        axes[0].set_ylabel(name)
    for head, ax in enumerate(grid[0]):
        ax.set_title(f"head {head + 1}")
    grid[0, 0].figure.colorbar(image, ax=grid, shrink=0.6, label="weight")
    return grid[0, 0]
