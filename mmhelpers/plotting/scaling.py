"""Figures of the scaling study of notebook 06."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean, stdev

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import (
    EngFormatter,
    LogLocator,
    MultipleLocator,
    NullLocator,
    StrMethodFormatter,
)

from mmhelpers.plotting.base import WIDTH, new_axes, new_grid
from mmhelpers.plotting.lines import EVERY, label_lines_at_end, name_lines
from mmhelpers.plotting.style import our_style

BEGINNING = 20  # a curve's first part of so many sets no limit


@our_style()
def plot_curves(
    runs: Mapping[str, Sequence[Sequence[float]]],
    ends: Mapping[str, float],
    xlabel: str = "step",
    ax: Axes | None = None,
) -> Axes:
    """Learning curves: for each label the mean over its runs, and a band from lowest to highest.

    A run is a sequence of losses, each the average over an equal part of the training, which
    ends at `ends[label]` on the horizontal axis.  The steep fall of the first twentieth is cut
    off at the top.
    """
    ax = new_axes(ax)
    late = []
    for label, curves in runs.items():
        losses = np.asarray(curves)  # (runs, parts)
        parts = losses.shape[1]
        x = (np.arange(parts) + 0.5) * ends[label] / parts
        (line,) = ax.plot(x, losses.mean(0), label=label, lw=1.2, markevery=EVERY)
        ax.fill_between(x, losses.min(0), losses.max(0), color=line.get_color(), alpha=0.2, lw=0)
        late.append(losses[:, parts // BEGINNING :])
    low, high = min(map(np.nanmin, late)), max(map(np.nanmax, late))
    if low < high:
        ax.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
    if max(map(len, runs.values())) > 1:
        which = f"line: mean of {_seeds(runs.values())}; band: from the lowest to the highest"
        ax.set_title(which, fontsize=9, loc="left")
    ax.set_xlabel(xlabel)
    ax.set_ylabel("minibatch loss (nats)")
    ax.grid(alpha=0.3)
    name_lines(ax)
    return ax


@our_style()
def plot_scaling(
    losses: Mapping[str, Sequence[float]],
    sizes: Mapping[str, Mapping[str, float]],
) -> Axes:
    """Mean losses with their standard deviations against each of `sizes`, side by side.

    `losses` holds the losses of every seed by label, `sizes` the label of a horizontal axis
    with the place of every label on it.  All axes are logarithmic.  Returns the first axes.
    """
    grid = new_grid(1, len(sizes), max(WIDTH, 4.0 * len(sizes)), 4.4, sharey=True)
    for ax, (xlabel, places) in zip(grid[0], sizes.items(), strict=True):
        for label, values in losses.items():
            sd = stdev(values) if len(values) > 1 else 0
            bar = ax.errorbar(places[label], mean(values), sd, capsize=4, linestyle="")
            bar.lines[0].set_label(label)
        log_scales(ax)
        ax.set_xlabel(xlabel)
        label_lines_at_end(ax)
    grid[0, 0].set_ylabel("dev loss (nats)")
    if max(map(len, losses.values())) > 1:
        which = f"mean of {_seeds(losses.values())}; bars: ± their standard deviation"
        grid[0, 0].set_title(which, fontsize=9, loc="left")
    return grid[0, 0]


def log_scales(ax: Axes) -> None:
    """Both axes logarithmic, with plain numbers: 20k, 50k, 100k and 2.00, 2.05, 2.10."""
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.margins(x=0.15)
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter(EngFormatter(sep=""))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_locator(MultipleLocator(0.05))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:.2f}"))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.grid(alpha=0.3)


def _seeds(groups: Iterable[Sequence]) -> str:
    """How many runs there are of each: "3 runs", or "1 to 3 runs"."""
    numbers = sorted(set(map(len, groups)))
    return f"{' to '.join(map(str, {numbers[0]: 0, numbers[-1]: 0}))} runs"
