"""Figures of one tanh layer: its curve, its values, its saturated units."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from mmhelpers.diagnostics import histogram
from mmhelpers.plotting.base import WIDTH, new_axes, new_grid
from mmhelpers.plotting.lines import legend_outside
from mmhelpers.plotting.style import BLUE, RED, our_style


@our_style()
def plot_before_and_after(panels: Mapping[str, tuple[Tensor, Tensor]]) -> Axes:
    """What goes into a nonlinearity and what comes out: a column for each of several networks.

    Above the inputs, below the outputs, each row on one axis; returns the first axes.
    """
    axes = new_grid(2, len(panels), WIDTH, 4.6, sharex="row", sharey="row")
    for column, (title, values) in zip(axes.T, panels.items(), strict=True):
        for ax, tensor, what in zip(column, values, ("hpreact", "h, the tanh of it"), strict=True):
            drawn = histogram(tensor, bins=50)
            ax.stairs(drawn.density, drawn.edges, fill=True, color=BLUE)
            ax.set_xlabel(what)
            ax.grid(alpha=0.3)
        column[0].set_title(title)
    for ax in axes[:, 0]:
        ax.set_ylabel("density")
    return axes[0, 0]


@our_style()
def plot_units(panels: Mapping[str, Tensor]) -> Axes:
    """For each panel, which units (columns) are saturated for which examples (rows): (B, units).

    White is saturated; a column that is white throughout is a unit that learns nothing from
    this batch.  Returns the first axes.
    """
    axes = new_grid(len(panels), 1, WIDTH, 2.2 * len(panels))[:, 0]
    for ax, (title, blocked) in zip(axes, panels.items(), strict=True):
        shown = blocked.cpu().float().numpy()
        ax.imshow(shown, cmap="gray", aspect="auto", interpolation="nearest", vmin=0, vmax=1)
        ax.set_title(title)
        ax.set_ylabel("example")
    axes[-1].set_xlabel("hidden unit (white: |tanh| > 0.97)")
    return axes[0]


@our_style()
def plot_tanh_and_derivative(limit: float = 4, ax: Axes | None = None) -> Axes:
    """tanh and its derivative from -limit to limit, with the range beyond 0.97 shaded."""
    ax = new_axes(ax)
    x = np.linspace(-limit, limit, 401)
    ax.plot(x, np.tanh(x), marker="", label="tanh(x)")
    ax.plot(x, 1 - np.tanh(x) ** 2, marker="", label="derivative\n1 - tanh²(x)")
    edge = np.arctanh(0.97)
    ax.axvspan(edge, limit, color=RED, alpha=0.12, label="|tanh| > 0.97")
    ax.axvspan(-limit, -edge, color=RED, alpha=0.12)
    ax.set_xlabel("x")
    ax.set_ylabel("value")
    ax.grid(alpha=0.3)
    legend_outside(ax)
    return ax
