"""The deep network of notebook 03 as a picture."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from mmhelpers.plotting.base import WIDTH, new_axes
from mmhelpers.plotting.style import BLUE, FAINT, ORANGE, PURPLE, SLATE, our_style

SLAB, GAP = 0.62, 0.8  # the height of a layer; the space between two blocks


@our_style()
def plot_stack(vocab_size: int, depth: int, n_hidden: int, n_embd: int = 10, context: int = 3):
    """`depth` blocks of Linear, BatchNorm and tanh, and the output layer, from left to right.

    What has parameters is coloured, with their shapes; on the arrows stand the shapes of what
    passes; B is the batch.  Returns the axes.
    """
    ax = new_axes(width=WIDTH, height=2.9)
    flat = context * n_embd
    _block(ax, 0, [(f"C\n({vocab_size}, {n_embd})", BLUE), ("side by side", FAINT)], "embedding")
    passing = [f"(B, {flat})"] + [f"(B, {n_hidden})"] * depth
    for i in range(depth + 1):
        fan_in, fan_out = flat if i == 0 else n_hidden, vocab_size if i == depth else n_hidden
        layers = [
            (f"Linear\n({fan_in}, {fan_out})", ORANGE),
            (f"BatchNorm\n2 x ({fan_out},)", PURPLE),
        ]
        layers += [("tanh", FAINT)] if i < depth else []
        _block(ax, i + 1, layers, f"hidden {i + 1}" if i < depth else "output")
        _arrow(ax, i, passing[i])
    _arrow(ax, depth + 1, f"logits\n(B, {vocab_size})")
    ax.set_xlim(-0.5, depth + 1.9)
    ax.set_ylim(-1.65, 1.3)
    ax.set_axis_off()
    return ax


def _block(ax: Axes, x: float, layers: list[tuple[str, str]], title: str) -> None:
    """A column of layers around (x, 0), what comes first on top."""
    top = len(layers) * SLAB / 2
    for i, (text, color) in enumerate(layers):
        low = top - (i + 1) * SLAB
        style = {"facecolor": color, "alpha": 0.45, "edgecolor": "black", "lw": 0.8}
        ax.add_patch(Rectangle((x - 0.38, low), 0.76, SLAB, **style))
        place = {"ha": "center", "va": "center", "fontsize": 7}
        ax.annotate(text, (x, low + SLAB / 2), **place)
    ax.annotate(title, (x, top + 0.12), ha="center", va="bottom", fontsize=8, fontweight="bold")


def _arrow(ax: Axes, x: float, text: str) -> None:
    """From the block at x to the next, with the shape of what passes below."""
    style = {"arrowstyle": "-|>", "color": SLATE, "lw": 1.5, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (x + 0.62, 0), (x + 0.38, 0), arrowprops=style)
    ax.annotate(text, (x + 0.5, -1.15), ha="center", va="top", fontsize=7, color=SLATE)
