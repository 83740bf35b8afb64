"""A figure's size and number of texts stay within bounds, however many characters there are."""

import pytest
import torch
from matplotlib.text import Text

from mmhelpers.plotting import (
    plot_attention,
    plot_embedding_moves,
    plot_logit_gradients,
    plot_pair_counts,
    plot_pulls,
    plot_tables,
)
from mmhelpers.plotting.text import label


def characters(V):
    """So many different characters, in an order that has nothing to do with how common they are."""
    return [chr(0x3041 + i) for i in range(V)]


def counts(V):
    """Counts of pairs in which the later characters are the commoner ones."""
    return torch.arange(V).view(V, 1) + torch.arange(V)


def squares(V):
    """Points in the plane, the later the farther out."""
    return torch.arange(2.0 * V).view(V, 2) ** 2


FIGURES = {
    "pair counts": lambda V: plot_pair_counts(counts(V), characters(V)),
    "tables": lambda V: plot_tables({"a": P(V), "b": P(V), "c": P(V)}, characters(V)),
    "pulls": lambda V: plot_pulls(torch.arange(V) / V, V - 1, characters(V)),
    "logit gradients": lambda V: plot_logit_gradients(counts(V)[:9] / V, characters(V)),
    "embedding": lambda V: plot_embedding_moves(torch.zeros(V, 2), squares(V), characters(V)),
}


def P(V):
    """A table in which every character is followed by a common one more often."""
    return torch.arange(1.0, V + 1).expand(V, V) / (V * (V + 1) / 2)


def texts(ax):
    return [text.get_text() for text in ax.figure.findobj(Text) if text.get_text()]


@pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
@pytest.mark.parametrize("V", [27, 100, 300, 3000])
def test_sizes(draw, V):
    ax = draw(V)
    width, height = ax.figure.get_size_inches()
    assert width <= 8 and height <= 10
    bound = 2 * 27 * 27 + 200 if V == 27 else 3 * 2 * 60 + 100
    assert len(ax.figure.findobj(Text)) < bound
    if ax.get_images():
        assert max(ax.get_images()[0].get_array().shape) <= 60
    said = [text for text in texts(ax) if f", of {V:,}" in text]
    assert bool(said) == (V > 60)


def test_the_commonest_are_shown():
    ax = plot_pair_counts(counts(300), characters(300))
    shown = [text.get_text() for text in ax.get_xticklabels()]
    assert shown == list(map(label, characters(300)[240:]))
    assert ax.get_images()[0].get_array()[0, 0] == 480
    assert "the 60 commonest characters, of 300" in texts(ax)
    ax = plot_tables({"a": P(300)}, characters(300))
    assert ax.get_xticklabels()[0].get_text() == label(characters(300)[270])
    assert "the 30 commonest characters, of 300" in texts(ax)


@pytest.mark.parametrize(("V", "written"), [(2, True), (32, True), (33, False), (60, False)])
def test_cells_are_written_in_where_they_are_large_enough(V, written):
    letters = [chr(ord("A") + i) for i in range(V)]
    ax = plot_pair_counts(counts(V), letters)
    assert len(ax.texts) == (2 * V * V if written else 0)
    assert ax.get_images()[0].get_array().shape == (V, V)


def test_code_points_have_no_room_in_a_cell():
    ax = plot_pair_counts(torch.tensor([[1, 2], [3, 4]]), ["a", "\u200d"])  # in no font
    assert sorted(text.get_text() for text in ax.texts) == ["1", "2", "3", "4", "aa"]


def test_a_long_name_is_cut():
    ax = plot_attention({"a" * 900: torch.eye(901).expand(4, -1, -1)})
    assert ax.get_images()[0].get_array().shape == (40, 40)
    assert len(ax.figure.findobj(Text)) < 4 * 3 * 40 * 2
    assert ax.get_ylabel() == "a" * 39 + "…"
