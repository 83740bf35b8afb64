"""Figures of what a network is taught, and of how far two runs drift apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from mmhelpers.plotting.base import new_axes
from mmhelpers.plotting.lines import name_lines
from mmhelpers.plotting.style import BLUE, ORANGE, our_style
from mmhelpers.plotting.text import write_ticks


@our_style()
def plot_targets(
    characters: Sequence[str], next_one: int, table: Sequence[float], share: float
) -> Axes:
    """The target of one position: a bar for each character, the table's share of it on top.

    `next_one` is the number of the character that follows, `table` the table's probabilities
    (V,), which weigh `share`.
    """
    ax = new_axes(height=3.2)
    places = np.arange(len(characters))
    hard = (places == next_one) * (1 - share)
    ax.bar(places, hard, color=BLUE, label="the letter that follows")
    soft = share * np.asarray(table)
    ax.bar(places, soft, bottom=hard, color=ORANGE, hatch="//", label="the table of counts")
    write_ticks(ax.xaxis, characters, fontsize=9)
    ax.set_ylabel("target probability")
    ax.legend(frameon=False)
    return ax


@our_style()
def plot_drift(apart: Mapping[str, Sequence[float]], length: str = "share of the run") -> Axes:
    """How far two runs are apart, at equal distances along each, on a logarithmic axis."""
    ax = new_axes(height=3.6)
    for label, distances in apart.items():
        share = (np.arange(len(distances)) + 1) / len(distances)
        ax.plot(share, distances, label=label, markersize=4)
    ax.set_yscale("log")
    ax.set_xlabel(length)
    ax.set_ylabel("largest difference\nof a parameter")
    ax.grid(alpha=0.3)
    name_lines(ax)
    return ax
