"""Figures of embeddings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from mmhelpers.plotting.base import WIDTH, new_grid
from mmhelpers.plotting.style import BLUE, ORANGE, SLATE, our_style
from mmhelpers.plotting.tables import SHOWN, note_missing
from mmhelpers.plotting.text import write

LEAST = 11.0  # between two texts, or a text and a dot, in typographic points


@our_style()
def plot_embedding_moves(
    before: Tensor, after: Tensor, labels: Sequence[str], marked: str = "aeiou"
) -> Axes:
    """The rows of an embedding (V, 2) before and after training, side by side.

    On the right, on a scale of its own, an arrow leads to each row from where it was; the `marked`
    characters are orange.  Of more than 60 characters the 60 farthest out in the end are shown.
    """
    before, after, labels = before.detach().cpu(), after.detach().cpu(), list(labels)
    outermost = (after - after.mean(0)).norm(dim=1).argsort(descending=True)[:SHOWN].tolist()
    axes = new_grid(1, 2, WIDTH, 5.0, width_ratios=[1, 2])[0]
    names = [labels[i] for i in outermost]
    colors = [ORANGE if name in marked else BLUE for name in names]
    tails, ways = before[outermost].numpy(), (after - before)[outermost].numpy()
    arrows = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.002, "headwidth": 8}
    axes[1].quiver(*tails.T, *ways.T, color=SLATE, alpha=0.4, headlength=9, **arrows)
    for ax, C, title in zip(axes, (before, after), ("before", "after"), strict=True):
        points = C[outermost].numpy()
        _set_limits(ax, points)
        ax.scatter(*points.T, s=14, c=colors)
        for name, point, place in zip(names, points, _spread(ax, points), strict=True):
            style = {"ha": "center", "va": "center_baseline", "fontsize": 10, "clip_on": True}
            style["arrowprops"] = {"arrowstyle": "-", "linewidth": 0.5, "color": SLATE}
            style["arrowprops"] |= {"shrinkA": 5, "shrinkB": 2}
            write(ax.annotate("", point, place, textcoords="offset points", **style), name)
        ax.set_title(f"{title} training")
        ax.set_xlabel("first coordinate")
        ax.grid(alpha=0.3)
    axes[0].set_ylabel("second coordinate")
    note_missing(axes[1], len(labels), SHOWN, "outermost characters")
    return axes[0]


def _set_limits(ax: Axes, points: np.ndarray) -> None:
    """Axes that end a little outside of the points (N, 2)."""
    low, high = points.min(0), points.max(0)
    margin = 0.07 * np.maximum(high - low, 1e-3)
    ax.set_xlim(low[0] - margin[0], high[0] + margin[0])
    ax.set_ylim(low[1] - margin[1], high[1] + margin[1])


def _spread(ax: Axes, points: np.ndarray) -> np.ndarray:
    """Where to write beside the points (N, 2): for each an offset in typographic points, such
    that no text lies on another or on a dot."""
    span = np.ptp(ax.get_xlim()), np.ptp(ax.get_ylim())
    dots = points / span * ax.get_position().size * ax.figure.get_size_inches() * 72
    angles = np.arange(len(points))
    texts = dots + 8 * np.stack([0.1 * np.sin(angles), np.ones(len(points))], axis=1)
    for _ in range(100):
        gaps = texts[:, None] - np.concatenate([texts, dots])  # (N, 2N, 2)
        distances = np.linalg.norm(gaps, axis=2) + 1e-9
        push = np.clip(LEAST - distances, 0, None) / distances
        np.fill_diagonal(push, 0)
        texts = texts + 0.3 * (gaps * push[:, :, None]).sum(1)
    return texts - dots
