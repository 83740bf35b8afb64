"""Figures of what BatchNorm does with positions: which numbers it averages, and what it keeps."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from torch import Tensor

from mmhelpers.plotting.base import WIDTH, new_grid
from mmhelpers.plotting.style import COLORS, SIGNED, our_style
from mmhelpers.plotting.windows import bare, box


@our_style()
def plot_averaged(x: Tensor) -> Axes:
    """A small x (B, T, C) twice: numbers that share a colour are averaged into one mean.

    Above over dimension 0, as BatchNorm does that knows no positions; below over dimensions 0
    and 1.  Up to eight columns T * C have colours of their own.
    """
    B, T, C = x.shape
    axes = new_grid(2, 1, WIDTH, 0.5 * (2 * B + 8))[:, 0]
    starts = [t * (C + 1.4) for t in range(T)]  # of the slabs
    for ax, dims in zip(axes, (0, (0, 1)), strict=True):
        means = x.mean(dims, keepdim=True)  # (1, T, C) or (1, 1, C)
        for t, start in enumerate(starts):
            ax.annotate(f"position {t + 1}", (start + (C - 1) / 2, 0.75), ha="center", fontsize=9)
            for c in range(C):
                color = COLORS[(c if dims else t * C + c) % len(COLORS)]
                for b in range(B):
                    box(ax, start + c, -b, f"{x[b, t, c]:g}", color)
        middle = (starts[-1] - C + 1) / 2 + (C - 1) / 2  # where the means of all positions stand
        _draw_means(ax, means, [middle] if dims else starts, starts, -B - 1.4)
        for b in range(B):
            ax.annotate(f"example {b + 1}", (-0.8, -b), ha="right", va="center", fontsize=9)
        ax.annotate("mean", (-0.8, -B - 1.4), ha="right", va="center", fontsize=9)
        count = x.numel() // means.numel()
        title = f"over dimension{'s' * bool(dims)} {dims}: {means.numel()} means"
        ax.set_title(f"{title}, each of {count} numbers, shape {tuple(means.shape)}", fontsize=10)
        ax.set_xlim(-3.4, starts[-1] + C)
        ax.set_ylim(-B - 2.1, 1.3)
        bare(ax)
    return axes[0]


def _draw_means(
    ax: Axes, means: Tensor, places: list[float], starts: list[float], height: float
) -> None:
    """The means (1, P, C) in boxes that begin at P places, joined to the columns above them."""
    for p, place in enumerate(places):
        for c, mean in enumerate(means[0, p].tolist()):
            color = COLORS[(c if len(places) == 1 else p * len(means[0, p]) + c) % len(COLORS)]
            box(ax, place + c, height, f"{mean:.3g}", color)
            for start in starts if len(places) == 1 else [place]:
                ends = [start + c, place + c], [height + 1.8, height + 0.5]
                ax.plot(*ends, color=color, linestyle="-", marker="", lw=1.5, zorder=0)


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
        ax.set_title(label, fontsize=10)
    axes[-1].set_xlabel("unit")
    axes[0].figure.colorbar(image, ax=axes, label="running mean")
    return axes[0]
