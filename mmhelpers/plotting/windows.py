"""Figures of notebook 02: the sliding window, the storage of a tensor, the network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle
from torch import Tensor

from mmhelpers.plotting.base import WIDTH, new_axes, new_grid
from mmhelpers.plotting.style import BLUE, FAINT, ORANGE, PURPLE, SLATE, our_style
from mmhelpers.plotting.text import label, write

SHADES = [BLUE, ORANGE]  # of one example and the next
AXES = ["table", "row", "column"]
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
    heights = [1, *(view.shape[-2] for view in views)]
    size = WIDTH, 0.5 * sum(heights) + 0.4 * len(heights)
    axes = new_grid(1 + len(views), 1, *size, height_ratios=heights)[:, 0]
    numbers = views[0].flatten().tolist()
    per_row = len(numbers) // len(views[0])
    for place, number in enumerate(numbers):
        box(axes[0], place, 0, f"{number:g}", SHADES[place // per_row % 2])
    axes[0].set_title("storage: what lies in memory, one number after the other", fontsize=10)
    for ax, view in zip(axes[1:], views, strict=True):
        _draw_view(ax, view)
        shape, stride = tuple(view.shape), tuple(view.stride())
        pairs = zip(AXES[-view.ndim :], stride, strict=True)
        steps = ", ".join(f"next {axis} {places} on" for axis, places in pairs)
        ax.set_title(f"shape {shape}, stride {stride}: {steps}", fontsize=10)
    for ax, rows in zip(axes, heights, strict=True):
        ax.set_xlim(-2, len(numbers) + 1)
        ax.set_ylim(-rows + 0.3, 0.7)
        bare(ax)
    return axes[0]


def _draw_view(ax: Axes, view: Tensor) -> None:
    """A table for each entry of the first of three axes, side by side; of two, one table."""
    tables = view if view.ndim == 3 else view[None]
    left = (view.numel() - len(tables) * (tables.shape[2] + 1.5) + 1.5) / 2
    for i, table in enumerate(tables):
        for row, values in enumerate(table.tolist()):
            for column, number in enumerate(values):
                color = SHADES[(i if view.ndim == 3 else row) % 2]
                box(ax, left + column, -row, f"{number:g}", color)
        left += table.shape[1] + 1.5


@our_style()
def plot_mlp(vocab_size: int, context: str, n_embd: int, n_hidden: int) -> Axes:
    """The MLP from left to right on a context: what it computes as columns, between them its
    parameters, each with its colour, its shape and its number of entries; B is the batch.
    """
    ax, T = new_axes(width=WIDTH, height=4.4), len(context)
    flat, apart = T * n_embd, HEIGHT / (T + 1)
    columns = [
        ("X", f"(B, {T})", "the context"),
        ("emb", f"(B, {T}, {n_embd})", f"{n_embd} numbers each"),
        ("emb.view", f"(B, {flat})", "side by side"),
        ("h", f"(B, {n_hidden})", "after tanh"),
        ("logits", f"(B, {vocab_size})", "one per character"),
    ]
    for x, lines in enumerate(columns):
        place = {"ha": "center", "va": "top", "fontsize": 9}
        ax.annotate("\n".join(lines), (x, -HEIGHT / 2 - 0.3), **place)
    heights = [apart * (T - 1) / 2 - i * apart for i in range(T)]  # of the characters
    for y, char in zip(heights, context, strict=True):
        _draw_column(ax, 0, 0.7 * apart, 1, FAINT, y)
        style = {"ha": "center", "va": "center_baseline"}
        style["fontsize"] = 11 if len(label(char)) == 1 else 6  # a code point is longer
        write(ax.annotate("", (0, y), **style), char)
        _draw_column(ax, 1, 0.7 * apart, 1, BLUE, y)
        for x, color in ((0, BLUE), (1, SLATE)):
            style = {"arrowstyle": "-|>", "color": color, "lw": 1.5}
            ax.annotate("", (x + 0.86, y * (1 - 0.2 * x)), (x + 0.14, y), arrowprops=style)
    _draw_column(ax, 2, 0.8 * apart * T, T, BLUE)
    _draw_column(ax, 3, HEIGHT, 1, ORANGE)
    _draw_column(ax, 4, 0.75 * HEIGHT, 1, PURPLE)
    _draw_fan(ax, 2, 0.8 * apart * T, HEIGHT, ORANGE)
    _draw_fan(ax, 3, HEIGHT, 0.75 * HEIGHT, PURPLE)
    _name_parameters(ax, vocab_size, T, n_embd, n_hidden)
    ax.set_xlim(-0.45, len(columns) - 0.45)
    ax.set_ylim(-HEIGHT / 2 - 1.7, HEIGHT / 2 + 2.0)
    ax.set_axis_off()
    return ax


def _draw_column(
    ax: Axes, x: float, height: float, parts: int, color: str, middle: float = 0.0
) -> None:
    """A column of numbers around (x, middle), cut into equal parts."""
    for part in range(parts):
        low = middle - height / 2 + part * height / parts
        style = {"facecolor": color, "alpha": 0.5, "edgecolor": "black", "lw": 0.8}
        ax.add_patch(Rectangle((x - 0.11, low), 0.22, height / parts, **style))


def _draw_fan(ax: Axes, x: float, left: float, right: float, color: str) -> None:
    """Lines from every part of a column to every part of the next."""
    starts, ends = (np.linspace(-height / 2, height / 2, 7) for height in (left, right))
    lines = [((x + 0.12, start), (x + 0.88, end)) for start in starts for end in ends]
    ax.add_collection(LineCollection(lines, color=color, lw=0.4, alpha=0.5))


def _name_parameters(ax: Axes, vocab_size: int, T: int, n_embd: int, n_hidden: int) -> None:
    """What stands over each gap: the parameters that lead across it, and how many numbers."""
    flat = T * n_embd
    W1, W2 = f"({flat}, {n_hidden})\n({n_hidden},)", f"({n_hidden}, {vocab_size})\n({vocab_size},)"
    said = [
        (f"C, the same {T} times\n({vocab_size}, {n_embd})", vocab_size * n_embd, BLUE),
        ("view\nno parameter", 0, SLATE),
        (f"W1, b1\n{W1}", (flat + 1) * n_hidden, ORANGE),
        (f"W2, b2\n{W2}", (n_hidden + 1) * vocab_size, PURPLE),
    ]
    for x, (text, count, color) in enumerate(said):
        frame = {"facecolor": color, "alpha": 0.25, "edgecolor": "none", "pad": 2}
        text += f"\n{count:,} numbers" if count else ""
        at = (x + 0.5, HEIGHT / 2 + 0.3)
        ax.annotate(text, at, ha="center", va="bottom", fontsize=8, bbox=frame)
