"""The figures of notebook 04 draw what they are given."""

import pytest
import torch
from matplotlib.colors import to_rgb
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.text import Text

from mmhelpers import plotting
from mmhelpers.plotting import graphs
from mmhelpers.plotting.style import BLUE, ORANGE, RED


def texts(ax):
    return [text.get_text() for text in ax.texts if text.get_text()]


def numbers(ax):
    return [text for text in texts(ax) if text.lstrip("-").isdigit()]


def boxes(ax):
    """The colour of each tensor's box by the tensor's name."""
    drawn = [p for p in ax.patches if isinstance(p, FancyBboxPatch)]
    names = [text.partition("\n")[0] for text in texts(ax)]
    return {n: to_rgb(b.get_facecolor()) for n, b in zip(names, drawn, strict=True)}


def test_the_graph_marks_forks_and_parameters():
    assert graphs.forks() == ["hprebn", "bndiff", "logits", "counts"]
    axes = plotting.plot_forward_graph().figure.axes
    for ax in axes:
        for name, color in boxes(ax).items():
            assert (color == to_rgb(ORANGE)) == (name in graphs.forks())
            assert (color == to_rgb(BLUE)) == (name in graphs.PARAMETERS)
    drawn = {name for ax in axes for name in boxes(ax)}
    assert drawn == {name for names in graphs.SHAPES.values() for name in names.split()}


def test_the_graph_is_connected():
    """Every tensor but the inputs is made of others, and every one but the loss is used."""
    edges = [edge.split(">") for _, _, edges in graphs.BANDS for edge in edges.split()]
    names = {name for _, places, _ in graphs.BANDS for name in places}
    assert names - {end for _, end in edges} == {"Xb", *graphs.PARAMETERS}
    assert names - {start for start, _ in edges} == {"loss"}


def test_three_ways():
    ax = plotting.plot_three_ways()
    arrows = [t.arrow_patch for t in ax.texts if getattr(t, "arrow_patch", None)]
    colors = [to_rgb(arrow.get_edgecolor()) for arrow in arrows]
    assert [colors.count(to_rgb(color)) for color in (BLUE, ORANGE, RED)] == [1, 4, 4]


def test_broadcast_backward():
    column, table = torch.tensor([[1.0], [2.0]]), torch.tensor([[1.0, 0.0, 3.0], [2.0, 5.0, 4.0]])
    dout = torch.tensor([[1.0, 2.0, 1.0], [0.0, 1.0, 2.0]])
    forward = plotting.plot_broadcast_backward(column, table, dout)
    backward = forward.figure.axes[1]
    assert [int(t) for t in numbers(forward)][-6:] == [1, 0, 3, 4, 10, 8]
    assert [int(t) for t in numbers(backward)][-2:] == [4, 13]


def test_scatter_add():
    dout = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    ax = plotting.plot_scatter_add([2, 0, 2], dout, 3)
    assert numbers(ax) == ["1", "2", "3", "4", "5", "6", "3", "4", "0", "0", "6", "8"]
    said = [text for text in texts(ax) if "arrived" in text]
    assert said == ["dC[0]: 1 arrived", "dC[1]: 0 arrived", "dC[2]: 2 arrived"]


def test_pulls():
    probs = torch.tensor([0.5, 0.2, 0.3])
    upper = plotting.plot_pulls(probs, 1, [".", "a", "b"])
    lower = upper.figure.axes[1]
    above, below = (
        [p.get_height() for p in ax.patches if isinstance(p, Rectangle)] for ax in (upper, lower)
    )
    assert above == pytest.approx([0.5, 0.2, 0.3])
    assert below == pytest.approx([-0.5, 0.8, -0.3])
    assert probs.tolist() == pytest.approx([0.5, 0.2, 0.3])  # what it was given stays


@pytest.mark.parametrize("V", [2, 100, 3000])
def test_pulls_of_many_characters(V):
    letters = [chr(0x3041 + i) for i in range(V)]
    ax = plotting.plot_pulls(torch.arange(1.0, V + 1) / (V * (V + 1) / 2), 0, letters)
    assert len(ax.figure.findobj(Text)) < 300
    said = [t.get_text() for t in ax.figure.findobj(Text) if f", of {V:,}" in t.get_text()]
    assert bool(said) == (V > 60)


def test_paired():
    ax = plotting.plot_paired({"a": [0.1, -0.2], "b": [0.0, 0.3]}, "difference", "the control")
    assert [list(line.get_xdata()) for line in ax.lines] == [[0.1, -0.2], [0.0, 0.3], [0, 0]]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["a", "b"]
    assert " the control" in texts(ax)
