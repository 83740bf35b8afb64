"""The figure of the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from mmhelpers.plotting.base import new_axes
from mmhelpers.plotting.lines import name_lines
from mmhelpers.plotting.style import COLORS, SLATE, our_style


@our_style()
def plot_log(
    curves: Mapping[str, Sequence[tuple[int, float]]], window: int = 20, ax: Axes | None = None
) -> Axes:
    """Losses against steps, each a list of (step, loss).

    The one named "loss", of single minibatches, is faint, with its mean over the `window` points
    up to each; the others, of whole data sets, are dots on a line.
    """
    ax = new_axes(ax)
    colors = iter(COLORS)
    for name, points in curves.items():
        steps, losses = np.asarray(points, dtype=float).T
        if name != "loss":
            ax.plot(steps, losses, color=next(colors), markersize=3, label=name)
            continue
        style = {"color": SLATE, "linestyle": "-", "marker": ""}
        ax.plot(steps, losses, linewidth=0.5, alpha=0.5, label="minibatch", **style)
        ax.plot(steps, running_mean(losses, window), label=f"mean of {window}", **style)
    ax.set_xlabel("step")
    ax.set_ylabel("loss (nats)")
    ax.grid(alpha=0.3)
    name_lines(ax)
    return ax


def running_mean(values: np.ndarray, window: int) -> np.ndarray:
    """For each value the mean of it and of up to `window` - 1 before it."""
    return np.array([values[max(0, i - window + 1) : i + 1].mean() for i in range(len(values))])
