"""Labels at the ends of lines."""

import numpy as np
import pytest
from matplotlib.text import Text

from mmhelpers.plotting import label_lines_at_end, picture, plot_curves, plot_loss
from mmhelpers.plotting.base import new_axes
from mmhelpers.plotting.lines import GAP, spread


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        ([], []),
        ([5], [5]),
        ([50, 10], [50, 10]),
        ([40, 40], [35, 45]),
        ([50, 40, 45], [55, 35, 45]),
        ([40, 41, 80], [35.5, 45.5, 80]),
        ([0, 0, 0], [0, 10, 20]),
        ([100, 99], [100, 90]),
        ([-50, 300], [0, 100]),
    ],
)
def test_spread(wanted, places):
    assert spread(wanted, 10, 100) == places


def heights(ax):
    """Where the labels stand: from the bottom of the window, in pixels."""
    picture(ax)
    return sorted(Text.get_window_extent(text).y0 for text in ax.texts)  # without the threads


def test_more_than_three_lines_are_named_at_their_ends():
    assert plot_loss({f"run {i}": [2.0, 1.0] for i in range(3)}).get_legend()
    ax = plot_loss({f"run {i}": [2.0, 1.0] for i in range(7)})
    assert ax.get_legend() is None
    assert [text.get_text() for text in ax.texts] == [f"run {i}" for i in range(7)]
    apart = np.diff(heights(ax)) * 72 / ax.figure.dpi
    assert apart == pytest.approx([GAP] * 6, abs=0.5)


def test_labels_follow_the_limits():
    ax = plot_curves(
        {f"m{i}": [[3.0, 2 - i / 10, 1.0]] for i in range(4)}, {f"m{i}": 3 for i in range(4)}
    )
    ax.set_ylim(1.5, 4)
    assert [tuple(text.xy) for text in ax.texts] == [(1.5, 2 - i / 10) for i in range(4)]
    ax.set_xlim(0, 1)
    assert [tuple(text.xy) for text in ax.texts] == [(0.5, 3.0)] * 4


def test_lines_of_different_length_are_named_where_they_end():
    ax = new_axes()
    for end in (10, 20, 40):
        ax.plot([0, end], [1, 2], label=f"to {end}")
    ax.plot([0, 99], [9, 9])  # without a label
    ax.plot([0, float("nan")], [1, 1], label="broken off")
    label_lines_at_end(ax)
    ends = {text.get_text(): tuple(text.xy) for text in ax.texts}
    assert ends == {"to 10": (10, 2), "to 20": (20, 2), "to 40": (40, 2), "broken off": (0, 1)}
    assert picture(ax)


def test_nothing_to_name():
    ax = new_axes()
    label_lines_at_end(ax)
    ax.plot([], [], label="empty")
    label_lines_at_end(ax)
    assert picture(ax)
