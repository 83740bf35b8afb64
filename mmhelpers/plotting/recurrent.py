"""Names as rows of boxes, and recurrent nets: unrolled, and the steps of GRU and LSTM."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from mmhelpers.plotting.base import WIDTH, new_axes, new_grid
from mmhelpers.plotting.style import BLUE, BROWN, FAINT, ORANGE, PURPLE, SLATE, our_style
from mmhelpers.plotting.windows import bare, box

Point = tuple[float, float]


@our_style()
def plot_rows(words: Sequence[str], length: int) -> Axes:
    """A batch of names three times: padded to `length`, trimmed to its longest name, packed.

    A blue box is an input with a target, a hatched one is padding; below the packed names stands
    how many of them each step still has to read.
    """
    longest = max(map(len, words)) + 1
    by_length = sorted(words, key=len, reverse=True)
    panels = [("padded", words, length), ("trimmed", words, longest), ("packed", by_length, 0)]
    ratios = [length + 1, longest + 1, longest + 1]
    axes = new_grid(1, 3, WIDTH, 0.35 * len(words) + 1.1, width_ratios=ratios)[0]
    for ax, (title, rows, width) in zip(axes, panels, strict=True):
        for y, word in enumerate(rows):
            for x in range(max(width, len(word) + 1)):
                _cell(ax, x, -y, ("." + word)[x : x + 1])
        counted = sum(len(word) + 1 for word in rows)
        boxes = width * len(rows) or counted
        ax.set_title(f"{title}\n{counted} of {boxes} boxes count", fontsize=10)
        ax.set_xlim(-0.7, max(width, longest) - 0.3)
        ax.set_ylim(-len(words) - 0.2, 0.7)
        bare(ax)
    for x in range(longest):
        alive = sum(len(word) >= x for word in words)
        axes[2].annotate(f"{alive}", (x, -len(words)), ha="center", va="center", fontsize=9)
    return axes[0]


def _cell(ax: Axes, x: float, y: float, char: str) -> None:
    """A box with a character, or a hatched one where there is none."""
    if char:
        box(ax, x, y, char, BLUE)
    else:
        style = {"facecolor": "white", "edgecolor": FAINT, "hatch": "////", "lw": 0.8}
        ax.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, **style))


@our_style()
def plot_unrolled(word: str, vocab_size: int, n_embd: int, n_hidden: int) -> Axes:
    """A recurrent net over a name: the same cell at every position, its state handed on.

    Below the inputs, above the targets; arrows of one colour use the same parameters, which
    stand with their shapes to the right; B is the batch.
    """
    inputs, targets = "." + word, word + "."
    T = len(inputs)
    ax = new_axes(width=WIDTH, height=4.6)
    box(ax, -1.6, 3.2, "h", FAINT)
    ax.annotate("first\nstate", (-1.6, 2.5), ha="center", va="top", fontsize=9)
    for t in range(T):
        x = 1.6 * t
        box(ax, x, 0, inputs[t], FAINT)
        box(ax, x, 6.4, targets[t], ORANGE, alpha=0.2)
        block(ax, x, 3.2, 1.0, 0.9, "cell", PURPLE)
        arrow(ax, (x, 0.55), (x, 1.25), BLUE)
        ax.plot(x, 1.45, marker="s", color=BLUE, markersize=7)
        arrow(ax, (x, 1.65), (x, 2.7), ORANGE)
        arrow(ax, (x - 1.05, 3.2), (x - 0.52, 3.2), PURPLE)
        arrow(ax, (x, 3.7), (x, 4.6), BROWN)
        ax.plot(x, 4.8, marker="s", color=BROWN, markersize=7)
        arrow(ax, (x, 5.85), (x, 5.0), SLATE, "--")
    said = [
        (6.4, "targets (B, T), −1 where there is none", "white"),
        (5.4, "loss: softmax, −log", "white"),
        (4.8, f"logits (B, T, {vocab_size})", "white"),
        (4.15, f"head ({n_hidden}, {vocab_size})", BROWN),
        (3.2, f"U ({n_hidden}, {n_hidden}): h (B, {n_hidden}) to the next h", PURPLE),
        (2.2, f"W ({n_embd}, {n_hidden}), b", ORANGE),
        (1.45, f"(B, T, {n_embd})", "white"),
        (0.9, f"embedding ({vocab_size}, {n_embd})", BLUE),
        (0, "inputs (B, T)", "white"),
    ]
    for y, text, color in said:
        frame = {"facecolor": color, "alpha": 0.25, "edgecolor": "none", "pad": 1.5}
        ax.annotate(text, (1.6 * T - 0.6, y), va="center", fontsize=9, bbox=frame)
    ax.set_xlim(-2.3, 1.6 * T + 5.2)
    ax.set_ylim(-0.7, 7)
    return bare(ax)


@our_style()
def plot_gru(n_in: int, n_hidden: int) -> Axes:
    """The GRU's step: the state's way along the top, with z that mixes n into it.

    To the right, z as a knob: the new value of one unit whose old one is 0.8 and whose n is -0.5.
    """
    grid = new_grid(1, 2, WIDTH, 3.4, width_ratios=[2.6, 1])[0]
    shapes = _shapes(n_in, n_hidden)
    said = [
        "into z and r: x W + h U + b; into n: x W + b + r · (h U + c)",
        f"each with its own {shapes}; and c ({n_hidden},)",
    ]
    ax = _bus(grid[0], n_in, n_hidden, [1.9, 4.2, 7.0], said)
    _way(ax, 3.6, "old h", f"new h\n(B, {n_hidden})", [1.9, 7.0])
    block(ax, 1.9, 0.8, 1.9, 0.8, "z = σ( … )", ORANGE)
    block(ax, 4.2, 0.8, 1.9, 0.8, "r = σ( … )", ORANGE)
    block(ax, 7.0, 0.8, 2.2, 0.8, "n = tanh( … )", PURPLE)
    arrow(ax, (1.9, 1.2), (1.9, 3.3), ORANGE, text="z")
    arrow(ax, (5.15, 0.8), (5.9, 0.8), ORANGE, text="r")
    arrow(ax, (2.6, 1.22), (6.65, 2.3), ORANGE, text="1 − z")
    arrow(ax, (7.0, 1.2), (7.0, 2.1), PURPLE)
    arrow(ax, (7.0, 2.7), (7.0, 3.3), PURPLE)
    for x, y, operation in ((1.9, 3.6, "×"), (7.0, 2.4, "×"), (7.0, 3.6, "+")):
        sign(ax, x, y, operation)
    _draw_knob(grid[1], 0.8, -0.5)
    return ax


def _draw_knob(ax: Axes, old: float, new: float) -> None:
    """For three settings of z where between `new` and `old` the unit ends."""
    for y, z in enumerate((0.0, 0.5, 0.9)):
        mixed = z * old + (1 - z) * new
        ax.plot([new, old], [y, y], "-", color=FAINT, lw=4, marker="", solid_capstyle="round")
        ax.plot(mixed, y, linestyle="", marker="o", markersize=11, color=ORANGE)
        ax.annotate(f"z = {z}: {mixed:.2f}", (0.15, y + 0.3), ha="center", fontsize=9)
    ax.annotate(f"n = {new}", (new, -0.35), ha="center", va="top", fontsize=9)
    ax.annotate(f"old h = {old}", (old, -0.35), ha="center", va="top", fontsize=9)
    ax.set_xlim(new - 0.5, old + 0.5)
    ax.set_ylim(-0.9, 2.8)
    ax.set_axis_off()


@our_style()
def plot_lstm(n_in: int, n_hidden: int) -> Axes:
    """The LSTM's step: the memory c along the top, what is shown of it, h, below."""
    said = [f"into each box: x W + h U + b, of its own {_shapes(n_in, n_hidden)}"]
    ax = _bus(new_axes(width=WIDTH, height=3.9), n_in, n_hidden, [1.9, 3.9, 5.9, 8.0], said)
    shape = f"(B, {n_hidden})"
    _way(ax, 4.3, "old c", f"new c\n{shape}", [1.9, 4.9])
    for x, name in ((1.9, "f = σ( … )"), (3.9, "i = σ( … )"), (8.0, "o = σ( … )")):
        block(ax, x, 0.8, 1.6, 0.8, name, ORANGE)
    block(ax, 5.9, 0.8, 1.75, 0.8, "g = tanh( … )", PURPLE)
    arrow(ax, (1.9, 1.2), (1.9, 4.0), ORANGE, text="f: keep")
    arrow(ax, (3.9, 1.2), (4.7, 2.35), ORANGE, text="i: write")
    arrow(ax, (5.9, 1.2), (5.1, 2.35), PURPLE)
    arrow(ax, (4.9, 2.9), (4.9, 4.0), PURPLE)
    arrow(ax, (8.0, 1.2), (8.0, 1.95), ORANGE, text="o: show")
    arrow(ax, (8.0, 4.3), (8.0, 3.6), BLUE)
    block(ax, 8.0, 3.25, 0.9, 0.6, "tanh", FAINT)
    arrow(ax, (8.0, 2.95), (8.0, 2.55), BLUE)
    arrow(ax, (8.3, 2.25), (9.5, 2.25), SLATE)
    ax.annotate(f"new h\n{shape}", (9.6, 2.25), va="center", fontsize=9)
    for x, y, operation in ((1.9, 4.3, "×"), (4.9, 4.3, "+"), (4.9, 2.6, "×"), (8.0, 2.25, "×")):
        sign(ax, x, y, operation)
    return ax


def _shapes(n_in: int, n_hidden: int) -> str:
    """The weights of a box, with their shapes."""
    return f"W ({n_in}, {n_hidden}), U ({n_hidden}, {n_hidden}), b ({n_hidden},)"


def _bus(ax: Axes, n_in: int, n_hidden: int, takers: Sequence[float], said: Sequence[str]) -> Axes:
    """The axes with a line along the bottom that carries x and h to the boxes at these places.

    Below the line stands what the boxes make of them.
    """
    text = f"x (B, {n_in})\nold h (B, {n_hidden})"
    ax.annotate(text, (0.1, -0.5), ha="right", va="center", fontsize=9)
    ax.plot([0.2, max(takers)], [-0.5, -0.5], "-", color=SLATE, lw=1.5, marker="")
    for x in takers:
        arrow(ax, (x, -0.5), (x, 0.4), SLATE)
    ax.annotate("\n".join(said), (0.2, -0.7), va="top", fontsize=8, color=SLATE)
    ax.set_xlim(-1.6, 10.9)
    ax.set_ylim(-0.85 - 0.35 * len(said), 4.9)
    ax.set_axis_off()
    return ax


def _way(ax: Axes, y: float, old: str, new: str, stops: Sequence[float]) -> None:
    """The state's way from left to right, with its stops."""
    ax.annotate(old, (0.1, y), ha="right", va="center", fontsize=9)
    starts, ends = [0.2, *(x + 0.3 for x in stops)], [*(x - 0.3 for x in stops), 9.5]
    for start, end in zip(starts, ends, strict=True):
        arrow(ax, (start, y), (end, y), BLUE, lw=3.5)
    ax.annotate(new, (9.6, y), va="center", fontsize=9)


def block(ax: Axes, x: float, y: float, w: float, h: float, text: str, color: str) -> None:
    """A box around (x, y)."""
    style = {"boxstyle": "round,pad=0,rounding_size=0.12", "edgecolor": SLATE, "lw": 0.8}
    patch = FancyBboxPatch((x - w / 2, y - h / 2), w, h, facecolor=color, alpha=0.35, **style)
    ax.add_patch(patch)
    ax.annotate(text, (x, y), ha="center", va="center", fontsize=9)


def sign(ax: Axes, x: float, y: float, operation: str) -> None:
    """A circle with an operation in it."""
    frame = {"boxstyle": "circle,pad=0.15", "facecolor": "white", "edgecolor": SLATE}
    ax.annotate(operation, (x, y), ha="center", va="center", fontsize=12, bbox=frame)


def arrow(
    ax: Axes,
    start: Point,
    end: Point,
    color: str,
    style: str = "-",
    text: str = "",
    lw: float = 1.6,
) -> None:
    """An arrow, with a text beside its middle."""
    shape = {"arrowstyle": "-|>", "mutation_scale": 9 + 2 * lw, "shrinkA": 0, "shrinkB": 0}
    ax.add_patch(FancyArrowPatch(start, end, color=color, lw=lw, linestyle=style, **shape))
    if text:
        middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
        frame = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
        ax.annotate(text, middle, ha="center", va="center", fontsize=9, bbox=frame)
