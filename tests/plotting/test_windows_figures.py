"""The figures of notebook 02 draw what they are given."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from mmhelpers import plotting
from mmhelpers.plotting.style import BLUE, ORANGE


def texts(ax):
    return [text.get_text() for text in ax.texts]


def filled(ax, color):
    """How many boxes have this colour."""
    boxes = [p for p in ax.patches if isinstance(p, Rectangle) and p.get_fill()]
    return sum(to_rgb(box.get_facecolor()) == to_rgb(color) for box in boxes)


@pytest.mark.parametrize(("word", "block_size"), [("ada", 3), ("b", 1), ("éß", 5)])
def test_windows(word, block_size):
    ax = plotting.plot_windows(word, block_size)
    text, rows = "." * block_size + word + ".", len(word) + 1
    examples = [text[i : i + block_size] + "  →  " + text[i + block_size] for i in range(rows)]
    assert [t for t in texts(ax) if "→" in t] == examples
    assert (filled(ax, BLUE), filled(ax, ORANGE)) == (rows * block_size, rows)


def test_storage():
    emb = torch.arange(12).view(2, 3, 2)
    ax = plotting.plot_storage([emb, emb.view(2, 6)])
    numbers = [str(i) for i in range(12)]
    for other in ax.figure.axes:
        assert texts(other) == numbers
        assert (filled(other, BLUE), filled(other, ORANGE)) == (6, 6)
    titles = [other.get_title() for other in ax.figure.axes[1:]]
    assert titles == [
        "shape (2, 3, 2), stride (6, 2, 1): next table 6 on, next row 2 on, next column 1 on",
        "shape (2, 6), stride (6, 1): next row 6 on, next column 1 on",
    ]
    with pytest.raises(ValueError, match="no views of one storage"):
        plotting.plot_storage([emb, emb.clone()])


@pytest.mark.parametrize(
    "sizes", [(27, ".em", 10, 200), (5, "$_", 3, 4), (3000, "ab" * 4, 24, 500)]
)
def test_mlp(sizes):
    V, context, n_embd, n_hidden = sizes
    ax, T = plotting.plot_mlp(*sizes), len(context)
    counts = [V * n_embd, (T * n_embd + 1) * n_hidden, (n_hidden + 1) * V]
    assert [t.rpartition("\n")[2] for t in texts(ax) if t.endswith("numbers")] == [
        f"{count:,} numbers" for count in counts
    ]
    shapes = [(T,), (T, n_embd), (T * n_embd,), (n_hidden,), (V,)]
    shown = [t.split("\n")[1] for t in texts(ax) if "\n(B, " in t]
    assert shown == [f"(B, {', '.join(map(str, shape))})" for shape in shapes]
    assert [t for t in texts(ax) if len(t) == 1] == list(context)
    assert len(ax.patches) == 3 * T + 2  # the boxes
    assert [len(fan.get_segments()) for fan in ax.collections] == [49, 49]


def test_embedding_moves():
    before = torch.tensor([[0.0, 0.0], [1.0, 1.0], [2.0, 3.0]])
    after = before + torch.tensor([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]])
    left = plotting.plot_embedding_moves(before, after, [".", "a", "b"])
    right = left.figure.axes[1]
    for ax, C in ((left, before), (right, after)):
        drawn = {t.get_text(): list(t.xy) for t in ax.texts if t.get_text()}
        assert drawn == dict(zip([".", "a", "b"], C.tolist(), strict=True))
        dots = ax.collections[-1]
        places = [tuple(place) for place in dots.get_offsets().tolist()]
        colors = dict(zip(places, map(to_rgb, dots.get_facecolor()), strict=True))
        assert colors[tuple(C[1].tolist())] == to_rgb(ORANGE)
        assert colors[tuple(C[2].tolist())] == to_rgb(BLUE)
    arrows = right.collections[0]
    tails = map(tuple, arrows.get_offsets().tolist())
    ways = dict(zip(tails, zip(arrows.U, arrows.V, strict=True), strict=True))
    expected = zip(before.tolist(), (after - before).tolist(), strict=True)
    assert ways == {tuple(tail): tuple(way) for tail, way in expected}


def test_names_of_points_that_coincide_lie_apart():
    C = torch.zeros((4, 2))
    left = plotting.plot_embedding_moves(C, C, "abcd")
    offsets = torch.tensor([t.xyann for t in left.texts if t.get_text()])
    assert torch.pdist(offsets).min() > 8 and offsets.norm(dim=1).min() > 8


def test_a_run_in_two_pictures():
    losses = (2 + torch.rand(4000, generator=torch.Generator().manual_seed(1))).tolist()
    early = plotting.plot_run([20.0, *losses], change=2000, first=100, window=100)
    whole = early.figure.axes[1]
    assert list(early.lines[0].get_ydata()) == [20.0, *losses[:99]]
    assert early.get_ylim()[1] > 20  # the first fall is in view
    assert np.allclose(whole.lines[1].get_ydata()[1], np.mean(losses[99:199]))
    assert list(whole.lines[2].get_xdata()) == [2000, 2000]


@pytest.mark.parametrize("steps", [1, 2, 30])
def test_a_run_may_be_short(steps):
    plotting.picture(plotting.plot_run([3.0] * steps, change=1))
