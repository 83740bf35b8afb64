"""The figures of notebook 07 draw what they are given."""

import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.patches import FancyArrowPatch, Rectangle

from mmhelpers import plotting
from mmhelpers.plotting.scans import MANY
from mmhelpers.plotting.style import RED


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_rows_count_what_is_padding():
    first = plotting.plot_rows(["emma", "bo", "ada"], 8)
    axes = first.figure.axes
    hatched = [sum(bool(patch.get_hatch()) for patch in ax.patches) for ax in axes]
    assert hatched == [12, 3, 0]
    titles = [ax.get_title().split("\n") for ax in axes]
    assert titles == [
        ["padded", "12 of 24 boxes count"],
        ["trimmed", "12 of 15 boxes count"],
        ["packed", "12 of 12 boxes count"],
    ]
    letters = "".join(texts(axes[2]))
    assert letters == ".emma.ada.bo33321"
    assert all(isinstance(patch, Rectangle) for patch in first.patches)


def test_unrolled_has_a_cell_for_each_input():
    ax = plotting.plot_unrolled("ab", 27, 3, 5)
    said = texts(ax)
    assert said.count("cell") == 3 and said.count("a") == said.count("b") == 2
    assert said.count(".") == 2  # the start and the end
    for shape in ("(27, 3)", "(3, 5)", "(5, 5)", "(5, 27)", "(B, T, 27)"):
        assert any(shape in text for text in said), shape
    assert plotting.picture(ax)


@pytest.mark.parametrize(
    ("draw", "boxes", "ways"), [(plotting.plot_gru, "zrn", 2), (plotting.plot_lstm, "figo", 2)]
)
def test_cells_name_their_boxes(draw, boxes, ways):
    ax = draw(3, 5)
    said = texts(ax)
    assert sorted(text[0] for text in said if " = " in text) == sorted(boxes)
    assert any("W (3, 5), U (5, 5), b (5,)" in text for text in said)
    arrows = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    assert sum(arrow.get_linewidth() > 3 for arrow in arrows) == ways + 1  # the state's way
    assert plotting.picture(ax)


def test_the_gru_says_what_enters_its_candidate():
    (said,) = (text for text in texts(plotting.plot_gru(3, 5)) if "into" in text)
    assert "into n: x W + b + r · (h U + c)" in said and "c (5,)" in said
    assert not any("(h U + c)" in text for text in texts(plotting.plot_lstm(3, 5)))


def test_the_knob_stands_where_z_puts_it():
    knob = plotting.plot_gru(3, 5).figure.axes[1]
    places = [line.get_xdata()[0] for line in knob.lines if line.get_marker() == "o"]
    assert places == pytest.approx([-0.5, 0.15, 0.67])
    assert texts(knob)[:3] == ["z = 0.0: -0.50", "z = 0.5: 0.15", "z = 0.9: 0.67"]


@pytest.mark.parametrize(("T", "levels"), [(16, 4), (8, 3), (5, 3)])
def test_dilated_reaches_all_that_the_last_output_sees(T, levels):
    ax = plotting.plot_dilated(T, 10)
    red = [line for line in ax.lines if to_hex(line.get_color()) == RED]
    bottom = {int(line.get_xdata()[1]) for line in red if line.get_ydata()[1] == 0}
    assert bottom == set(range(T))
    assert [text.get_text() for text in ax.get_yticklabels()][1:] == [
        f"dilation {2**i}" for i in range(levels)
    ]
    assert any("(20, 20)" in text for text in texts(ax.figure.axes[1]))


@pytest.mark.parametrize("T", [2, 5, 8])
def test_scan_ends_with_steps_from_the_first(T):
    ax = plotting.plot_scan(T)
    said = [text for text in texts(ax) if "back" not in text and "single" not in text]
    assert said[:T] == [f"{t + 1}" for t in range(T)]
    assert said[-T:] == ["1", *(f"1–{t + 1}" for t in range(1, T))]
    assert len(said) == T * ((T - 1).bit_length() + 1)


def test_knobs_have_a_column_for_each_letter():
    ax = plotting.plot_knobs({"ab": torch.rand(3, 4), "$": torch.ones(2, 4)})
    first, second = (other.get_images()[0] for other in ax.figure.axes[:2])
    assert first.get_array().shape == (4, 3) and second.get_array().shape == (4, 2)
    assert first.get_clim() == second.get_clim() == (0, 1)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == [".", "a", "b"]
    assert plotting.picture(ax)


def test_over_draws_its_points_and_names_them():
    many = {k: 0.5**k for k in range(MANY + 1)}
    ax = plotting.plot_over({"a": {1: 2.0, 4: 3.0}, "b": many}, "steps", "size", log="y")
    few, long = ax.lines
    assert few.get_xydata().tolist() == [[1, 2], [4, 3]]
    assert (few.get_markevery(), long.get_markevery() is None) == (None, False)
    assert (ax.get_xscale(), ax.get_yscale()) == ("linear", "log")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("steps", "size")


def test_over_has_plain_numbers_on_logarithmic_axes():
    ax = plotting.plot_over({"a": {8: 6.0, 200: 40.0}}, "letters", "ms", log="xy")
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["8", "200"]
    assert ax.yaxis.get_major_formatter()(10) == ax.yaxis.get_minor_formatter()(10) == "10"


def test_step_times_have_a_colour_for_each_way_and_a_style_for_each_size():
    points = {4: 1.0, 8: 2.0}
    ax = plotting.plot_step_times({(way, B): points for B in (32, 1) for way in ("a", "b")})
    a32, b32, a1, b1 = ax.lines
    assert a32.get_color() == a1.get_color() != b32.get_color() == b1.get_color()
    assert a32.get_linestyle() == b32.get_linestyle() != a1.get_linestyle() == b1.get_linestyle()
    assert [line.get_label() for line in ax.lines][::3] == ["a, B = 32", "b, B = 1"]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["4", "8"]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
