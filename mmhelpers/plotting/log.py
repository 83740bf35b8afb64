"""The figure of the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean

from matplotlib.axes import Axes

from mmhelpers.plotting.base import legend_outside, new_axes


def plot_log(
    curves: Mapping[str, Sequence[tuple[int, float]]], window: int = 20, ax: Axes | None = None
) -> Axes:
    """Losses against steps, each a list of (step, loss).

    The one named "loss", of single minibatches, is faint, with its mean over `window` points;
    the others, of whole data sets, are dots on a line.
    """
    ax = new_axes(ax)
    for name, points in curves.items():
        steps, losses = zip(*points, strict=True)
        if name != "loss":
            ax.plot(steps, losses, "o-", markersize=3, label=name)
            continue
        ax.plot(steps, losses, color="lightsteelblue", linewidth=0.5, label="minibatch")
        means = [mean(losses[max(0, i - window + 1) : i + 1]) for i in range(len(losses))]
        ax.plot(steps, means, color="lightslategray", label=f"mean of {window}")
    ax.set_xlabel("step")
    ax.set_ylabel("loss (nats)")
    ax.grid(alpha=0.3)
    legend_outside(ax)
    return ax
