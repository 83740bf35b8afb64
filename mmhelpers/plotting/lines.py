"""What names the lines of a figure: a legend, labels at their ends, marks across them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from mmhelpers.plotting.style import RED, our_style
from mmhelpers.plotting.text import write

IN_A_LEGEND = 3  # lines at most; more are named at their ends
EVERY = 0.12  # of a figure's diagonal: how far apart the markers of a long line are
FONTSIZE = 9
GAP = 1.3 * FONTSIZE  # points between the middles of two labels
COLUMN = 0.15  # of the width: labels nearer than this stand in one column


def legend_outside(ax: Axes) -> None:
    """A legend to the right of the axes, where it hides no line."""
    legend = ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    for text in legend.get_texts():
        write(text, text.get_text())


def name_lines(ax: Axes) -> None:
    """Names the labelled lines: up to three in a legend, more at their ends."""
    if len(_labelled(ax)) > IN_A_LEGEND:
        label_lines_at_end(ax)
    else:
        legend_outside(ax)


@our_style()
def label_lines_at_end(ax: Axes) -> None:
    """Writes each line's label where the line ends, or leaves the view; none over another.

    The labels follow when the limits of the axes change.
    """
    lines = _labelled(ax)
    if not lines:
        return
    notes = [_note(ax, line) for line in lines]

    def place(_: Axes | None = None) -> None:
        ends = [_last_in_view(ax, line) for line in lines]
        across, up = ax.transAxes.inverted().transform(ax.transData.transform(ends)).T
        height = ax.bbox.height * 72 / ax.figure.dpi  # of the axes, in points
        for column in _columns(across):
            moved = spread([up[i] * height for i in column], GAP, height)
            beside = across[column[-1]] > 1 - COLUMN  # then all stand outside, in one line
            for i, place in zip(column, moved, strict=True):
                notes[i].xy = ends[i]
                notes[i].set_position((1.015 if beside else 7, place - up[i] * height))
                first = "axes fraction" if beside else "offset points"
                notes[i].anncoords = (first, "offset points")

    for event in ("xlim_changed", "ylim_changed"):
        ax.callbacks.connect(event, place)
    place()


def _labelled(ax: Axes) -> list[Line2D]:
    """The lines that have a label."""
    return [line for line in ax.lines if not str(line.get_label()).startswith("_")]


def _note(ax: Axes, line: Line2D):
    """The label of a line, joined to it by a thread of its colour."""
    thread = {"arrowstyle": "-", "color": line.get_color(), "lw": 0.8, "shrinkA": 0, "shrinkB": 0}
    thread["relpos"] = (0, 0.5)
    note = ax.annotate(
        "",
        (0, 0),
        (7, 0),
        textcoords="offset points",
        va="center",
        fontsize=FONTSIZE,
        arrowprops=thread,
        annotation_clip=False,
    )
    write(note, str(line.get_label()))
    return note


def _last_in_view(ax: Axes, line: Line2D) -> tuple[float, float]:
    """The last point of the line that lies within the axes; without any, its last point."""
    points = np.asarray(line.get_xydata(), dtype=float)
    points = points[np.isfinite(points).all(1)]
    low, high = np.sort([ax.get_xlim(), ax.get_ylim()]).T
    seen = points[((points >= low) & (points <= high)).all(1)]
    return tuple(seen[-1] if len(seen) else points[-1] if len(points) else (low[0], high[1]))


def _columns(across: Sequence[float]) -> list[list[int]]:
    """The numbers of the ends, in groups that lie close to one another, from left to right."""
    columns: list[list[int]] = []
    for i in np.argsort(across, kind="stable").tolist():
        if columns and across[i] - across[columns[-1][0]] < COLUMN:
            columns[-1].append(i)
        else:
            columns.append([i])
    return columns


def spread(wanted: Sequence[float], gap: float, height: float) -> list[float]:
    """Places at least `gap` apart, in the order of the wanted ones and as near them as can be.

    Least squares under that order: neighbours that are too close share their mean (the pool
    adjacent violators algorithm).  All are moved between 0 and `height` where they fit.
    """
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    pools: list[tuple[float, int]] = []  # sum and number
    for rank, i in enumerate(order):
        pools.append((wanted[i] - rank * gap, 1))
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            total, number = pools.pop()
            pools[-1] = (pools[-1][0] + total, pools[-1][1] + number)
    bases = [total / number for total, number in pools for _ in range(number)]
    highest = height - gap * (len(order) - 1)  # for the base of all
    places = [0.0] * len(order)
    for rank, i in enumerate(order):
        places[i] = max(0.0, min(bases[rank], highest)) + rank * gap
    return places


@our_style()
def mark(ax: Axes, label: str, x: float | None = None, y: float | None = None) -> None:
    """A dashed red line across the axes at `x` or at `y`, with its label beside it."""
    if (x is None) == (y is None):
        raise ValueError("mark takes either x or y")
    style = {"color": RED, "linestyle": "--", "linewidth": 1.2, "marker": ""}
    if x is not None:
        ax.axvline(x, **style)
        place = {
            "xy": (x, 1),
            "xycoords": ("data", "axes fraction"),
            "xytext": (4, -4),
            "va": "top",
        }
    else:
        ax.axhline(y, **style)
        place = {"xy": (1, y), "xycoords": ("axes fraction", "data"), "xytext": (-4, 3)}
        place |= {"ha": "right", "va": "bottom"}
    place |= {"bbox": {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1}}
    note = ax.annotate("", textcoords="offset points", fontsize=FONTSIZE, color=RED, **place)
    write(note, label)
