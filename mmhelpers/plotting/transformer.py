"""The Transformer as a drawing: attention as a strip, the block, turned positions, a student."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Rectangle
from torch import Tensor

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
    our_style,
)
from mmhelpers.plotting.text import write

Place = tuple[float, float]


@our_style()
def plot_attention_strip(
    letters: Sequence[str], x: Tensor, q: Tensor, k: Tensor, v: Tensor, weights: Tensor
) -> Axes:
    """One head from left to right, with its numbers and shapes: x, queries and keys, weights, sum.

    x, q, k and v are (T, 2), `weights` (T, T), 0 where a position lies ahead.
    """
    ax, T = new_axes(width=WIDTH, height=5.2), len(letters)
    scores = (q @ k.T / q.shape[1] ** 0.5).masked_fill(weights == 0, -np.inf)
    apart = T + 2.2
    top = {"q": 2 * apart, "k": apart, "v": 0}
    middle = top["k"]  # what is not q or v stands beside k
    _table(ax, 0, middle, x, "x", "(T, C)", FAINT, letters)
    for name, table, color in (("q", q, BLUE), ("k", k, ORANGE), ("v", v, PURPLE)):
        high = top[name]
        _table(ax, 4.6, high, table, {"q": "Q", "k": "K", "v": "V"}[name], "(T, d)", color)
        _arrow(ax, (2.2, middle - T / 2), (4.4, high - T / 2), color)
        right, up = {"q": (2.7, 0.9), "k": (3.3, 0.3), "v": (2.7, 0.0)}[name]
        ax.text(right, (middle + high - T) / 2 + up, f"W$_{name}$", ha="center", fontsize=9)
    _table(ax, 9.4, middle, scores, "Q @ K.T / √d, masked", "(T, T)", FAINT)
    _table(ax, 15.6, middle, weights, "softmax of each row", "(T, T)", FAINT)
    _table(ax, 22, middle, weights @ v, "weights @ V", "(T, d)", PURPLE)
    for name in "qk":
        _arrow(ax, (6.8, top[name] - T / 2), (9.2, middle - T / 2), SLATE)
    _arrow(ax, (13.6, middle - T / 2), (15.4, middle - T / 2), SLATE)
    _arrow(ax, (19.8, middle - T / 2), (21.8, middle - T / 2), SLATE)
    ax.plot([6.8, 20.6, 20.6], [top["v"] - T / 2, top["v"] - T / 2, middle - T / 2 - 0.1], "-",
            color=PURPLE, marker="", lw=1.5)  # fmt: skip
    ax.set(xlim=(-1.2, 24.6), ylim=(top["v"] - T - 1, top["q"] + 1))
    ax.set_axis_off()
    return ax


def _table(
    ax: Axes,
    left: float,
    top: float,
    table: Tensor,
    title: str,
    shape: str,
    color: str,
    names: Sequence[str] = (),
) -> None:
    """A table of numbers whose upper left corner is given, its title above, its shape below."""
    for i, row in enumerate(table.tolist()):
        for j, value in enumerate(row):
            hidden = not np.isfinite(value)
            style = {"facecolor": "white" if hidden else color, "edgecolor": "white"}
            ax.add_patch(Rectangle((left + j, top - i - 1), 1, 1, alpha=0.45, **style))
            small = f"{value:.2f}".lstrip("0") if value < 1 else f"{value:.1f}"
            shown = "−∞" if hidden else small if value % 1 else f"{value:.0f}"
            place = (left + j + 0.5, top - i - 0.5)
            ax.text(*place, shown, ha="center", va="center", fontsize=7)
    for i, name in enumerate(names):
        write(ax.text(left - 0.3, top - i - 0.5, "", ha="right", va="center", fontsize=9), name)
    middle = left + table.shape[1] / 2
    ax.text(middle, top + 0.2, title, ha="center", fontsize=8, fontweight="bold")
    below = top - len(table) - 0.15
    ax.text(middle, below, shape, ha="center", va="top", fontsize=8, color=SLATE)


def _arrow(ax: Axes, start: Place, end: Place, color: str) -> None:
    style = {"arrowstyle": "-|>", "color": color, "lw": 1.5, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=style)


@our_style()
def plot_blocks(n_embd: int, modern: bool = False) -> Axes:
    """The block of a Transformer on its residual stream; with `modern`, today's below GPT-2's.

    What has parameters is coloured, with their shapes.
    """
    C, H = n_embd, 4 * -(-2 * n_embd // 3)
    rows = {
        "GPT-2": [
            (f"LayerNorm\n2 × ({C},)", f"attention\n({C}, {3 * C}) ({C}, {C})"),
            (f"LayerNorm\n2 × ({C},)", f"Linear, GELU, Linear\n({C}, {4 * C}) ({4 * C}, {C})"),
        ],
        "today": [
            (f"RMSNorm\n({C},)", f"attention, turned\n({C}, {3 * C}) ({C}, {C})"),
            (f"RMSNorm\n({C},)", f"Linear, SwiGLU, Linear\n({C}, {2 * H}) ({H}, {C})"),
        ],
    }
    shown = list(rows)[: 1 + modern]
    axes = new_grid(len(shown), 1, WIDTH, 2.5 * len(shown))[:, 0]
    for ax, name in zip(axes, shown, strict=True):
        _draw_block(ax, rows[name], C, name if modern else "")
    return axes[0]


def _draw_block(ax: Axes, branches: Sequence[tuple[str, str]], C: int, title: str) -> None:
    """The stream as a thick line, above it what reads from it and adds to it."""
    _stream(ax, (0, 0), (15.4, 0))
    for x, (norm, body), color in zip((1, 8), branches, (ORANGE, PURPLE), strict=True):
        _box(ax, (x + 1.2, 1.7), 1.9, norm, KHAKI)
        _box(ax, (x + 4.1, 1.7), 2.9, body, color)
        _arrow(ax, (x, 0), (x + 0.6, 1.2), SLATE)
        _arrow(ax, (x + 2.15, 1.7), (x + 2.65, 1.7), SLATE)
        _arrow(ax, (x + 5.4, 1.2), (x + 6, 0.3), SLATE)
        circle = {"boxstyle": "circle,pad=0.15", "facecolor": "white", "edgecolor": BLUE}
        place = {"ha": "center", "va": "center", "fontsize": 12}
        ax.annotate("+", (x + 6.05, 0), bbox=circle, **place)
    ax.text(0, -0.35, f"x (B, T, {C})", ha="left", va="top", fontsize=9)
    ax.text(4, -0.35, "what the positions tell one another", ha="center", va="top", fontsize=8)
    ax.text(11, -0.35, "each position on its own", ha="center", va="top", fontsize=8)
    ax.text(15.4, -0.35, "to the next", ha="right", va="top", fontsize=9)
    ax.set_title(title, loc="left", fontsize=10)
    ax.set(xlim=(-0.2, 15.6), ylim=(-1, 2.6))
    ax.set_axis_off()


def _stream(ax: Axes, start: Place, end: Place) -> None:
    style = {"arrowstyle": "-|>", "color": BLUE, "lw": 4, "mutation_scale": 18}
    ax.annotate("", end, start, arrowprops={**style, "shrinkA": 0, "shrinkB": 0})


def _box(ax: Axes, middle: Place, width: float, text: str, color: str, height: float = 1) -> None:
    corner = (middle[0] - width / 2, middle[1] - height / 2)
    style = {"facecolor": color, "alpha": 0.45, "edgecolor": "black", "lw": 0.8}
    ax.add_patch(Rectangle(corner, width, height, **style))
    ax.annotate(text, middle, ha="center", va="center", fontsize=7.5)


@our_style()
def plot_dials(turns: Tensor) -> Axes:
    """Where the angles (T, pairs) turn the pairs of a head: a dial for each pair."""
    pairs = min(4, turns.shape[1])
    grid = new_grid(1, pairs, WIDTH, WIDTH / pairs + 0.5, square=True)[0]
    for i, ax in enumerate(grid):
        ax.add_patch(Circle((0, 0), 1, facecolor="none", edgecolor=FAINT, lw=1.5))
        for position, angle in enumerate(turns[:, i].tolist()):
            x, y = np.cos(angle), np.sin(angle)
            ax.plot([0, x], [0, y], "-", color=BLUE, marker="", lw=1)
            if turns[1, i] > 0.2 or position in (0, len(turns) - 1):  # else they would overlap
                ax.text(1.17 * x, 1.17 * y, position, ha="center", va="center", fontsize=8)
        ax.set(xlim=(-1.35, 1.35), ylim=(-1.35, 1.35), aspect="equal")
        ax.set_title(f"pair {i}: {float(turns[1, i]):.2f} rad a position", fontsize=9)
        ax.set_axis_off()
    return grid[0]


@our_style()
def plot_bars(panels: Mapping[str, Sequence[float]]) -> Axes:
    """A few numbers as bars, before and after something: a panel each, on one scale."""
    grid = new_grid(1, len(panels), WIDTH, 2.4, sharey=True)[0]
    for ax, (title, values) in zip(grid, panels.items(), strict=True):
        ax.bar(range(len(values)), values, color=BLUE, width=0.7)
        ax.axhline(0, color=SLATE, lw=1, linestyle="-", marker="")
        ax.set_title(title, fontsize=10)
        ax.set_xticks([])
        ax.grid(axis="y", alpha=0.3)
    return grid[0]


@our_style()
def plot_ladder(losses: Mapping[str, float], marks: Mapping[str, float]) -> Axes:
    """One dot for each step of a construction, the first on top; `marks` are lines to beat."""
    ax = new_axes(height=0.34 * len(losses) + 1.1)
    places = range(len(losses))
    ax.plot(list(losses.values()), places, "-", color=BLUE, marker="o")
    for place, loss in zip(places, losses.values(), strict=True):
        ground = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # over lines that pass
        note = {"textcoords": "offset points", "va": "center", "fontsize": 9, "bbox": ground}
        ax.annotate(f"{loss:.3f}", (loss, place), (9, 0), **note)
    ax.set_yticks(places, list(losses))
    ax.invert_yaxis()
    for row, (label, loss) in enumerate(marks.items()):
        color = (RED, PURPLE)[row % 2]
        ax.axvline(loss, color=color, linestyle=("--", ":")[row % 2], lw=1.5, marker="")
        place = {"textcoords": "offset points", "fontsize": 9, "color": color, "va": "center"}
        write(ax.annotate("", (loss, len(losses) - 1.5 - row), (8, 0), **place), label)
    ax.margins(x=0.12)
    ax.set_xlabel("dev loss (nats)")
    ax.grid(axis="x", alpha=0.3)
    return ax


@our_style()
def plot_student() -> Axes:
    """Who teaches whom: network and table make names and targets, from which a student learns."""
    ax = new_axes(width=WIDTH, height=3.2)
    boxes = {
        "Transformer": ((1.6, 3.4), ORANGE), "table of counts": ((1.6, 1.8), KHAKI),
        "teacher:\nprobabilities\nof both, mixed": ((5.2, 2.6), PURPLE),
        "made-up names": ((9, 3.9), FAINT),
        "a whole distribution\nat each position": ((9, 2.3), FAINT),
        "real names,\nthe letter that follows": ((9, 0.7), FAINT), "student": ((13.4, 2.3), BLUE),
    }  # fmt: skip
    for text, (place, color) in boxes.items():
        _box(ax, place, 2.7 if place[0] != 9 else 3.1, text, color, 1.1)
    for start, end in (
        ((2.95, 3.4), (3.85, 2.9)), ((2.95, 1.8), (3.85, 2.3)), ((6.55, 2.5), (7.45, 2.3)),
        ((10.55, 3.9), (12.05, 2.7)), ((10.55, 2.3), (12.05, 2.3)), ((10.55, 0.7), (12.05, 1.9)),
    ):  # fmt: skip
        _arrow(ax, start, end, SLATE)
    _arrow(ax, (9, 3.4), (9, 2.85), SLATE)
    ax.plot([1.6, 1.6, 7.3], [3.95, 4.35, 4.35], "-", color=BROWN, marker="", lw=1.5)
    _arrow(ax, (7.3, 4.35), (7.45, 4.2), BROWN)
    ax.annotate("samples", (4.4, 4.4), ha="center", fontsize=8, color=BROWN)
    ax.set(xlim=(0, 15), ylim=(0, 4.8))
    ax.set_axis_off()
    return ax
