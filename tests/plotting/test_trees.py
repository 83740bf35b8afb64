"""The figures of notebook 05 draw what they are given."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from mmhelpers import plotting
from mmhelpers.plotting.style import RED


def texts(ax):
    return [text.get_text() for text in ax.texts]


def segments(ax, color):
    """The ends of the lines of this colour, the upper one first."""
    lines = [line for line in ax.lines if to_hex(line.get_color()) == color]
    return {tuple(map(tuple, line.get_xydata())) for line in lines if len(line.get_xdata()) == 2}


@pytest.mark.parametrize(
    "sizes", [("....emma", 10, 68, 27), ("$_", 3, 5, 4), ("ab" * 8, 2, 3, 300)]
)
def test_tree(sizes):
    context, n_embd, n_hidden, V = sizes
    ax, T = plotting.plot_tree(*sizes), len(context)
    dots = [len(line.get_xdata()) for line in ax.lines]
    assert dots == [T // 2**level for level in range(T.bit_length())]
    for below, above in zip(ax.lines, ax.lines[1:], strict=False):
        pairs = np.reshape(below.get_xdata(), (-1, 2))
        assert np.allclose(pairs.mean(1), above.get_xdata())  # over the middle of its two
    said = texts(ax)
    assert (said.count(str(n_embd)), said.count(str(n_hidden))) == (T, T - 2 + 1)
    assert all(char in said for char in context)
    for shape in ((T, n_embd), (n_hidden,), (V,), (2 * n_hidden,) if T > 2 else (2 * n_embd,)):
        assert any(f"(B, {', '.join(map(str, shape))})" in text for text in said)
    assert plotting.picture(ax)


def test_convolution_makes_the_joins_of_the_tree():
    left = plotting.plot_convolution(8)
    right = left.figure.axes[1]
    assert len(segments(left, RED)) == 2 * (4 + 2 + 1)
    assert segments(left, RED) == segments(right, RED)
    assert ((7, 3), (3, 2)) in segments(left, RED)
    squares = [line for line in right.lines if line.get_marker() == "s"]
    places = sorted((line.get_xdata()[0], line.get_ydata()[0]) for line in squares)
    padding = [(-1, 0)] + [(i, 1) for i in (-2, -1)] + [(i, 2) for i in (-4, -3, -2, -1)]
    assert places == sorted(padding)
    assert not [line for line in left.lines if line.get_marker() == "s"]


def test_averaged_writes_the_means():
    x = torch.arange(12.0).view(2, 3, 2)
    ax = plotting.plot_averaged(x)
    above, below = ax.figure.axes
    assert [text for text in texts(above) if text == "3"]  # of 0 and 6, and the number itself
    assert texts(below).count("5") == 2 and "6" in texts(below)
    assert "6 means, each of 2 numbers, shape (1, 3, 2)" in above.get_title()
    assert "2 means, each of 6 numbers, shape (1, 1, 2)" in below.get_title()
    colors = [
        {patch.get_facecolor()[:3] for patch in a.patches if patch.get_fill()}
        for a in (above, below)
    ]
    assert [len(its) for its in colors] == [6, 2]


def test_position_means():
    means = {"bug": torch.tensor([[1.0, -3.0]]), "fixed": torch.tensor([[2.0, 0.5]])}
    ax = plotting.plot_position_means(means)
    axes = [other for other in ax.figure.axes if other.get_images()]
    for other, (title, its) in zip(axes, means.items(), strict=True):
        (image,) = other.get_images()
        assert other.get_title() == title and np.array_equal(image.get_array(), its)
        assert image.get_clim() == (-3, 3)


def test_raw_and_mean():
    raw = plotting.plot_raw_and_mean([4.0, 2.0, 3.0, 1.0, 9.0], window=2, change=3)
    mean = raw.figure.axes[1]
    assert list(raw.lines[0].get_ydata()) == [4, 2, 3, 1, 9]
    assert list(mean.lines[0].get_ydata()) == [3, 2]
    assert list(mean.lines[1].get_xdata()) == [3, 3]


def test_two_runs_have_their_difference():
    runs = {"bug": [3.0, 2.0, 2.0, 1.0], "repaired": [2.0, 2.0, 1.0, 1.0]}
    above = plotting.plot_two_runs(runs, window=2, change=2)
    below = above.figure.axes[1]
    assert [list(line.get_ydata()) for line in above.lines[:2]] == [[2.5, 1.5], [2, 1]]
    assert list(below.lines[0].get_ydata()) == [0.5, 0.5]
    assert below.get_ylabel() == "bug\nminus repaired"


def test_dev_curves():
    ax = plotting.plot_dev_curves({"a": {1: 3.0, 2: 2.0}, "b": {2: 1.0}})
    assert [list(line.get_xydata()[-1]) for line in ax.lines] == [[2, 2], [2, 1]]
    assert [line.get_label() for line in ax.lines] == ["a", "b"]


def test_dev_curves_that_end_apart_have_a_legend():
    ax = plotting.plot_dev_curves({"a": {1: 3, 4: 2}, "b": {1: 3}, "c": {1: 2}, "d": {1: 1}})
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b", "c", "d"]
