"""Figures of the architectures of notebook 05: the tree, and the convolutions it is made of."""

from __future__ import annotations

from matplotlib.axes import Axes

from mmhelpers.plotting.base import WIDTH, new_axes, new_grid
from mmhelpers.plotting.style import (
    BLUE,
    BROWN,
    FAINT,
    KHAKI,
    ORANGE,
    PURPLE,
    RED,
    SLATE,
    TANGERINE,
    our_style,
)
from mmhelpers.plotting.windows import bare, box

RISE = 1.55  # from one level of the tree to the next
UNITS = [ORANGE, PURPLE, RED, TANGERINE, KHAKI]  # of the weights of level 1, 2, …


@our_style()
def plot_tree(context: str, n_embd: int, n_hidden: int, vocab_size: int) -> Axes:
    """The tree over one window, from the characters below to the logits above; B is the batch.

    A dot is a vector, and stands over the middle of what it was made of; on the arrows stand the
    numbers of channels, beside each level its shapes and its parameters, in the level's colour.
    The length of `context` is a power of two.
    """
    T, levels = len(context), len(context).bit_length() - 1
    top = RISE * levels
    ax = new_axes(width=WIDTH, height=WIDTH * (top + RISE + 3.1) / (T + 7.2))
    for place, char in enumerate(context):
        box(ax, place, -1.9, char, FAINT)
        _arrow(ax, (place, -1.35), (place, 0), BLUE, "")
    places, width = [float(i) for i in range(T)], n_embd
    _say(ax, T, -0.9, f"Embedding ({vocab_size}, {n_embd}): a row each", BLUE)
    _say(ax, T, 0, f"(B, {T}, {n_embd})")
    _dots(ax, places, 0, BLUE)
    for level in range(1, levels + 1):
        color, low = UNITS[(level - 1) % len(UNITS)], RISE * (level - 1)
        places = _join(ax, places, low, color, width)
        shape = f"{len(places)}, " if len(places) > 1 else ""
        _say(ax, T, low + 0.5, f"pairs side by side: (B, {shape}{2 * width})", color)
        _say(ax, T, low + 0.98, f"Linear ({2 * width}, {n_hidden}), BatchNorm, tanh", color)
        _say(ax, T, low + RISE, f"(B, {shape}{n_hidden})")
        width = n_hidden
    _arrow(ax, (places[0], top), (places[0], top + RISE), BROWN, f"{n_hidden}")
    _say(ax, T, top + 0.75, f"Linear ({n_hidden}, {vocab_size})", BROWN)
    _say(ax, T, top + RISE, f"logits: (B, {vocab_size})")
    ax.set_xlim(-0.8, T + 6.4)
    ax.set_ylim(-2.6, top + RISE + 0.5)
    return bare(ax)


def _join(ax: Axes, places: list[float], low: float, color: str, width: int) -> list[float]:
    """Arrows from the dots at a height up to one dot for every two; gives where these stand."""
    above = [(left + right) / 2 for left, right in zip(places[::2], places[1::2], strict=True)]
    for i, place in enumerate(places):
        _arrow(ax, (place, low), (above[i // 2], low + RISE), color, f"{width}")
    _dots(ax, above, low + RISE, color)
    return above


def _dots(ax: Axes, places: list[float], height: float, color: str) -> None:
    """A row of dots."""
    style = {"linestyle": "", "marker": "o", "markersize": 10, "color": color, "zorder": 3}
    ax.plot(places, [height] * len(places), **style)


def _arrow(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], color: str, text: str
) -> None:
    """An arrow up to a dot, and a text at its middle."""
    arrow = {"arrowstyle": "-|>", "color": color, "lw": 1.6, "shrinkA": 5, "shrinkB": 6}
    ax.annotate("", end, start, arrowprops=arrow)
    frame = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    if text:
        ax.annotate(text, middle, ha="center", va="center", fontsize=8, bbox=frame)


def _say(ax: Axes, T: int, height: float, text: str, color: str = "white") -> None:
    """A line of text to the right of the tree, bold where it is on white."""
    frame = {"facecolor": color, "alpha": 0.25, "edgecolor": "none", "pad": 1.5}
    weight = "bold" if color == "white" else "normal"
    place = {"va": "center", "fontsize": 9, "fontweight": weight, "bbox": frame}
    ax.annotate(text, (T + 0.1, height), **place)


@our_style()
def plot_convolution(block_size: int) -> Axes:
    """The tree over one window, and the convolutions over the same positions, side by side.

    Red are the joins that lead to the last output, in both.  Every join stands over the later of
    the two that it is made of; hollow squares are what stands before the first position.
    """
    left, right = new_grid(1, 2, WIDTH, 3.9, sharey=True, width_ratios=[1, 1.5])[0]
    levels = block_size.bit_length() - 1
    for ax, title, every in ((left, "the tree: one window", False),
                             (right, "convolutions: all windows at once", True)):  # fmt: skip
        needed = {block_size - 1}
        for level in range(levels, 0, -1):
            _draw_level(ax, level, needed, block_size, every)
            needed |= {i - 2 ** (level - 1) for i in needed}
        ax.plot(range(block_size), [0] * block_size, color="black", linestyle="", marker="o")
        ax.set_title(title, fontsize=10)
        ax.set_xlabel("position")
        ax.set_xticks(range(block_size), range(1, block_size + 1))
        dilations = [f"level {i}\ndilation {2 ** (i - 1)}" for i in range(1, levels + 1)]
        ax.set_yticks(range(levels + 1), ["characters", *dilations])
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
    return left


def _draw_level(ax: Axes, level: int, needed: set[int], block_size: int, every: bool) -> None:
    """The dots of a level and their lines down; all of them or only the needed ones."""
    reach = 2 ** (level - 1)
    for i in range(block_size):
        if i not in needed and not every:
            continue
        style = {"color": RED, "lw": 2} if i in needed else {"color": FAINT, "lw": 1.2}
        order = 2 if i in needed else 1
        for below in (i, i - reach):
            if below < 0:
                square = {"marker": "s", "markerfacecolor": "white", "markeredgecolor": SLATE}
                ax.plot(below, level - 1, linestyle="", zorder=3, **square)
            ax.plot([i, below], [level, level - 1], linestyle="-", marker="", zorder=order, **style)
        ax.plot(i, level, marker="o", color=style["color"], zorder=order + 1)
