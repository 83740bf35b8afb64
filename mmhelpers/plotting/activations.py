"""Figures of what goes on inside a network: values, gradients, steps, units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from torch import Tensor

from mmhelpers.diagnostics import Histogram, TensorStats, histogram
from mmhelpers.plotting.base import HEIGHT, WIDTH, new_axes, new_grid
from mmhelpers.plotting.curves import means_of
from mmhelpers.plotting.lines import EVERY, legend_outside, mark, name_lines
from mmhelpers.plotting.style import BLUE, LINES, ORANGE, ORDERED, RED, our_style


@our_style()
def plot_distributions(
    layers: Sequence[TensorStats], xlabel: str, log: bool = False, ax: Axes | None = None
) -> Axes:
    """The histograms of several tensors as lines, one a layer; `log` for a logarithmic density."""
    ax = new_axes(ax)
    for stats, style in zip(layers, _ordered(len(layers)), strict=True):
        edges = np.asarray(stats.histogram.edges)
        middles = (edges[1:] + edges[:-1]) / 2
        density = np.asarray(stats.histogram.density)
        shown = np.where(density > 0, density, np.nan) if log else density
        ax.plot(middles, shown, marker="", label=f"{stats.name}\nstd {stats.std:.2g}", **style)
    if log:
        ax.set_yscale("log")
    else:
        ax.set_ylim(bottom=0)
    ax.set_xlabel(xlabel)
    ax.set_ylabel("density")
    ax.grid(alpha=0.3)
    legend_outside(ax)
    return ax


@our_style()
def plot_update_ratios(
    runs: Mapping[str, Sequence[float]], window: int = 20, ax: Axes | None = None
) -> Axes:
    """log10 of std(update) / std(weight) against steps, averaged over `window` steps, one line a
    weight; the rule of thumb of 1e-3 is marked."""
    ax = new_axes(ax)
    size = max(1, min([window, *map(len, runs.values())]))
    for (label, ratios), style in zip(runs.items(), _ordered(len(runs)), strict=True):
        ax.plot(*means_of(ratios, size), label=label, markevery=EVERY, **style)
    mark(ax, "rule of thumb: 1e-3", y=-3)
    ax.set_xlabel("step" if size == 1 else f"step (each point: mean of {size} steps)")
    ax.set_ylabel("log10(std of update / std of weight)")
    ax.grid(alpha=0.3)
    name_lines(ax)
    return ax


def _ordered(count: int) -> list[dict]:
    """Colours from dark to light, with changing line styles, for lines that have an order."""
    shades = colormaps[ORDERED](np.linspace(0, 0.85, count))
    return [{"color": shade, "linestyle": LINES[i % len(LINES)]} for i, shade in enumerate(shades)]


@our_style()
def plot_histograms(panels: Mapping[str, Histogram], xlabel: str) -> Axes:
    """Histograms side by side with their titles, on one axis of values; returns the first axes."""
    axes = _row(len(panels))
    for ax, (title, drawn) in zip(axes, panels.items(), strict=True):
        ax.stairs(drawn.density, drawn.edges, fill=True, color=BLUE)
        ax.set_title(title)
        ax.set_xlabel(xlabel)
        ax.grid(alpha=0.3)
    axes[0].set_ylabel("density")
    return axes[0]


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


@our_style()
def plot_comparison(table: Mapping[str, Mapping[int, Mapping[float, float]]], top: float) -> Axes:
    """Dev loss against learning rate, one panel a depth, one line a kind of net.

    `table[kind][depth][lr]` is a loss; what is above `top` or no number is a cross above the
    dotted line at `top`, each kind at its own height.  Returns the first axes.
    """
    depths = list(next(iter(table.values())))
    losses = [x for kind in table.values() for row in kind.values() for x in row.values()]
    step = (top - min([x for x in losses if x < top], default=top - 1)) / 16
    axes = _row(len(depths))
    for ax, depth in zip(axes, depths, strict=True):
        ax.axhline(top, color="grey", linestyle=":", linewidth=1, marker="")
        for i, (kind, by_depth) in enumerate(table.items(), 1):
            _draw_kind(ax, kind, by_depth[depth], top, top + i * step)
        ax.set_title(f"{depth} hidden layers")
        ax.set_xlabel("learning rate")
        ax.set_ylim(top=top + (len(table) + 1) * step)
        ax.grid(alpha=0.3)
    axes[0].set_ylabel("dev loss (nats)")
    named = axes[0].get_legend_handles_labels()
    title = f"a cross: above {top:g} or no number"
    axes[0].figure.legend(*named, loc="outside lower center", ncols=2, title=title)
    return axes[0]


def _draw_kind(ax: Axes, kind: str, losses: Mapping[float, float], top: float, cross: float):
    """One line of losses by learning rate; those that are not below `top` as crosses."""
    rates, values = zip(*losses.items(), strict=True)
    shown = [loss if loss < top else np.nan for loss in values]
    (line,) = ax.semilogx(rates, shown, alpha=0.85, label=kind)
    off = [rate for rate, loss in zip(rates, values, strict=True) if not loss < top]
    ax.plot(off, [cross] * len(off), "x", color=line.get_color(), markersize=8)


@our_style()
def plot_normalisation(positions: Mapping[str, tuple[Tensor, Tensor]], limit: float = 22) -> Axes:
    """What BatchNorm makes of a batch of one feature: title to (inputs, outputs), one panel each.

    Input above, output below, each as a histogram with its mean and standard deviation, on one
    axis from -limit to limit that follows no data: moving one leaves the other as it is.  Every
    histogram has the height 1, so its width alone tells the spread.  Returns the first axes.
    """
    axes = new_grid(len(positions), 1, WIDTH, 1.9 * len(positions) + 0.6, sharex=True)[:, 0]
    for ax, (title, values) in zip(axes, positions.items(), strict=True):
        for base, color, drawn in zip((1.15, 0), (ORANGE, BLUE), values, strict=True):
            _draw_hill(ax, drawn, base, color)
        ax.set_title(title, fontsize=10)
        ax.set_xlim(-limit, limit)
        ax.set_ylim(0, 2.3)
        ax.set_yticks([0.4, 1.55], ["output", "input"])
        ax.tick_params(axis="y", length=0)
        ax.grid(alpha=0.3, axis="x")
    axes[-1].set_xlabel("value (every histogram is drawn equally high)")
    return axes[0]


def _draw_hill(ax: Axes, values: Tensor, base: float, color: str) -> None:
    """A histogram of height 1 that stands on `base`, with its mean and spread beside it."""
    drawn = histogram(values, bins=30)
    heights = np.asarray(drawn.density) / max(drawn.density)
    ax.stairs(base + heights, drawn.edges, baseline=base, fill=True, color=color)
    ax.axhline(base, color="grey", linewidth=0.6, linestyle="-", marker="")
    ax.text(
        0.01,
        base + 0.85,
        f"mean {values.mean():.2f}, std {values.std():.2f}",
        transform=ax.get_yaxis_transform(),
        fontsize=8,
        va="top",
    )


def _row(count: int) -> Sequence[Axes]:
    """Axes side by side, which share both scales."""
    return new_grid(1, count, max(WIDTH, 2.4 * count), HEIGHT, sharex=True, sharey=True)[0]
