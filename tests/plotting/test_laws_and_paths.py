"""Figures of notebook 06: laws, the bootstrap, optimisers, normalisation, the stream."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from mmhelpers.plotting import (
    plot_bootstrap,
    plot_drift,
    plot_laws,
    plot_lines,
    plot_norm_axes,
    plot_paths,
    plot_seeds,
    plot_stream,
    plot_targets,
)


def test_laws():
    points = {"tree": [(1e3, 2.2), (1e4, 2.1)], "net": [(1e3, 2.3)]}
    ax = plot_laws(
        points, {"tree": lambda size: 2.2 - size / 1e5}, "parameters", {"V1": (5e3, 2.1)}
    )
    assert ax.get_xscale() == ax.get_yscale() == "log"
    dots, line, alone, other = ax.lines
    assert dots.get_xydata().tolist() == [list(pair) for pair in points["tree"]]
    assert line.get_xydata()[0].tolist() == pytest.approx([1e3, 2.19])
    assert line.get_xydata()[-1].tolist() == pytest.approx([1e4, 2.1])
    assert line.get_color() == dots.get_color() != alone.get_color()
    assert other.get_xydata().tolist() == [[5e3, 2.1]]
    assert sorted(text.get_text() for text in ax.texts) == ["V1", "net", "tree"]


def test_seeds():
    ax = plot_seeds({"V1": [2.1, 2.2], "V2": [2.0]}, {"V2": 2.05})
    dots, other, cross = ax.lines
    assert dots.get_xydata().tolist() == [[2.1, 0], [2.2, 0]]
    assert other.get_xydata().tolist() == [[2.0, 1]]
    assert cross.get_xydata().tolist() == [[2.05, 1]]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["V1", "V2"]
    assert ax.yaxis_inverted()  # the first row stands on top


def test_bootstrap():
    values, means = [0.1, 0.2, 0.4], np.linspace(0, 1, 100)
    top = plot_bootstrap(values, means, (0.1, 0.9), shown=3)
    below = top.figure.axes[1]
    measured, *samples = [line.get_xdata()[0] for line in top.lines]
    assert measured == pytest.approx(np.mean(values)) and len(samples) == 3
    drawn = top.collections[1::2]  # each row's own values, on top of all of them
    assert drawn[0].get_offsets()[:, 0].tolist() == values
    for mean, dots in zip(samples, drawn[1:], strict=True):
        places = dots.get_offsets()[:, 0]
        counts = (dots.get_sizes() / 25) ** (2 / 3)
        assert counts.sum() == pytest.approx(3)
        assert (places * counts).sum() / 3 == pytest.approx(mean)
    assert [line.get_xdata()[0] for line in below.lines] == [0.1, 0.9]
    assert sum(bar.get_height() for bar in below.patches) == 100


def test_paths():
    paths = {"a": [(-2.0, 1.0), (0.0, 0.0)], "b": [(-2.0, 1.0)], "c": [(1.0, 1.0)]}
    ax = plot_paths(paths, lambda x, y: x**2 + 10 * y**2, (-3, 3, -2, 2))
    shown = [other for other in ax.figure.axes if other.get_visible()]
    assert [other.get_title() for other in shown] == ["a", "b", "c"]
    path, first, last, lowest = shown[0].lines
    assert path.get_xydata().tolist() == [[-2, 1], [0, 0]]
    assert first.get_xydata().tolist() == [[-2, 1]] and last.get_xydata().tolist() == [[0, 0]]
    assert lowest.get_xydata()[0] == pytest.approx([0, 0], abs=0.02)


def test_lines():
    ax = plot_lines({"a": [1.0, 2.0], "b": list(range(50))}, "step", "rate", first=1)
    short, long = ax.lines
    assert short.get_xydata().tolist() == [[1, 1], [2, 2]]
    assert long.get_xdata()[-1] == 50 and long.get_marker() == ""


def test_norm_axes():
    x = torch.arange(12.0).view(2, 2, 3)
    batch, layer = plot_norm_axes(x).figure.axes
    assert batch.get_title() == "BatchNorm: 3 groups of 4 numbers"
    assert layer.get_title() == "LayerNorm: 4 groups of 3 numbers"
    for ax, groups in ((batch, 3), (layer, 4)):
        colors = {to_hex(p.get_facecolor()) for p in ax.patches if p.get_fill()}
        assert len(colors) == groups


def test_stream():
    ax = plot_stream(["block 1", "block 2"], [0.5, 0.25], [1.0, 1.5, 1.6])
    texts = [text.get_text() for text in ax.texts]
    assert texts.count("+") == 2 and {"block 1", "block 2"} <= set(texts)
    heights = [bar.get_height() for bar in ax.figure.axes[1].patches]
    assert heights == [1.0, 1.5, 0.5, 0.25]


def test_targets():
    ax = plot_targets([".", "a", "$"], 1, [0.5, 0.25, 0.25], 0.2)
    heights = np.array([bar.get_height() for bar in ax.patches]).reshape(2, 3)
    assert heights[0] == pytest.approx([0, 0.8, 0])
    assert heights.sum(0) == pytest.approx([0.1, 0.85, 0.05])
    assert [tick.get_text() for tick in ax.get_xticklabels()] == [".", "a", "$"]


def test_drift():
    ax = plot_drift({"V1": [1e-7, 1e-6], "V5": [1e-7]})
    assert ax.get_yscale() == "log"
    assert [line.get_xdata().tolist() for line in ax.lines] == [[0.5, 1.0], [1.0]]
