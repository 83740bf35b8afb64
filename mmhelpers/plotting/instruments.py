"""Figures of notebook 03: the four instruments, sick nets beside healthy ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from torch import Tensor

from mmhelpers.diagnostics import histogram
from mmhelpers.plotting.base import WIDTH, new_grid
from mmhelpers.plotting.curves import means_of
from mmhelpers.plotting.lines import label_lines_at_end
from mmhelpers.plotting.style import LINES, ORDERED, RED, our_style

COLUMNS = ("outputs", "log10 |gradients\nof the outputs|", "log10 |gradients\nof the weights|",
           "log10 update:data\nover the steps")  # fmt: skip
RANGES = (-9.0, 0.0), (-8.0, 1.0), (-6.0, 0.5)  # of all columns but the first
RULE = -3  # log10 of the lecture's rule of thumb for update:data
WINDOW = 20  # steps that a point of update:data is averaged over; fewer in a short run


class Instruments(NamedTuple):
    """What the four instruments show of the hidden layers of one network, first layer first."""

    outputs: Sequence[Tensor]
    gradients: Sequence[Tensor]  # of the outputs
    weight_gradients: Sequence[Tensor]
    ratios: Sequence[Sequence[float]]  # log10 of update:data at every step


@our_style()
def plot_instruments(rows: Mapping[str, Instruments]) -> Axes:
    """A row of pictures for each network, a column for each instrument, a line for each layer.

    Outputs within ±1 are drawn on one axis, wider ones on an axis of their own; the columns to
    the right have the same axis in every row.  Returns the first axes.
    """
    axes = new_grid(len(rows), 4, WIDTH, 1.55 * len(rows) + 0.7)
    for row, (name, seen) in zip(axes, rows.items(), strict=True):
        styles = _styles(len(seen.outputs))
        _draw_densities(row[0], seen.outputs, styles)
        for ax, values, limits in zip(row[1:], seen[1:3], RANGES, strict=False):
            _draw_densities(ax, [_log10(tensor) for tensor in values], styles)
            ax.set_xlim(limits)
        _draw_ratios(row[3], seen.ratios, styles)
        row[3].set_ylim(RANGES[2])
        row[0].set_ylabel(name, fontsize=10, fontweight="bold")
    for ax, title in zip(axes[0], COLUMNS, strict=True):
        ax.set_title(title, fontsize=9)
    for ax in axes[-1]:
        ax.set_xlabel("step" if ax is axes[-1, 3] else "value", fontsize=8)
    handles = [Line2D([], [], **style, label=f"layer {i}") for i, style in enumerate(styles, 1)]
    handles.append(Line2D([], [], color=RED, linestyle="--", label="rule of thumb, 1e-3"))
    axes[0, 0].figure.legend(handles=handles, loc="outside lower center", ncols=6, fontsize=8)
    return axes[0, 0]


def _log10(values: Tensor) -> Tensor:
    """log10 of the sizes of all numbers but 0."""
    sizes = values.detach().abs().flatten()
    return sizes[sizes > 0].log10()


def _styles(count: int) -> list[dict]:
    """Colours from dark to light, with changing line styles: the first layer is the darkest."""
    shades = colormaps[ORDERED](np.linspace(0, 0.85, count))
    return [{"color": c, "linestyle": LINES[i % len(LINES)]} for i, c in enumerate(shades)]


def _draw_densities(ax: Axes, tensors: Sequence[Tensor], styles: Sequence[dict]) -> None:
    """The densities of several tensors as lines; what lies within ±1 on the axis from -1 to 1."""
    highest = 0.0
    for values, style in zip(tensors, styles, strict=True):
        if values.numel():
            drawn = histogram(values, bins=50)
            edges = np.asarray(drawn.edges)
            ax.plot((edges[1:] + edges[:-1]) / 2, drawn.density, marker="", lw=1.2, **style)
            highest = max(highest, *drawn.density)
    if all(values.abs().max() <= 1 for values in tensors if values.numel()):
        ax.set_xlim(-1.05, 1.05)
    ax.set_ylim(0, min(1.1 * highest, 4.0) or 1)
    _bare(ax)
    ax.set_yticks([])


def _draw_ratios(ax: Axes, ratios: Sequence[Sequence[float]], styles: Sequence[dict]) -> None:
    for run, style in zip(ratios, styles, strict=True):
        ax.plot(*means_of(run, max(1, min(WINDOW, len(run) // 10))), marker="", lw=1.2, **style)
    ax.axhline(RULE, color=RED, linestyle="--", linewidth=1, marker="")
    _bare(ax)


def _bare(ax: Axes) -> None:
    ax.tick_params(labelsize=7, length=2)
    ax.grid(alpha=0.3)


@our_style()
def plot_ratio_panels(panels: Mapping[str, Sequence[Sequence[float]]], columns: int) -> Axes:
    """log10 of update:data over the steps, a panel for each run, a line for each hidden layer.

    All panels share both axes; points are means of 20 steps.  Returns the first axes.
    """
    rows = -(-len(panels) // columns)
    axes = new_grid(rows, columns, WIDTH, 2.1 * rows + 0.5, sharex=True, sharey=True)
    for ax, (title, ratios) in zip(axes.flat, panels.items(), strict=False):
        styles = _styles(len(ratios))
        _draw_ratios(ax, ratios, styles)
        ax.set_title(title, fontsize=9)
        ax.set_ylim(-5, 1)
    for ax in axes[-1]:
        ax.set_xlabel("step", fontsize=8)
    for ax in axes[:, 0]:
        ax.set_ylabel("log10 update:data", fontsize=8)
    handles = [Line2D([], [], **style, label=f"layer {i}") for i, style in enumerate(styles, 1)]
    handles.append(Line2D([], [], color=RED, linestyle="--", label="rule of thumb, 1e-3"))
    axes[0, 0].figure.legend(handles=handles, loc="outside lower center", ncols=6, fontsize=8)
    return axes[0, 0]


@our_style()
def plot_sizes(forward: Mapping[str, Sequence[float]], back: Mapping[str, Sequence[float]]) -> Axes:
    """Sizes layer by layer on logarithmic axes: on the left outputs, on the right gradients.

    A line for each label, named at its end; the gradients' is read from the right, where they
    come in.  Returns the first axes.
    """
    axes = new_grid(1, 2, WIDTH, 3.8)[0]
    said = "standard deviation of the outputs", "root mean square of the gradients"
    for ax, lines, ylabel in zip(axes, (forward, back), said, strict=True):
        for label, sizes in lines.items():
            ax.semilogy(range(1, len(sizes) + 1), sizes, label=label, markersize=4, lw=1.2)
        ax.set_xlabel("layer")
        ax.set_ylabel(ylabel, fontsize=9)
        ax.grid(alpha=0.3)
        label_lines_at_end(ax)
    return axes[0]
