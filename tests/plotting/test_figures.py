"""Each figure draws what it is given."""

import numpy as np
import pytest
import torch

from mmhelpers import plotting
from mmhelpers.diagnostics import histogram
from mmhelpers.plotting.log import plot_log
from mmhelpers.plotting.tables import ink_on, short


def ys(line):
    return np.asarray(line.get_ydata(), dtype=float).tolist()


def labels(ax):
    return [line.get_label() for line in ax.lines]


def ticks(axis):
    return [text.get_text() for text in axis.get_ticklabels()]


def panels(ax):
    return [other for other in ax.figure.axes if other.get_label() != "<colorbar>"]


def test_units():
    blocked = torch.tensor([[True, False], [True, True], [False, False]])
    ax = plotting.plot_units({"a": blocked, "all": torch.ones(2, 2).bool()})
    image, full = (other.get_images()[0] for other in panels(ax))
    assert torch.equal(torch.tensor(image.get_array()).bool(), blocked)
    assert image.get_clim() == full.get_clim() == (0, 1)  # white is saturated in each


def test_tanh_and_derivative():
    curve, slope = plotting.plot_tanh_and_derivative(2).lines
    x = np.linspace(-2, 2, 401)
    assert np.allclose(curve.get_xydata(), np.stack([x, np.tanh(x)], 1))
    assert np.allclose(slope.get_ydata(), 1 - np.tanh(x) ** 2)


@pytest.mark.parametrize(("centre", "spread"), [(4, 2), (-8, 4), (8, 4), (0, 0.1), (-8, 0.3)])
def test_normalisation_has_fixed_limits_that_fit(centre, spread):
    noise = torch.randn(1000, generator=torch.Generator().manual_seed(42))
    ax = plotting.plot_normalisation({"": (centre + spread * noise, noise)})
    assert ax.get_xlim() == (-22, 22) and ax.get_ylim() == (0, 2.3)
    above, below = (patch.get_data() for patch in ax.patches)
    for (values, edges, base), given in ((above, centre + spread * noise), (below, noise)):
        density = np.array(histogram(given, 30).density)
        assert np.allclose(values - base, density / density.max())
        assert -22 <= edges[0] and edges[-1] <= 22 and values.max() <= 2.3


def test_loss_of_one_run_stands_before_its_single_losses():
    losses = torch.rand(400, generator=torch.Generator().manual_seed(1)).tolist()
    single, mean = plotting.plot_loss({"train": losses}, window=20).lines
    assert ys(single) == losses
    assert np.allclose(ys(mean), np.reshape(losses, (20, 20)).mean(1))
    assert (single.get_label(), mean.get_label()) == ("a step", "mean of 20")
    assert single.get_zorder() < mean.get_zorder()


def test_a_long_run_has_a_dot_every_so_many_steps():
    losses = torch.rand(10_000, generator=torch.Generator().manual_seed(1)).tolist()
    single = plotting.plot_loss({"train": losses}).lines[0]
    assert ys(single) == losses[::5]
    assert single.get_label() == "a step, every 5th"


def test_loss_of_several_runs():
    ax = plotting.plot_loss({"a": [1.0] * 40, "b": [2.0] * 40}, window=100)
    assert [ys(line) for line in ax.lines] == [[1.0] * 20, [2.0] * 20]
    assert labels(ax) == ["a", "b"]
    assert ax.get_ylabel() == "minibatch loss (nats), mean of 2 steps"
    assert plotting.plot_loss({"a": [1.0, 2.0]}, window=1).get_ylabel() == "minibatch loss (nats)"


def test_lr_range():
    rates = np.logspace(-3, 0, 40).tolist()
    ax = plotting.plot_lr_range(rates, list(range(1, 41)), chosen=0.1)
    dots, mean, chosen = ax.lines
    assert ys(dots) == list(range(1, 41)) and list(dots.get_xdata()) == rates
    assert ys(mean) == [1.5 + 2 * i for i in range(20)]
    assert list(chosen.get_xdata()) == [0.1, 0.1]
    assert [text.get_text() for text in ax.texts] == ["chosen: 0.1"]


def test_logit_gradients():
    gradient = torch.tensor([[0.2, -0.9], [0.1, 0.0]])
    ax = plotting.plot_logit_gradients(gradient, "ab")
    (image,) = ax.get_images()
    assert np.allclose(image.get_array(), -gradient)
    assert np.allclose(image.get_clim(), (-0.2, 0.2))


def test_line_removed():
    x, coming = torch.tensor([0.0, 1.0, 2.0]), torch.tensor([1.0, 3.0, 5.0])
    ax = plotting.plot_line_removed(x, coming, torch.zeros(3))
    first, best, second, flat = ax.lines
    assert ys(first) == [1, 3, 5] and np.allclose(ys(best), [1, 5])
    assert ys(second) == [0, 0, 0] and np.allclose(ys(flat), [0, 0])
    assert [(tuple(a.xyann), tuple(a.xy)) for a in ax.texts] == [
        ((0, 1), (0, 0)),
        ((1, 3), (1, 0)),
        ((2, 5), (2, 0)),
    ]


def test_curves_say_what_the_band_is():
    ax = plotting.plot_curves({"V1": [[3.0, 1.0], [2.0, 2.0]]}, {"V1": 100})
    assert ax.lines[0].get_xydata().tolist() == [[25, 2.5], [75, 1.5]]
    band = ax.collections[0].get_paths()[0].vertices
    assert {tuple(point) for point in band} == {(25, 2), (25, 3), (75, 1), (75, 2)}
    assert ax.get_title(loc="left") == "line: mean of 2 runs; band: from the lowest to the highest"
    assert plotting.plot_curves({"V1": [[3.0, 1.0]]}, {"V1": 9}).get_title(loc="left") == ""


def test_curves_leave_out_the_first_fall():
    curve = [30.0, *(3 - i / 100 for i in range(99))]
    ax = plotting.plot_curves({"V1": [curve]}, {"V1": 100})
    assert ys(ax.lines[0]) == curve and ax.get_ylim()[1] < 3.1


def test_pair_counts():
    counts = torch.tensor([[0, 9000], [12345, 4]])
    ax = plotting.plot_pair_counts(counts, "ab")
    (image,) = ax.get_images()
    assert np.array_equal(image.get_array(), counts)
    texts = {
        (text.get_position()[0], round(text.get_position()[1]), text.get_text())
        for text in ax.texts
    }
    assert texts == {
        (0, 0, "aa"), (0, 0, "0"), (1, 0, "ab"), (1, 0, "9000"),
        (0, 1, "ba"), (0, 1, "12k"), (1, 1, "bb"), (1, 1, "4"),
    }  # fmt: skip
    assert np.isclose(image.norm(12345 / 4), 0.5)  # the square root of a quarter
    assert "square root" in ax.figure.axes[1].get_xlabel()
    assert plotting.picture(plotting.plot_pair_counts(torch.zeros(2, 2).long(), "ab"))


def test_short_counts():
    assert [short(n) for n in (0, 9999, 10_000, 12_345, 1_999_999, 5 * 10**9)] == [
        "0", "9999", "10k", "12k", "1M", "5G"
    ]  # fmt: skip


def test_ink_can_be_read_on_every_shade():
    for shade in np.linspace(0, 1, 51):
        linear = shade / 12.92 if shade <= 0.04045 else ((shade + 0.055) / 1.055) ** 2.4
        ink = {"black": 0.0, "white": 1.0}[ink_on([shade] * 3)]
        light, dark = max(linear, ink) + 0.05, min(linear, ink) + 0.05
        assert light / dark >= 4.5


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_tables(number):
    tables = {f"t{i}": torch.eye(2) * i / 4 for i in range(number)}
    ax = plotting.plot_tables(tables, "ab", top=0.5)
    assert [other.get_title() for other in panels(ax)] == list(tables)
    for other, table in zip(panels(ax), tables.values(), strict=True):
        assert np.array_equal(other.get_images()[0].get_array(), table)
        assert other.get_images()[0].get_clim() == (0, 0.5)
        assert ticks(other.yaxis) == ["a", "b"]
    assert plotting.picture(ax)


def test_smoothing_marks_the_best():
    ax = plotting.plot_smoothing([0.1, 1, 10], {"dev": [3.0, 2.0, 4.0]})
    line, best = ax.lines
    assert ys(line) == [3, 2, 4] and best.get_xydata().tolist() == [[1, 2]]


def test_log():
    ax = plot_log({"loss": [(0, 4.0), (5, 2.0), (10, 0.0)], "train": [(5, 3.0)]}, window=2)
    assert [ys(line) for line in ax.lines] == [[4, 2, 0], [4, 3, 1], [3]]
    assert labels(ax) == ["minibatch", "mean of 2", "train"]
