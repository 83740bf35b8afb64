"""Figures of notebook 02: the sliding window, the storage of a tensor, the network."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import ConnectionPatch, Rectangle
from torch import Tensor

from mmhelpers.plotting.base import WIDTH, new_axes, new_grid
from mmhelpers.plotting.style import BLUE, FAINT, ORANGE, PURPLE, SLATE, our_style
from mmhelpers.plotting.text import write

SHADES = [BLUE, ORANGE]  # of one example and the next
HEIGHT = 6.0  # of the tallest column of numbers in the picture of the network


def box(ax: Axes, x: float, y: float, text: str, color: str = "white", alpha: float = 0.35) -> None:
    """A unit square around (x, y) with a text in it."""
    square = {"facecolor": color, "alpha": alpha, "edgecolor": "none"}
    ax.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, **square))
    ax.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, edgecolor=SLATE, lw=0.8))
    write(ax.annotate("", (x, y), ha="center", va="center_baseline", fontsize=11), text)


@our_style()
def plot_windows(word: str, block_size: int = 3) -> Axes:
    """The window of `block_size` characters at each of its places over a word, one a row.

    Dots stand before the word, and one behind it; blue is the context, orange the target.
    """
    text = "." * block_size + word + "."
    rows = len(word) + 1
    ax = new_axes(width=WIDTH, height=0.4 * rows + 0.9)
    for row in range(rows):
        for place, char in enumerate(text):
            color = BLUE if row <= place < row + block_size else "white"
            color = ORANGE if place == row + block_size else color
            box(ax, place, -1.25 * row, char, color)
        example = f"{text[row : row + block_size]}  →  {text[row + block_size]}"
        at = (len(text), -1.25 * row)
        write(ax.annotate("", at, va="center_baseline", fontsize=11), example)
    ax.set_xlim(-1, len(text) + 2.5)
    ax.set_ylim(-1.25 * (rows - 1) - 0.8, 0.8)
    ax.set_title("blue: the context (a row of X) · orange: the target (an entry of Y)", fontsize=10)
    return bare(ax)


def bare(ax: Axes) -> Axes:
    """The axes without their frame, squares square."""
    ax.set_aspect("equal")
    ax.set_axis_off()
    return ax


@our_style()
def plot_storage(views: Sequence[Tensor]) -> Axes:
    """The storage that the views share, and below it each view as it reads it.

    Colours tell the rows of the first axis; a view has two or three axes.  Raises ValueError
    where the views don't share their storage.
    """
    if len({view.data_ptr() for view in views}) > 1:
        raise ValueError("the tensors lie in different places: these are no views of one storage")
    axes = new_grid(1 + len(views), 1, WIDTH, 1.0 + 1.9 * len(views), height_ratios=[1, 2, 2])[:, 0]
    numbers = views[0].flatten().tolist()
    per_row = len(numbers) // len(views[0])
    for place, number in enumerate(numbers):
        box(axes[0], place, 0, f"{number:g}", SHADES[place // per_row % 2])
    axes[0].set_title("storage: what lies in memory, one number after the other", fontsize=10)
    for ax, view in zip(axes[1:], views, strict=True):
        _draw_view(ax, view)
        shape, stride = tuple(view.shape), tuple(view.stride())
        ax.set_title(f"shape {shape}, stride {stride}", fontsize=10)
    for ax in axes:
        ax.set_xlim(-1, len(numbers))
        ax.set_ylim(-1 if ax is axes[0] else -3, 0.8)
        bare(ax)
    return axes[0]


def _draw_view(ax: Axes, view: Tensor) -> None:
    """A table for each entry of the first of three axes, side by side; of two, one table."""
    tables = view if view.ndim == 3 else view[None]
    left = 0.0
    for i, table in enumerate(tables):
        for row, values in enumerate(table.tolist()):
            for column, number in enumerate(values):
                color = SHADES[(i if view.ndim == 3 else row) % 2]
                box(ax, left + column, -row, f"{number:g}", color)
        left += table.shape[1] + 1.5


@our_style()
def plot_mlp(vocab_size: int, block_size: int, n_embd: int, n_hidden: int) -> Axes:
    """The MLP from left to right: what it computes as columns, its parameters on the arrows.

    Each parameter has a colour, its shape and its number of entries; B is the batch.
    """
    ax = new_axes(width=WIDTH, height=4.6)
    flat = block_size * n_embd
    columns = [
        ("X", f"(B, {block_size})", block_size, "context"),
        ("emb", f"(B, {block_size}, {n_embd})", block_size, "embedding"),
        ("emb.view", f"(B, {flat})", flat, "side by side"),
        ("h", f"(B, {n_hidden})", n_hidden, "tanh"),
        ("logits", f"(B, {vocab_size})", vocab_size, "for each character"),
    ]
    most = max(size for _, _, size, _ in columns)
    heights = [1.5 + (HEIGHT - 1.5) * (size / most) ** 0.5 for _, _, size, _ in columns]
    arrows = [
        ("C", f"({vocab_size}, {n_embd})", vocab_size * n_embd, BLUE),
        ("view", "no parameter", 0, SLATE),
        ("W1, b1", f"({flat}, {n_hidden}), ({n_hidden},)", (flat + 1) * n_hidden, ORANGE),
        ("W2, b2", f"({n_hidden}, {vocab_size}), ({vocab_size},)", (n_hidden + 1) * vocab_size,
         PURPLE),
    ]  # fmt: skip
    for x, ((name, shape, _, what), height) in enumerate(zip(columns, heights, strict=True)):
        _draw_column(ax, x, height, block_size if x < 3 else 1, BLUE if x in (1, 2) else FAINT)
        ax.annotate(f"{name}\n{shape}", (x, -height / 2 - 0.25), ha="center", va="top", fontsize=9)
        ax.annotate(what, (x, height / 2 + 0.15), ha="center", va="bottom", fontsize=9)
    for x, (arrow, (left, right)) in enumerate(zip(arrows, pairwise(heights), strict=True)):
        _draw_arrow(ax, x, arrow, left, right, fan=x > 1)
    ax.set_xlim(-0.45, len(columns) - 0.45)
    ax.set_ylim(-HEIGHT / 2 - 1.4, HEIGHT / 2 + 1.7)
    ax.set_axis_off()
    return ax


def _draw_column(ax: Axes, x: float, height: float, parts: int, color: str) -> None:
    """A column of numbers around (x, 0), cut into equal parts."""
    for part in range(parts):
        low = -height / 2 + part * height / parts
        style = {"facecolor": color, "alpha": 0.5, "edgecolor": "black", "lw": 0.8}
        ax.add_patch(Rectangle((x - 0.11, low), 0.22, height / parts, **style))


def _draw_arrow(
    ax: Axes, x: float, arrow: tuple[str, str, int, str], left: float, right: float, fan: bool
) -> None:
    """From one column to the next: every part to every part as a fan, else straight across."""
    name, shape, count, color = arrow
    if fan:
        for start in np.linspace(-left / 2, left / 2, 7):
            for end in np.linspace(-right / 2, right / 2, 7):
                ends = (x + 0.12, start), (x + 0.88, end)
                ax.add_patch(ConnectionPatch(*ends, "data", color=color, lw=0.4, alpha=0.5))
    else:
        style = {"arrowstyle": "-|>", "color": color, "lw": 1.5}
        ax.annotate("", (x + 0.88, 0), (x + 0.12, 0), arrowprops=style)
    said = f"{name}\n{shape.replace('), (', ')' + chr(10) + '(')}"
    said += f"\n{count:,} numbers" if count else ""
    frame = {"facecolor": color, "alpha": 0.25, "edgecolor": "none", "pad": 2}
    place = {"ha": "center", "va": "top", "fontsize": 8, "bbox": frame}
    ax.annotate(said, (x + 0.5, HEIGHT / 2 + 1.6), **place)
