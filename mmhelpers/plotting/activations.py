"""Figures of what goes on inside a network: values, gradients, steps, units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from mmhelpers.diagnostics import Histogram, TensorStats, histogram
from mmhelpers.plotting.base import HEIGHT, WIDTH, legend_outside, new_axes


def plot_distributions(
    layers: Sequence[TensorStats], xlabel: str, log: bool = False, ax: Axes | None = None
) -> Axes:
    """The histograms of several tensors as lines, one a layer; `log` for a logarithmic density."""
    ax = new_axes(ax)
    colors = plt.get_cmap("viridis")(np.linspace(0, 0.9, len(layers)))
    for stats, color in zip(layers, colors, strict=True):
        edges = np.asarray(stats.histogram.edges)
        middles = (edges[1:] + edges[:-1]) / 2
        density = np.asarray(stats.histogram.density)
        shown = np.where(density > 0, density, np.nan) if log else density
        ax.plot(middles, shown, color=color, label=f"{stats.name}\nstd {stats.std:.2g}")
    if log:
        ax.set_yscale("log")
    else:
        ax.set_ylim(bottom=0)
    ax.set_xlabel(xlabel)
    ax.set_ylabel("density")
    ax.grid(alpha=0.3)
    legend_outside(ax)
    return ax


def plot_update_ratios(
    runs: Mapping[str, Sequence[float]], window: int = 20, ax: Axes | None = None
) -> Axes:
    """log10 of std(update) / std(weight) against steps, averaged over `window` steps, one line a
    weight; the rule of thumb of 1e-3 is marked."""
    ax = new_axes(ax)
    colors = plt.get_cmap("viridis")(np.linspace(0, 0.9, len(runs)))
    for (label, ratios), color in zip(runs.items(), colors, strict=True):
        size = min(window, len(ratios))
        whole = len(ratios) // size * size
        means = np.asarray(ratios[:whole]).reshape(-1, size).mean(1)
        ax.plot((np.arange(len(means)) + 0.5) * size, means, color=color, label=label)
    ax.axhline(-3, color="firebrick", linestyle="--", label="rule of thumb 1e-3")
    ax.set_xlabel("step")
    ax.set_ylabel("log10(std of update / std of weight)")
    ax.grid(alpha=0.3)
    legend_outside(ax)
    return ax


def plot_histograms(panels: Mapping[str, Histogram], xlabel: str) -> Axes:
    """Histograms side by side with their titles, on one axis of values; returns the first axes."""
    axes = _row(len(panels))
    for ax, (title, drawn) in zip(axes, panels.items(), strict=True):
        ax.stairs(drawn.density, drawn.edges, fill=True, color="steelblue")
        ax.set_title(title)
        ax.set_xlabel(xlabel)
        ax.grid(alpha=0.3)
    axes[0].set_ylabel("density")
    return axes[0]


def plot_units(panels: Mapping[str, Tensor]) -> Axes:
    """For each panel, which units (columns) are saturated for which examples (rows): (B, units).

    White is saturated; a column that is white throughout is a unit that learns nothing from
    this batch.  Returns the first axes.
    """
    _, axes = plt.subplots(
        len(panels), 1, figsize=(WIDTH, 2.2 * len(panels)), layout="constrained", squeeze=False
    )
    for ax, (title, blocked) in zip(axes[:, 0], panels.items(), strict=True):
        ax.imshow(blocked.cpu(), cmap="gray", aspect="auto", interpolation="nearest", vmin=0)
        ax.set_title(title)
        ax.set_ylabel("example")
    axes[-1, 0].set_xlabel("hidden unit (white: |tanh| > 0.97)")
    return axes[0, 0]


def plot_tanh_and_derivative(limit: float = 4, ax: Axes | None = None) -> Axes:
    """tanh and its derivative from -limit to limit, with the range beyond 0.97 shaded."""
    ax = new_axes(ax)
    x = np.linspace(-limit, limit, 401)
    ax.plot(x, np.tanh(x), label="tanh(x)")
    ax.plot(x, 1 - np.tanh(x) ** 2, label="derivative\n1 - tanh²(x)")
    edge = np.arctanh(0.97)
    ax.axvspan(edge, limit, color="firebrick", alpha=0.12, label="|tanh| > 0.97")
    ax.axvspan(-limit, -edge, color="firebrick", alpha=0.12)
    ax.set_xlabel("x")
    ax.set_ylabel("value")
    ax.grid(alpha=0.3)
    legend_outside(ax)
    return ax


def plot_comparison(table: Mapping[str, Mapping[int, Mapping[float, float]]], top: float) -> Axes:
    """Dev loss against learning rate, one panel a depth, one line a kind of net.

    `table[kind][depth][lr]` is a loss; what is above `top` or no number is drawn on the upper
    edge with a cross.  Returns the first axes.
    """
    depths = list(next(iter(table.values())))
    axes = _row(len(depths))
    for ax, depth in zip(axes, depths, strict=True):
        for (kind, by_depth), marker in zip(table.items(), "osD^", strict=False):
            rates, losses = zip(*by_depth[depth].items(), strict=True)
            shown = [loss if loss < top else top for loss in losses]
            (line,) = ax.semilogx(rates, shown, marker=marker, alpha=0.8, label=kind)
            off = [rate for rate, loss in zip(rates, losses, strict=True) if not loss < top]
            ax.plot(off, [top] * len(off), "x", color=line.get_color(), markersize=12)
        ax.set_title(f"{depth} hidden layers")
        ax.set_xlabel("learning rate")
        ax.grid(alpha=0.3)
    axes[0].set_ylabel("dev loss (nats)")
    axes[0].figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return axes[0]


def plot_normalisation(positions: Mapping[str, tuple[Tensor, Tensor]]) -> Axes:
    """What BatchNorm makes of a batch of one feature: title to (inputs, outputs), one panel each.

    Returns the first axes.
    """
    axes = _row(len(positions))
    for ax, (title, (inputs, outputs)) in zip(axes, positions.items(), strict=True):
        for values, label in [(inputs, "input"), (outputs, "output")]:
            drawn = histogram(values, bins=30)
            ax.stairs(drawn.density, drawn.edges, fill=True, alpha=0.6, label=label)
        ax.set_title(title, fontsize=10)
        ax.set_xlim(-12, 12)
        ax.set_xlabel("value")
        ax.grid(alpha=0.3)
    axes[0].set_ylabel("density")
    axes[0].figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return axes[0]


def _row(count: int) -> Sequence[Axes]:
    """Axes side by side, which share both scales."""
    _, axes = plt.subplots(
        1,
        count,
        figsize=(max(WIDTH, 3.2 * count), HEIGHT),
        layout="constrained",
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    return axes[0]
