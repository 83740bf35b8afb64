"""The figures of notebook 03 draw what they are given."""

import math

import numpy as np
import pytest
import torch
from matplotlib.text import Annotation

from mmhelpers import plotting
from mmhelpers.diagnostics import histogram
from mmhelpers.plotting.instruments import RULE


def ys(line):
    return np.asarray(line.get_ydata(), dtype=float).tolist()


def texts(ax):
    return [text.get_text() for text in ax.findobj(Annotation)]


def random(*shape, size=1.0):
    return size * torch.randn(shape, generator=torch.Generator().manual_seed(1))


def seen(size, steps=100):
    """What the instruments see in a net of two layers."""
    outputs = [torch.tanh(random(50, 4, size=size)), random(50, 4, size=0.5).clamp(-1, 1)]
    gradients = [random(50, 4, size=1e-4), torch.zeros(50, 4)]
    ratios = [[-2.0 - layer] * steps for layer in range(2)]
    return plotting.Instruments(outputs, gradients, [random(4, 4), random(4, 4)], ratios)


def test_before_and_after():
    given = {"sick": (random(90), random(80)), "healthy": (random(70), random(60))}
    axes = np.array(plotting.plot_before_and_after(given).figure.axes).reshape(2, 2)
    for column, (title, tensors) in zip(axes.T, given.items(), strict=True):
        assert column[0].get_title() == title
        for ax, tensor in zip(column, tensors, strict=True):
            assert list(ax.patches[0].get_data()[0]) == histogram(tensor, bins=50).density


@pytest.mark.parametrize("steps", [1, 5, 100, 1000])
def test_instruments_have_a_row_for_each_net_and_a_line_for_each_layer(steps):
    rows = {
        "gain 1": seen(1.0, steps),
        "no tanh": seen(1.0)._replace(outputs=[random(9, 9) * 9] * 2),
    }
    axes = np.array(plotting.plot_instruments(rows).figure.axes).reshape(2, 4)
    assert [row[0].get_ylabel() for row in axes] == list(rows)
    assert [len(ax.lines) for ax in axes[0]] == [2, 1, 2, 3]  # no line for gradients of 0
    assert axes[0, 0].get_xlim() == (-1.05, 1.05) and axes[1, 0].get_xlim()[1] > 5
    assert axes[0, 1].get_xlim() == axes[1, 1].get_xlim()
    first, second, rule = axes[0, 3].lines
    assert set(ys(first)) == {-2.0} and set(ys(second)) == {-3.0} and set(ys(rule)) == {RULE}


def test_instruments_of_a_net_that_ended_at_once():
    nothing = plotting.Instruments(
        [torch.zeros(2, 2)], [torch.zeros(2, 2)], [torch.zeros(2, 2)], [[]]
    )
    axes = plotting.plot_instruments({"dead": nothing}).figure.axes
    assert [len(ax.lines) for ax in axes] == [1, 0, 0, 2]


def test_ratio_panels_share_their_axes():
    panels = {f"run {i}": [[-float(i)] * 40, [-1.0] * 40] for i in range(4)}
    axes = plotting.plot_ratio_panels(panels, columns=2).figure.axes
    assert [ax.get_title() for ax in axes] == list(panels)
    assert {ax.get_ylim() for ax in axes} == {(-5, 1)}
    assert set(ys(axes[3].lines[0])) == {-3.0}


def test_sizes():
    forward, back = {"a": [1.0, 0.1], "b": [1.0, 10.0]}, {"a": [0.5, 1.0]}
    left, right = plotting.plot_sizes(forward, back).figure.axes
    assert [ys(line) for line in left.lines] == list(forward.values())
    assert [ys(line) for line in right.lines] == list(back.values())
    assert left.get_yscale() == right.get_yscale() == "log"
    assert {"a", "b"} <= set(texts(left))


def test_rates_ring_the_lowest_and_lines_leave_the_view():
    lines = {"gain 1": {0.1: [2.5, 2.7], 1.0: [2.4, 2.5], 10.0: [math.inf, 9.0]}}
    ax = plotting.plot_rates([{"2 layers": lines, "5 layers": lines}], top=3.4, bottom=2.2)
    assert [other.get_title() for other in ax.figure.axes] == ["2 layers", "5 layers"]
    line, ring = [line for line in ax.lines if line.get_marker() == "o"]
    assert ys(line)[:2] == pytest.approx([2.6, 2.45]) and ys(line)[2] > 100
    assert ring.get_xydata().tolist() == [[1.0, pytest.approx(2.45)]]
    assert ax.get_ylim() == (2.2, 3.4) and ax.get_xscale() == "log"


@pytest.mark.parametrize("count", [1, 7, 5000])
def test_early_losses(count):
    losses = [3.0 + 1 / (1 + i) for i in range(count)]
    ax = plotting.plot_early({"a": losses, "b": losses}, 3000)
    assert [line.get_label() for line in ax.lines] == ["_single", "a", "_single", "b"]
    assert ys(ax.lines[0]) == losses[:3000]
    assert np.mean(ys(ax.lines[1])) == pytest.approx(np.mean(losses[:3000]), abs=0.02)


@pytest.mark.parametrize(("B", "H"), [(4, 2), (3, 5), (2, 1)])
def test_batch_table_shows_each_number_and_the_statistics_of_each_column(B, H):
    values = torch.arange(1.0, B * H + 1).view(B, H) ** 2
    normal = (values - values.mean(0)) / values.std(0)
    shown = texts(plotting.plot_batch_table(values, normal))
    numbers = [*values.flatten(), *normal.flatten(), *values.mean(0), *values.std(0)]
    assert {f"{v:.3g}" for v in numbers} <= set(shown)
    assert shown.count("mean") == shown.count("std") == 2


def test_batchnorm_paths():
    upper, lower = plotting.plot_batchnorm_paths().figure.axes
    for ax, word in ((upper, "training"), (lower, "evaluation")):
        assert ax.get_title(loc="left").startswith(word)
        assert "running mean, std\n(1, H)" in texts(ax)
    assert "a little of it\n(momentum)" in texts(upper)
    assert "a little of it\n(momentum)" not in texts(lower)


@pytest.mark.parametrize(("V", "depth", "n_hidden"), [(27, 5, 100), (3, 1, 8)])
def test_stack(V, depth, n_hidden):
    shown = texts(plotting.plot_stack(V, depth, n_hidden))
    assert [text for text in shown if text.startswith("Linear")] == [
        f"Linear\n({fan_in}, {fan_out})"
        for fan_in, fan_out in zip([30] + [n_hidden] * depth, [n_hidden] * depth + [V], strict=True)
    ]
    assert shown.count("tanh") == depth and f"logits\n(B, {V})" in shown


def test_sliders_draw_anew():
    drawn = []

    def draw(a, b):
        drawn.append((a, b))
        return plotting.plot_loss({"x": [a, b]})

    box = plotting.with_sliders(draw, {"a": (1, 0, 2), "b": (3, 0, 4)}, alt="A line falls.")
    first, second, message, image = box.children
    before = image.value
    second.value = 0.5
    assert drawn == [(1, 3), (1, 0.5)] and image.value != before and not message.value
    assert (first.min, first.max, first.description) == (0, 2, "a")
