"""Figures of notebook 04: small backward passes in cells, pulls on logits, wrong gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from torch import Tensor

from mmhelpers.plotting.base import WIDTH, new_axes, new_grid
from mmhelpers.plotting.style import BLUE, FAINT, ORANGE, RED, SLATE, our_style
from mmhelpers.plotting.tables import SHOWN, commonest, note_missing
from mmhelpers.plotting.text import write, write_ticks
from mmhelpers.plotting.windows import bare, box

STRONGEST = "characters with the strongest gradient"


def _cells(ax: Axes, table: Tensor, left: float, color: str) -> float:
    """Draws a table (R, C) as squares from `left` on; gives where the next one may begin."""
    for i, row in enumerate(table.tolist()):
        for j, value in enumerate(row):
            box(ax, left + j, -i, f"{value:g}", color)
    return left + table.shape[1] + 1


@our_style()
def plot_broadcast_backward(column: Tensor, table: Tensor, dout: Tensor) -> Axes:
    """A column (R, 1) times a table (R, C), and the way back: copied forwards, summed backwards.

    `dout` (R, C) is the gradient of the product.  Returns the first axes.
    """
    R, C = table.shape
    axes = new_grid(2, 1, WIDTH, 0.62 * (2 * R + 3))[:, 0]
    copies, products = column.expand(R, C), dout * table
    rows = [
        ("forward: the column is copied across, so each of its numbers is used "
         f"{C} times", [column, copies, table, column * table], "→×="),
        ("backward: each number gets the gradients of all its copies, summed",
         [dout, table, products, products.sum(1, keepdim=True)], "×=→"),
    ]  # fmt: skip
    names = [["column", "copies", "table", "out"], ["dout", "table", "of each copy", "dcolumn"]]
    for ax, (title, tables, signs), said in zip(axes, rows, names, strict=True):
        left = 0.0
        for shown, name, sign in zip(tables, said, [*signs, ""], strict=True):
            color = ORANGE if name in ("column", "copies", "of each copy", "dcolumn") else FAINT
            width = shown.shape[1]
            ax.text(left + (width - 1) / 2, 0.75, name, ha="center", fontsize=9)
            left = _cells(ax, shown, left, color)
            ax.text(left - 0.5 - 0.25, -(R - 1) / 2, sign, ha="center", va="center", fontsize=14)
            left += 0.5
        ax.set_title(title, fontsize=10)
        ax.set(xlim=(-0.8, left), ylim=(-R + 0.3, 1.3))
        bare(ax)
    return axes[0]


@our_style()
def plot_scatter_add(indices: Sequence[int], dout: Tensor, count: int) -> Axes:
    """Rows of gradients (N, E) that go back to the rows of a table of `count` rows, and add up.

    Row k of `dout` belongs to the row `indices[k]` of the table.
    """
    N, E = dout.shape
    dtable = dout.new_zeros(count, E)
    ax = new_axes(width=WIDTH, height=0.55 * max(N, count) + 1.0)
    far, shift = E + 6.0, (N - count) / 2  # where the table stands
    for k, (index, row) in enumerate(zip(indices, dout, strict=True)):
        dtable[index] += row
        ax.text(-0.8, -k, f"row {index} of C", ha="right", va="center", fontsize=9)
        _cells_at(ax, row, 0, -k, BLUE if k % 2 else ORANGE)
        style = {"arrowstyle": "-|>", "color": BLUE if k % 2 else ORANGE, "lw": 1.5}
        ax.annotate("", (far - 0.6, -index - shift), (E - 0.4, -k), arrowprops=style)
    for i, row in enumerate(dtable):
        _cells_at(ax, row, far, -i - shift, FAINT)
        said = f"dC[{i}]: {list(indices).count(i)} arrived"
        ax.text(far + E, -i - shift, said, va="center", fontsize=9)
    ax.set_title("each row of demb is added to the row of dC that it was looked up in", fontsize=10)
    ax.set(xlim=(-3.5, far + E + 4), ylim=(-max(N, count + shift) + 0.3, 0.8))
    return bare(ax)


def _cells_at(ax: Axes, row: Tensor, left: float, y: float, color: str) -> None:
    """One row of numbers as squares."""
    for j, value in enumerate(row.tolist()):
        box(ax, left + j, y, f"{value:g}", color)


@our_style()
def plot_pulls(probs: Tensor, target: int, characters: Sequence[str]) -> Axes:
    """One example: the probabilities (V,), and below them where descent moves each logit.

    The target, in blue, is pulled up by 1 - p; every other character is pushed down by its p.
    Of more than 60 characters the 60 with the strongest gradient are shown.
    """
    pulls = -probs
    pulls[target] += 1
    kept = commonest(pulls.abs(), SHOWN)
    upper, lower = new_grid(2, 1, WIDTH, 5.0, sharex=True)[:, 0]
    colors = [BLUE if i == target else RED for i in kept]
    upper.bar(
        range(len(kept)), probs[kept].numpy(), color=[BLUE if i == target else SLATE for i in kept]
    )
    upper.set_ylabel("probability p")
    lower.bar(range(len(kept)), pulls[kept].numpy(), color=colors)
    lower.axhline(0, color="black", linewidth=0.8, linestyle="-", marker="")
    lower.set_ylabel("minus the gradient, × B")
    write_ticks(lower.xaxis, [characters[i] for i in kept], 9 if len(kept) < 32 else 7)
    note_missing(lower, len(characters), SHOWN, STRONGEST)
    lower.set_xlabel("")
    write(lower.xaxis.label, f"character (target, in blue: {characters[target]})")
    return upper


@our_style()
def plot_paired(differences: Mapping[str, Sequence[float]], label: str, control: str) -> Axes:
    """For each kind of run, how far each of its seeds is from the control of the same seed.

    A dot for each seed; the vertical line is the control.
    """
    ax = new_axes(height=0.45 * len(differences) + 1.3)
    for row, values in enumerate(differences.values()):
        ax.plot(values, [row] * len(values), "o", color=BLUE, markersize=7, alpha=0.8)
    ax.axvline(0, color=RED, linestyle="--", marker="", lw=1.2)
    ax.text(0, -0.75, f" {control}", color=RED, fontsize=9, va="center")
    write_ticks(ax.yaxis, list(differences), 9)
    ax.set_ylim(len(differences) - 0.5, -1.1)
    ax.set_xlabel(label)
    ax.grid(alpha=0.3, axis="x")
    return ax
