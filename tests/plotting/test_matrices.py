"""The figures of small matrices and of counting draw what they are given."""

import numpy as np
import pytest
import torch

from mmhelpers import plotting

COUNTS = torch.tensor([[0, 5, 1], [2, 0, 9], [4, 3, 2]])


def said(ax):
    return [text.get_text() for text in ax.texts]


def ys(line):
    return np.asarray(line.get_ydata(), dtype=float).tolist()


def panels(ax):
    return [other for other in ax.figure.axes if other.get_label() != "<colorbar>"]


def test_count_rows_write_character_and_count():
    ax = plotting.plot_count_rows(COUNTS, [".", "a", "b"], [2, 0])
    assert said(ax) == [".", "4", "a", "3", "b", "2", ".", "0", "a", "5", "b", "1"]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["b", "."]


def test_count_rows_of_a_large_alphabet_show_the_commonest():
    counts = torch.arange(300).expand(300, 300)
    ax = plotting.plot_count_rows(counts, [chr(0x4E00 + i) for i in range(300)], [0, 1])
    assert len(ax.texts) == 2 * 2 * 28 + 1 and "28 commonest followers, of 300" in said(ax)[-1]


def test_darts_pieces_lie_end_to_end():
    ax = plotting.plot_darts([0.6, 0.3, 0.1], [0.05, 0.95], ["x", "$", "z"])
    ends = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches[:3]]
    assert np.allclose(ends, [(0, 0.6), (0.6, 0.9), (0.9, 1)])
    assert {"x: 0.6", "$: 0.3", "z: 0.1", "0.05", "0.95"} <= set(said(ax))


@pytest.mark.parametrize("p", [1.0, 0.5, 1e-6])
def test_minus_log_marks_what_is_given(p):
    ax = plotting.plot_minus_log({"ab": p})
    assert np.allclose(ax.lines[1].get_xydata(), [[p, -np.log(p)]])
    assert said(ax) == [f"ab: {-np.log(p) + 0.0:.2f}"]  # not -0.00
    assert ax.get_ylim()[1] > -np.log(p)


def test_minus_log_labels_keep_apart():
    ax = plotting.plot_minus_log({f"{i}x": 0.03 + 0.001 * i for i in range(8)})
    ax.figure.canvas.draw()
    points = 72 / ax.figure.dpi
    heights = [ax.transData.transform(n.xy)[1] * points + n.xyann[1] for n in ax.texts]
    assert np.diff(sorted(heights)).min() > ax.texts[0].get_fontsize()


def test_ngrams():
    lines = {"one": {1: 2.0, 2: 1.5}, "two": {1: 2.1, 2: 1.0}}
    above, below = panels(plotting.plot_ngrams(lines, {1: 3, 2: 7}, 3))
    assert [ys(line) for line in above.lines] == [[2.0, 1.5], [2.1, 1.0]]
    assert ys(below.lines[0]) == [3, 9]
    assert [bar.get_height() for bar in below.patches] == [3, 7] and said(below) == ["3", "7"]


def test_descent_leaves_a_hole_at_the_floor():
    left, right = panels(plotting.plot_descent({"loss": [3.0, 2.5, 2.0]}, 2.0))
    assert ys(left.lines[0]) == [3.0, 2.5, 2.0] and ys(left.lines[1]) == [2.0, 2.0]
    assert ys(right.lines[0])[:2] == [1.0, 0.5] and np.isnan(ys(right.lines[0])[2])
    assert right.get_yscale() == "log"


def test_broadcasting_shows_both_divisions():
    table = torch.tensor([[1.0, 3.0], [2.0, 6.0]])
    across, down = panels(plotting.plot_broadcasting(table))
    assert [t for t in said(across) if t.startswith("sum")] == ["sum 1", "sum 1"]
    assert [t for t in said(down) if t.startswith("sum")] == ["sum 0.625", "sum 1.25"]
    assert said(across)[4:8] == ["4", "4", "8", "8"] and said(down)[4:8] == ["4", "8", "4", "8"]


def test_one_hot():
    rows = torch.nn.functional.one_hot(torch.tensor([2, 0]), 3)
    ax = plotting.plot_one_hot(rows, ["b", "."], [".", "a", "b"])
    assert ax.get_images()[0].get_array().tolist() == rows.tolist()


def test_row_picked():
    W = torch.tensor([[1.0, 2.0], [3.0, -0.01]])
    texts = said(plotting.plot_row_picked(1, W))
    assert texts[:8] == ["0", "1", "1", "2", "3", "0", "3", "0"]


def test_difference():
    one = torch.tensor([[0.5, 0.5], [0.1, 0.9]])
    two = torch.tensor([[0.5, 0.5], [0.4, 0.6]])
    shown = panels(plotting.plot_difference({"a": one, "b": two}, [".", "$"], torch.tensor([9, 1])))
    tables = [ax.get_images()[0].get_array() for ax in shown[:3]]
    assert np.allclose(tables[2], (one - two).abs())
    places = {text.get_text(): text.get_position() for text in shown[3].texts}
    assert np.allclose(places["."], (9, 0)) and np.allclose(places["$"], (1, 0.6))
