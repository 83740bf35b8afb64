"""Figures of the tree of notebook 05."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from torch import Tensor

from mmhelpers.plotting.base import WIDTH, new_grid
from mmhelpers.plotting.style import RED, SIGNED, our_style


@our_style()
def plot_tree(block_size: int) -> Axes:
    """The tree over one window, and the convolutions over the same characters, side by side.

    Bold are the lines that lead to the last output.  `block_size` is a power of two.
    """
    left, right = new_grid(1, 2, WIDTH, 3.4, sharey=True)[0]
    levels = block_size.bit_length() - 1
    for ax, title, every in ((left, "tree: one window", 0), (right, "convolution: all windows", 1)):
        needed = {block_size - 1}
        for level in range(levels, 0, -1):
            _draw_level(ax, level, needed, block_size, bool(every))
            needed |= {i - 2 ** (level - 1) for i in needed}
        ax.plot(range(block_size), [0] * block_size, "o", color="black")
        ax.set_title(title)
        ax.set_xlabel("position in the window")
        ax.set_xticks(range(block_size), range(1, block_size + 1))
        ax.set_yticks(range(levels + 1), ["characters", *(f"level {i + 1}" for i in range(levels))])
        ax.spines[:].set_visible(False)
    return left


def _draw_level(ax: Axes, level: int, needed: set[int], block_size: int, every: bool) -> None:
    """The dots of a level and their lines down; all of them or only the needed ones."""
    reach = 2 ** (level - 1)
    for i in range(block_size):
        if i not in needed and not every:
            continue
        style = {"color": RED, "lw": 2} if i in needed else {"color": "lightgrey", "lw": 1}
        order = 2 if i in needed else 1
        for below in (i, i - reach):
            if below >= 0:
                ax.plot([i, below], [level, level - 1], "-", zorder=order, **style)
        ax.plot(i, level, "o", color=style["color"], zorder=order + 1)


@our_style()
def plot_position_means(means: Mapping[str, Tensor]) -> Axes:
    """Running means (T, C) of BatchNorm layers as pictures, one below the other, one scale.

    Blue is above 0, red below.
    """
    axes = new_grid(len(means), 1, WIDTH, 1.3 * len(means) + 0.8, sharex=True)[:, 0]
    limit = max(float(m.abs().max()) for m in means.values()) or 1.0
    for ax, (label, m) in zip(axes, means.items(), strict=True):
        image = ax.imshow(
            m.detach().cpu().numpy(), cmap=SIGNED, vmin=-limit, vmax=limit, aspect="auto"
        )
        ax.set_yticks(range(len(m)), [f"pair {i + 1}" for i in range(len(m))])
        ax.set_title(label)
    axes[-1].set_xlabel("unit")
    axes[0].figure.colorbar(image, ax=axes, label="running mean")
    return axes[0]
