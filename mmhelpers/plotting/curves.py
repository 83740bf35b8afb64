"""Figures over training steps."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter

from mmhelpers.plotting.base import HEIGHT, WIDTH, new_axes, new_grid
from mmhelpers.plotting.lines import EVERY, legend_outside, mark, name_lines
from mmhelpers.plotting.style import BLUE, FAINT, SLATE, our_style

DOTS = 2000  # of single losses, at most about so many
RANGE = (5, 95)  # per cent of the single losses: between them is what one run makes room for


def means_of(values: Sequence[float], window: int) -> tuple[np.ndarray, np.ndarray]:
    """The middles of windows of `window` steps and the mean of each; what is left over is not."""
    whole = len(values) // window * window
    means = np.asarray(values[:whole], dtype=float).reshape(-1, window).mean(1)
    return (np.arange(len(means)) + 0.5) * window, means


@our_style()
def plot_loss(
    runs: Mapping[str, Sequence[float]], window: int = 1000, ax: Axes | None = None
) -> Axes:
    """Minibatch losses against steps, each run averaged over windows of `window` steps.

    A short run has shorter windows, at least twenty of them.  Of a single run the losses
    themselves stand faint behind their means; the view leaves out the outermost tenth of them.
    """
    ax = new_axes(ax)
    single = len(runs) == 1
    sizes = {name: min(window, max(1, len(losses) // 20)) for name, losses in runs.items()}
    for name, losses in runs.items():
        if single and sizes[name] > 1:
            _draw_single(ax, losses)
        label = f"mean of {sizes[name]:,}" if single else name
        style = {"marker": ""} if single else {"markevery": EVERY}
        ax.plot(*means_of(losses, sizes[name]), label=label, **style)
    ax.set_xlabel("step")
    ax.set_ylabel("minibatch loss (nats)" + ("" if single else _averaged(sizes.values())))
    ax.grid(alpha=0.3)
    if len(ax.lines) > 1:
        name_lines(ax)
    return ax


def _averaged(sizes: Collection[int]) -> str:
    """Says over how many steps the lines of a figure are averaged."""
    least, most = min(sizes, default=1), max(sizes, default=1)
    return f", mean of {'' if least == most else 'up to '}{most:,} steps" if most > 1 else ""


def _draw_single(ax: Axes, losses: Sequence[float]) -> None:
    """The losses of single steps as faint dots; the view is theirs but for the outermost.

    Of a long run only every so many steps has a dot: all of them would be one grey field.
    """
    every = max(1, len(losses) // DOTS)
    label = f"a step, every {every:,}th" if every > 1 else "a step"
    style = {"color": FAINT, "linestyle": "", "marker": "o", "markersize": 1.5}
    ax.plot(range(0, len(losses), every), losses[::every], label=label, zorder=1, **style)
    finite = np.asarray(losses, dtype=float)[np.isfinite(losses)]
    low, high = np.percentile(finite, RANGE) if len(finite) else (0, 0)
    if low < high:
        ax.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))


@our_style()
def plot_lr_range(
    rates: Sequence[float],
    losses: Sequence[float],
    chosen: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Losses against the learning rates of a range test, both on logarithmic axes.

    Dots are single minibatches, the line averages over a twentieth of them; `chosen` is marked.
    """
    ax = new_axes(ax)
    ax.loglog(rates, losses, ".", color=SLATE, alpha=0.4, markersize=4, label="a minibatch")
    size = max(1, len(losses) // 20)
    middles = np.exp(means_of(np.log(rates), size)[1])
    ax.plot(
        middles, means_of(losses, size)[1], color=BLUE, marker="", lw=2, label=f"mean of {size}"
    )
    if chosen:
        mark(ax, f"chosen: {chosen:g}", x=chosen)
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_minor_formatter(NullFormatter())
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter("{x:g}")
    ax.set_xlabel("learning rate")
    ax.set_ylabel("minibatch loss (nats)")
    ax.grid(alpha=0.3)
    legend_outside(ax)
    return ax


@our_style()
def plot_run(losses: Sequence[float], change: int, first: int = 1000, window: int = 1000) -> Axes:
    """One run in two pictures: its `first` steps, with the first fall, and all of it from there.

    Single losses stand faint behind their means over `window` steps (at most a twentieth of the
    run); the second picture is cut where the single losses leave it.  `change` is the step at
    which the learning rate falls.
    """
    early, whole = new_grid(1, 2, WIDTH, HEIGHT, width_ratios=[1, 2])[0]
    first = min(first, len(losses))
    early.plot(losses[:first], color=FAINT, linestyle="-", marker="", lw=0.6)
    early.plot(*means_of(losses[:first], max(1, first // 50)), marker="")
    early.set_title(f"the first {first:,} steps")
    early.set_ylabel("minibatch loss (nats)")
    _draw_single(whole, losses)
    size = min(window, max(1, len(losses) // 20))
    whole.plot(*means_of(losses, size), label=f"mean of {size:,}", marker="")
    mark(whole, "the learning rate falls", x=change)
    whole.set_title("all steps, cut above and below")
    for ax in (early, whole):
        ax.set_xlabel("step")
        ax.locator_params(axis="x", nbins=4)
        ax.grid(alpha=0.3)
    whole.legend(loc="upper right", framealpha=0.9, bbox_to_anchor=(1, 0.92))
    return early
