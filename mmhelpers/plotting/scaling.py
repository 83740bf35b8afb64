"""Figures of the scaling study of notebook 06."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MultipleLocator, NullLocator, StrMethodFormatter

from mmhelpers.plotting.base import legend_outside, new_axes

BESIDE = [(7, -4), (-22, 5), (7, -4), (-22, -13)]  # of a point, in turns, so that labels are apart


def plot_curves(
    runs: Mapping[str, Sequence[Sequence[float]]],
    ends: Mapping[str, float],
    xlabel: str = "step",
    ax: Axes | None = None,
) -> Axes:
    """Learning curves: for each label the mean over its runs, and a band from lowest to highest.

    A run is a sequence of losses, each the average over an equal part of the training, which
    ends at `ends[label]` on the horizontal axis.
    """
    ax = new_axes(ax)
    for label, curves in runs.items():
        losses = np.asarray(curves)  # (runs, parts)
        parts = losses.shape[1]
        x = (np.arange(parts) + 0.5) * ends[label] / parts
        (line,) = ax.plot(x, losses.mean(0), label=label, lw=1)
        ax.fill_between(x, losses.min(0), losses.max(0), color=line.get_color(), alpha=0.2, lw=0)
    ax.set_xlabel(xlabel)
    ax.set_ylabel("minibatch loss (nats)")
    ax.grid(alpha=0.3)
    legend_outside(ax)
    return ax


def plot_scaling(
    losses: Mapping[str, Sequence[float]],
    sizes: Mapping[str, Mapping[str, float]],
) -> Axes:
    """Mean losses with their standard deviations against each of `sizes`, side by side.

    `losses` holds the losses of every seed by label, `sizes` the label of a horizontal axis
    with the place of every label on it.  All axes are logarithmic.  Returns the first axes.
    """
    width = 4.5 * len(sizes)
    _, grid = plt.subplots(
        1, len(sizes), figsize=(width, 4), sharey=True, layout="constrained", squeeze=False
    )
    for ax, (xlabel, places) in zip(grid[0], sizes.items(), strict=True):
        beside = cycle(BESIDE)
        for label, values in losses.items():
            mean, sd = np.mean(values), np.std(values, ddof=1) if len(values) > 1 else 0
            ax.errorbar(places[label], mean, sd, fmt="o", capsize=4, markersize=4)
            ax.annotate(
                label, (places[label], mean), xytext=next(beside), textcoords="offset points"
            )
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.margins(x=0.15)
        ax.yaxis.set_major_locator(MultipleLocator(0.05))
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:.2f}"))
        ax.yaxis.set_minor_locator(NullLocator())
        ax.set_xlabel(xlabel)
        ax.grid(alpha=0.3, which="both")
    grid[0, 0].set_ylabel("dev loss (nats)")
    return grid[0, 0]
