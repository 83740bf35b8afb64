"""Learning curves of many runs, and logarithmic axes with plain numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import (
    EngFormatter,
    LogLocator,
    MultipleLocator,
    NullLocator,
    StrMethodFormatter,
)

from mmhelpers.plotting.base import new_axes
from mmhelpers.plotting.lines import EVERY, name_lines
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
