"""What runs at all positions at once, the stack and the scan, and measured lines."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from torch import Tensor

from mmhelpers.plotting.base import HEIGHT, WIDTH, new_axes, new_grid
from mmhelpers.plotting.lines import EVERY, name_lines
from mmhelpers.plotting.recurrent import arrow, block, sign
from mmhelpers.plotting.style import (
    BLUE,
    COLORS,
    FAINT,
    LINES,
    MARKERS,
    ORANGE,
    PURPLE,
    RED,
    SEQUENTIAL,
    SLATE,
    our_style,
)
from mmhelpers.plotting.text import write_ticks

MANY = 20  # markers on a line at most, else only some


@our_style()
def plot_dilated(T: int, n_embd: int) -> Axes:
    """The stack of causal convolutions over T positions, and what one gated block does.

    Dilations double from level to level; red is what the last output sees.
    """
    left, right = new_grid(1, 2, WIDTH, 4.2, width_ratios=[1.7, 1])[0]
    levels = (T - 1).bit_length()
    needed = {T - 1}
    for level in range(levels, 0, -1):
        reach = 2 ** (level - 1)
        for t in range(T):
            color = RED if t in needed else FAINT
            for below in (t, t - reach)[: 2 if t >= reach else 1]:
                place = [t, below], [level, level - 1]
                left.plot(*place, "-", marker="", color=color, lw=1.5, zorder=1 + (t in needed))
        needed |= {t - reach for t in needed if t >= reach}
    for level in range(levels + 1):
        left.plot(range(T), [level] * T, linestyle="", marker="o", color=SLATE, markersize=4)
    names = [f"dilation {2**i}" for i in range(levels)]
    left.set_yticks(range(levels + 1), ["embedding", *names])
    left.set_xticks(range(0, T, max(1, T // 4)))
    left.set_xlabel("position")
    left.tick_params(length=0)
    left.spines[:].set_visible(False)
    _draw_gated_block(right, n_embd)
    return left


def _draw_gated_block(ax: Axes, C: int) -> None:
    """From x below to the sum above: normalise, convolve, gate, mix, add."""
    parts = [
        (1.0, "LayerNorm", FAINT),
        (2.2, f"causal convolution\n({2 * C}, {2 * C})", ORANGE),
        (5.8, f"mix ({C}, {C})", PURPLE),
    ]
    for y, text, color in parts:
        block(ax, 2, y, 2.9, 0.8, text, color)
    block(ax, 1.2, 3.5, 1.2, 0.7, "tanh", FAINT)
    block(ax, 2.8, 3.5, 1.2, 0.7, "σ: gate", FAINT)
    ways = [((2, 0), (2, 0.6)), ((2, 1.4), (2, 1.8)), ((1.2, 2.6), (1.2, 3.15))]
    ways += [((2.8, 2.6), (2.8, 3.15)), ((1.2, 3.85), (1.8, 4.5)), ((2.8, 3.85), (2.2, 4.5))]
    ways += [((2, 4.95), (2, 5.4)), ((2, 6.2), (2, 6.65)), ((2, 7.2), (2, 7.8))]
    for start, end in ways:
        arrow(ax, start, end, SLATE)
    ax.plot([2, 0, 0], [0.2, 0.2, 6.9], "-", color=BLUE, lw=3, marker="")
    arrow(ax, (0, 6.9), (1.7, 6.9), BLUE, lw=3)
    sign(ax, 2, 4.7, "×")
    sign(ax, 2, 6.9, "+")
    ax.annotate(f"x (B, T, {C})", (2, -0.1), ha="center", va="top", fontsize=9)
    ax.set_xlim(-0.4, 4)
    ax.set_ylim(-0.7, 8)
    ax.set_axis_off()


@our_style()
def plot_scan(T: int) -> Axes:
    """The scan over T positions: after each round a box covers twice as many steps.

    In a box stands from which step to which it goes; blue are those that begin at the first.
    """
    rounds = (T - 1).bit_length()
    ax = new_axes(width=WIDTH, height=0.62 * WIDTH * (2 * rounds + 2) / (1.6 * T + 3))
    for level in range(rounds + 1):
        reach, y = 2**level, 2.0 * level
        for t in range(T):
            first = max(0, t - reach + 1)
            text = f"{t + 1}" if first == t else f"{first + 1}–{t + 1}"
            block(ax, 1.6 * t, y, 1.25, 0.8, text, BLUE if first == 0 else "white")
            if level and t >= reach // 2:
                arrow(ax, (1.6 * t, y - 1.6), (1.6 * t, y - 0.4), SLATE)
                arrow(ax, (1.6 * (t - reach // 2), y - 1.6), (1.6 * t - 0.2, y - 0.4), RED)
        said = f"round {level}: {reach // 2} back" if level else "single steps"
        ax.annotate(said, (1.6 * T - 0.4, y), va="center", fontsize=9)
    ax.set_xlim(-0.9, 1.6 * T + 3)
    ax.set_ylim(-0.7, 2 * rounds + 0.7)
    ax.set_axis_off()
    return ax


@our_style()
def plot_knobs(z: Mapping[str, Tensor]) -> Axes:
    """Gates (T, n_units) of a few names, a panel each: a column for a letter, a row for a unit."""
    widths = [len(values) for values in z.values()]
    axes = new_grid(1, len(z), WIDTH, 3.6, width_ratios=widths)[0]
    for ax, (word, values) in zip(axes, z.items(), strict=True):
        style = {"cmap": SEQUENTIAL, "vmin": 0, "vmax": 1, "aspect": "auto"}
        image = ax.imshow(values.T.cpu().numpy(), interpolation="nearest", **style)
        write_ticks(ax.xaxis, [".", *word], 10)
        ax.set_xlabel("after this letter")
        ax.set_yticks([])
    axes[0].set_ylabel("unit")
    axes[-1].figure.colorbar(image, ax=list(axes), label="z: share of the old that is kept")
    return axes[0]


@our_style()
def plot_over(
    lines: Mapping[str, Mapping[float, float]], xlabel: str, ylabel: str, log: str = ""
) -> Axes:
    """Measured values as lines named at their ends; `log` names the logarithmic axes, as "xy".

    A logarithmic x has its ticks where the points are.
    """
    ax = new_axes(height=0.95 * HEIGHT)
    for label, points in lines.items():
        every = EVERY if len(points) > MANY else None
        ax.plot(list(points), list(points.values()), label=label, markersize=4, markevery=every)
    for axis in log:
        ax.set(**{f"{axis}scale": "log"})
    if "x" in log:
        places = sorted({x for points in lines.values() for x in points})
        ax.set_xticks(places, [f"{x:g}" for x in places])
        ax.set_xticks([], minor=True)
    if "y" in log and ax.get_ylim()[1] < 100 * ax.get_ylim()[0]:  # plain numbers, not powers
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter("{x:g}")
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.grid(alpha=0.3)
    name_lines(ax)
    return ax


@our_style()
def plot_step_times(times: Mapping[tuple[str, int], Mapping[int, float]]) -> Axes:
    """Milliseconds by the length of the rows, a line for each way and number of rows B.

    A way has a colour and a marker, a number of rows a style of line; both axes are logarithmic.
    """
    ways, sizes = (list(dict.fromkeys(part)) for part in zip(*times, strict=True))
    ax = new_axes(height=0.95 * HEIGHT)
    for (way, B), points in times.items():
        i = ways.index(way)
        style = {"color": COLORS[i], "marker": MARKERS[i], "linestyle": LINES[sizes.index(B)]}
        ax.plot(list(points), list(points.values()), label=f"{way}, B = {B}", **style)
    ax.set(xscale="log", yscale="log", xlabel="positions in a row")
    ax.set_ylabel("ms, forward and backward")
    lengths = sorted({T for points in times.values() for T in points})
    ax.set_xticks(lengths, [f"{T}" for T in lengths])
    ax.set_xticks([], minor=True)
    ax.grid(alpha=0.3)
    name_lines(ax)
    return ax
