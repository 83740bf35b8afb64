"""Figures of notebook 03's study: losses against learning rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from mmhelpers.plotting.base import WIDTH, new_axes, new_grid
from mmhelpers.plotting.curves import means_of
from mmhelpers.plotting.lines import name_lines
from mmhelpers.plotting.style import FAINT, our_style

Losses = Sequence[float]  # one for each seed; infinite where there was none
Panel = Mapping[str, Mapping[float, Losses]]  # line, learning rate, losses
FAR = 1e3  # drawn for what is no number: a line that leaves the view


@our_style()
def plot_rates(
    grid: Sequence[Mapping[str, Panel]], top: float, bottom: float, ylabel: str = "dev loss (nats)"
) -> Axes:
    """Losses against learning rate: rows of panels, in each a line for each kind of network.

    Points are means over the seeds, bars one standard deviation, the ring is the lowest mean of
    its line.  Lines leave the view at `top`.  Returns the first axes.
    """
    axes = new_grid(len(grid), len(grid[0]), WIDTH, 2.7 * len(grid) + 0.6, sharex=True, sharey=True)
    for row, panels in zip(axes, grid, strict=True):
        for ax, (title, lines) in zip(row, panels.items(), strict=True):
            for label, losses in lines.items():
                _draw_line(ax, label, losses, top)
            ax.set_title(title, fontsize=10)
            ax.set_ylim(bottom, top)
            ax.grid(alpha=0.3)
    for ax in axes[-1]:
        ax.set_xlabel("learning rate")
    for ax in axes[:, 0]:
        ax.set_ylabel(ylabel)
    named = axes[0, 0].get_legend_handles_labels()
    axes[0, 0].figure.legend(*named, loc="outside lower center", ncols=4, fontsize=9)
    return axes[0, 0]


def _draw_line(ax: Axes, label: str, losses: Mapping[float, Losses], top: float) -> None:
    """Mean and standard deviation over the seeds at each rate, with a ring around the lowest."""
    values = np.array([[min(v, FAR) for v in seeds] for seeds in losses.values()])
    means = values.mean(1)
    spread = np.where(means < top, values.std(1, ddof=1), 0)  # no bar of a point out of view
    rates = list(losses)
    bars = ax.errorbar(rates, means, spread, label=label, markersize=4, lw=1.2, capsize=2)
    best = int(means.argmin())
    ring = {"markersize": 11, "markerfacecolor": "none", "color": bars[0].get_color()}
    ax.plot(rates[best], means[best], "o", label="_best", **ring)
    ax.set_xscale("log")


@our_style()
def plot_early(runs: Mapping[str, Sequence[float]], steps: int, ax: Axes | None = None) -> Axes:
    """The first `steps` minibatch losses of several runs: each point the mean of a hundredth."""
    ax = new_axes(ax)
    for name, losses in runs.items():
        shown = losses[:steps]
        ax.plot(shown, color=FAINT, lw=0.5, linestyle="-", marker="", label="_single")
        ax.plot(*means_of(shown, max(1, len(shown) // 100)), label=name, marker="", lw=2)
    ax.set_xlabel("step")
    ax.set_ylabel("minibatch loss (nats)")
    ax.set_ylim(bottom=0)
    ax.grid(alpha=0.3)
    name_lines(ax)
    return ax
