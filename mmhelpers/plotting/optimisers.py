"""Figures of optimisers: paths on a ravine, averages that start at 0, learning-rate schedules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from mmhelpers.plotting.base import WIDTH, new_axes, new_grid
from mmhelpers.plotting.lines import name_lines
from mmhelpers.plotting.style import BLUE, ORDERED, RED, our_style


@our_style()
def plot_paths(
    paths: Mapping[str, Sequence[tuple[float, float]]],
    height: Callable[[np.ndarray, np.ndarray], np.ndarray],
    limits: tuple[float, float, float, float],
) -> Axes:
    """Paths over the contours of a function of two numbers, side by side, two in a row.

    `height` takes arrays x and y; `limits` are left, right, bottom and top.  Every path starts at
    the ring and ends at the dot; the cross is the lowest point of the grid.
    """
    rows = -(-len(paths) // 2)
    grid = new_grid(rows, 2, WIDTH, 2.5 * rows + 0.2, sharex=True, sharey=True)
    left, right, bottom, top = limits
    x, y = np.meshgrid(np.linspace(left, right, 200), np.linspace(bottom, top, 200))
    z = height(x, y)
    lowest = np.unravel_index(z.argmin(), z.shape)
    levels = np.geomspace(max(z.max() * 1e-4, 1e-12), z.max(), 14)
    for ax in grid.flat[len(paths) :]:
        ax.set_visible(False)
    for ax, (label, path) in zip(grid.flat, paths.items(), strict=False):
        ax.contour(x, y, z - z.min(), levels, cmap=ORDERED, linewidths=0.7, alpha=0.6)
        points = np.asarray(path, dtype=float)
        ax.plot(*points.T, color=BLUE, linestyle="-", marker=".", markersize=3, lw=1)
        ax.plot(*points[0], marker="o", markersize=8, markerfacecolor="none", color=BLUE)
        ax.plot(*points[-1], marker="o", markersize=6, color=BLUE)
        ax.plot(x[lowest], y[lowest], marker="x", markersize=8, color=RED)
        ax.set_title(label, fontsize=10)
        ax.set(xlim=(left, right), ylim=(bottom, top))
    return grid[0, 0]


@our_style()
def plot_lines(
    lines: Mapping[str, Sequence[float]],
    xlabel: str,
    ylabel: str,
    first: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """One line for each label, its values at first, first + 1, …"""
    ax = new_axes(ax, height=3.2)
    for label, values in lines.items():
        many = len(values) > 30
        x = np.arange(first, first + len(values))
        ax.plot(x, values, label=label, marker="" if many else None, lw=1.4)
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(alpha=0.3)
    name_lines(ax)
    return ax
