"""Figures that put losses side by side: as they are and averaged, one run and another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from mmhelpers.plotting.base import HEIGHT, WIDTH, new_axes, new_grid
from mmhelpers.plotting.curves import means_of
from mmhelpers.plotting.lines import legend_outside, mark, name_lines
from mmhelpers.plotting.style import PURPLE, SLATE, our_style


@our_style()
def plot_raw_and_mean(losses: Sequence[float], window: int, change: int) -> Axes:
    """The losses of a run as they are, and the means of windows of `window` steps beside them.

    The learning rate falls at step `change`, which is marked on the right.
    """
    raw, mean = new_grid(1, 2, WIDTH, 3.3)[0]
    raw.plot(losses, linestyle="-", marker="", lw=0.6)
    raw.set_title("every step", fontsize=10)
    mean.plot(*means_of(losses, window), markersize=3)
    mean.set_title(f"means of {window:,} steps", fontsize=10)
    mark(mean, "the rate falls", x=change)
    raw.set_ylabel("minibatch loss (nats)")
    for ax in (raw, mean):
        ax.set_xlabel("step")
        ax.locator_params(axis="x", nbins=5)
        ax.grid(alpha=0.3)
    return raw


@our_style()
def plot_two_runs(runs: Mapping[str, Sequence[float]], window: int, change: int) -> Axes:
    """Two runs on the same minibatches: their means above, the first minus the second below.

    The learning rate falls at step `change`.
    """
    (name, losses), (other, others) = runs.items()
    above, below = new_grid(2, 1, WIDTH, 4.6, sharex=True, height_ratios=[1.3, 1])[:, 0]
    for label, values in runs.items():
        above.plot(*means_of(values, window), label=label, marker="")
    above.set_ylabel(f"loss (nats),\nmean of {window:,}")
    name_lines(above)
    differences = np.subtract(losses, others)
    below.plot(*means_of(differences, window), color=PURPLE, linestyle="-", markersize=3)
    below.axhline(0, color=SLATE, lw=1, linestyle="-", marker="")
    below.set_ylabel(f"{name}\nminus {other}")
    below.set_xlabel("step")
    for ax, label in ((above, "the rate falls"), (below, "")):
        mark(ax, label, x=change)
        ax.grid(alpha=0.3)
    return above


@our_style()
def plot_dev_curves(
    curves: Mapping[str, Mapping[float, float]],
    xlabel: str = "step",
    ylabel: str = "dev loss (nats)",
) -> Axes:
    """Dev losses against the steps at which they were taken, a line for each run.

    Lines that end apart are named in a legend: a label at an end would lie on other lines.
    """
    ax = new_axes(height=0.9 * HEIGHT)
    for label, curve in curves.items():
        every = max(1, len(curve) // 16)
        ax.plot(list(curve), list(curve.values()), label=label, markevery=every)
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.grid(alpha=0.3)
    end_together = len({max(curve, default=0) for curve in curves.values()}) == 1
    (name_lines if end_together else legend_outside)(ax)
    return ax
