"""Figures of embeddings."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch
from torch import Tensor

from mmhelpers.plotting.base import WIDTH, new_axes, new_grid
from mmhelpers.plotting.style import BLUE, ORANGE, SLATE, our_style
from mmhelpers.plotting.tables import SHOWN, note_missing
from mmhelpers.plotting.text import write


@our_style()
def plot_embedding(C: Tensor, labels: Sequence[str], ax: Axes | None = None) -> Axes:
    """The rows of an embedding C (V, 2) as points in the plane, each with its character.

    Of more than 60 characters only the 60 farthest from the middle are written out; there they
    have room.
    """
    ax = new_axes(ax, height=7.0)
    C, labels = C.detach().cpu(), list(labels)
    V = len(labels)
    ax.scatter(*C.T.numpy(), s=220 if V <= SHOWN else 20, color=BLUE, alpha=0.35)
    outermost = (C - C.mean(0)).norm(dim=1).argsort(descending=True)[:SHOWN]
    for i in sorted(outermost.tolist()):
        place = {"ha": "center", "va": "center_baseline", "fontsize": 12 if V <= SHOWN else 8}
        write(ax.annotate("", C[i].tolist(), **place), labels[i])
    note_missing(ax, V, SHOWN, "outermost characters named")
    ax.set_xlabel("first coordinate")
    ax.set_ylabel("second coordinate")
    ax.grid(alpha=0.3)
    return ax


@our_style()
def plot_embedding_moves(
    before: Tensor, after: Tensor, labels: Sequence[str], marked: str = "aeiou"
) -> Axes:
    """The rows of an embedding (V, 2) before and after training, side by side.

    On the right, on a scale of its own, an arrow leads to each row from where it was; the `marked`
    characters are orange.  Of more than 60 characters the 60 farthest out in the end are shown.
    """
    before, after, labels = before.detach().cpu(), after.detach().cpu(), list(labels)
    outermost = (after - after.mean(0)).norm(dim=1).argsort(descending=True)[:SHOWN]
    axes = new_grid(1, 2, WIDTH, 5.0, width_ratios=[1, 2])[0]
    for ax, C, title in zip(axes, (before, after), ("before", "after"), strict=True):
        for i in outermost.tolist():
            color = ORANGE if labels[i] in marked else BLUE
            if ax is axes[1]:
                arrow = {"arrowstyle": "-|>", "color": SLATE, "alpha": 0.35, "lw": 0.8}
                ends = before[i].tolist(), after[i].tolist()
                ax.add_patch(FancyArrowPatch(*ends, mutation_scale=10, **arrow))
            ax.scatter(*C[i].tolist(), s=70, color=color, alpha=0.45)
            place = {"ha": "center", "va": "center_baseline", "fontsize": 9}
            write(ax.annotate("", C[i].tolist(), **place), labels[i])
        low, high = C[outermost].amin(0), C[outermost].amax(0)
        margin = 0.06 * (high - low).clamp(min=1e-3)
        ax.set_xlim(*(low - margin)[:1].tolist(), *(high + margin)[:1].tolist())
        ax.set_ylim(*(low - margin)[1:].tolist(), *(high + margin)[1:].tolist())
        ax.set_title(f"{title} training")
        ax.set_xlabel("first coordinate")
        ax.grid(alpha=0.3)
    axes[0].set_ylabel("second coordinate")
    note_missing(axes[1], len(labels), SHOWN, "outermost characters")
    return axes[0]
