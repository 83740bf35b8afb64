"""Figures over training steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from mmhelpers.plotting.base import legend_outside, new_axes


def plot_loss(
    runs: Mapping[str, Sequence[float]], window: int = 1000, ax: Axes | None = None
) -> Axes:
    """Minibatch losses against steps, each run averaged over windows of `window` steps."""
    ax = new_axes(ax)
    for label, losses in runs.items():
        size = min(window, max(1, len(losses) // 20))
        whole = len(losses) // size * size
        means = np.asarray(losses[:whole]).reshape(-1, size).mean(1)
        ax.plot((np.arange(len(means)) + 0.5) * size, means, label=label)
    ax.set_xlabel("step")
    ax.set_ylabel("minibatch loss (nats)")
    ax.grid(alpha=0.3)
    if len(runs) > 1:
        legend_outside(ax)
    return ax


def plot_lr_range(
    rates: Sequence[float],
    losses: Sequence[float],
    chosen: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Losses against the learning rates of a range test, both on logarithmic axes.

    Dots are single minibatches, the line averages over a twentieth of them; `chosen` is marked.
    """
    ax = new_axes(ax)
    ax.loglog(rates, losses, ".", color="lightsteelblue", markersize=3, label="a minibatch")
    size = max(1, len(losses) // 20)
    whole = len(losses) // size * size
    groups = np.stack([np.log(rates[:whole]), losses[:whole]]).reshape(2, -1, size).mean(2)
    ax.plot(np.exp(groups[0]), groups[1], color="darkblue", label=f"mean of {size}")
    if chosen:
        ax.axvline(chosen, color="firebrick", linestyle="--", label=f"chosen: {chosen:g}")
    ax.set_xlabel("learning rate")
    ax.set_ylabel("minibatch loss (nats)")
    ax.grid(alpha=0.3)
    legend_outside(ax)
    return ax
