"""The drawings of notebook 08 show what they are given."""

import pytest
import torch
from matplotlib.text import Text

from mmhelpers import plotting
from mmhelpers.layers.attention import angles


def texts(ax):
    return [text.get_text() for text in ax.figure.findobj(Text) if text.get_text()]


def masked(T):
    return torch.zeros(T, T).masked_fill(torch.ones(T, T).triu(1).bool(), -torch.inf)


def test_weights_hatch_what_lies_ahead():
    ax = plotting.plot_weights({"masked": masked(3), "softmax": masked(3).softmax(-1)}, "ada")
    first, second = ax.figure.axes
    assert [text.get_text() for text in first.texts].count("−∞") == 3 == len(first.patches)
    assert [text.get_text() for text in second.texts] == ["1", "0", "0", "0.50", "0.50", "0"] + [
        "0.33"
    ] * 3
    assert [tick.get_text() for tick in first.get_xticklabels()] == ["a", "d", "a"]


def test_the_strip_holds_the_numbers_of_the_pass():
    x = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    weights = masked(2).softmax(-1)
    shown = texts(plotting.plot_attention_strip("ab", x, x, x, 6 * x, weights))
    assert shown.count("−∞") == 1
    assert shown.count("6") == 3  # of the values, and the first row of the result
    assert shown.count("3") == 2  # the mean of both, in the second


@pytest.mark.parametrize("modern", [False, True])
def test_blocks_name_the_shapes_of_their_parameters(modern):
    shown = " ".join(texts(plotting.plot_blocks(64, modern)))
    assert "(64, 192) (64, 64)" in shown and "(64, 256) (256, 64)" in shown
    assert ("(64, 344) (172, 64)" in shown) == modern == ("RMSNorm" in shown)


def test_dials_turn_by_the_angles():
    ax = plotting.plot_dials(angles(0, 3, 8))
    dials = ax.figure.axes
    assert len(dials) == 4
    x, y = dials[0].lines[2].get_data()  # position 2, turned by 2
    assert (x[1], y[1]) == pytest.approx((-0.41615, 0.90930), abs=1e-4)


def test_positions_are_compared_by_their_angles():
    ax = plotting.plot_position_vectors(torch.tensor([[1.0, 0.0], [0.0, 2.0], [-3.0, 0.0]]))
    pictures = [other.get_images()[0].get_array() for other in ax.figure.axes if other.get_images()]
    assert pictures[1].tolist() == [[1, 0, -1], [0, 1, 0], [-1, 0, 1]]


def test_many_positions_stay_within_bounds():
    ax = plotting.plot_position_vectors(torch.randn(500, 4))
    assert max(ax.get_images()[0].get_array().shape) == 40


def test_the_ladder_goes_down():
    ax = plotting.plot_ladder({"first": 2.5, "second": 2.25}, {"table": 1.98})
    assert ax.lines[0].get_xdata().tolist() == [2.5, 2.25]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    assert {"2.500", "2.250", "table"} <= set(texts(ax))


def test_bars_share_a_scale():
    ax = plotting.plot_bars({"before": [3, -2], "after": [1, -1]})
    assert [[bar.get_height() for bar in panel.patches] for panel in ax.figure.axes] == [
        [3, -2],
        [1, -1],
    ]


def test_the_student_has_a_teacher():
    shown = texts(plotting.plot_student())
    assert any(text.startswith("teacher") for text in shown) and "student" in shown
