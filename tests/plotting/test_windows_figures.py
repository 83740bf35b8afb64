"""The figures of notebook 02 draw what they are given."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from matplotlib.patches import ConnectionPatch, Rectangle

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
    assert titles == ["shape (2, 3, 2), stride (6, 2, 1)", "shape (2, 6), stride (6, 1)"]
    with pytest.raises(ValueError, match="no views of one storage"):
        plotting.plot_storage([emb, emb.clone()])


@pytest.mark.parametrize("sizes", [(27, 3, 10, 200), (5, 2, 3, 4), (3000, 8, 24, 500)])
def test_mlp(sizes):
    V, T, n_embd, n_hidden = sizes
    ax = plotting.plot_mlp(*sizes)
    counts = [V * n_embd, (T * n_embd + 1) * n_hidden, (n_hidden + 1) * V]
    assert [t.rpartition("\n")[2] for t in texts(ax) if "numbers" in t] == [
        f"{count:,} numbers" for count in counts
    ]
    shapes = [(T,), (T, n_embd), (T * n_embd,), (n_hidden,), (V,)]
    shown = [t.partition("\n")[2] for t in texts(ax) if "\n(B, " in t]
    assert shown == [f"(B, {', '.join(map(str, shape))})" for shape in shapes]
    columns = [p for p in ax.patches if isinstance(p, Rectangle)]
    assert len(columns) == 3 * T + 2
    assert len(ax.patches) - len(columns) == 2 * 49  # the two fans
    assert all(isinstance(p, Rectangle | ConnectionPatch) for p in ax.patches)


def test_embedding_moves():
    before = torch.tensor([[0.0, 0.0], [1.0, 1.0], [2.0, 3.0]])
    after = before + torch.tensor([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]])
    left = plotting.plot_embedding_moves(before, after, [".", "a", "b"])
    right = left.figure.axes[1]
    for ax, C in ((left, before), (right, after)):
        drawn = {t.get_text(): list(t.xy) for t in ax.texts if t.get_text()}
        assert drawn == dict(zip([".", "a", "b"], C.tolist(), strict=True))
        points = {
            tuple(dots.get_offsets()[0]): to_rgb(dots.get_facecolor()[0]) for dots in ax.collections
        }
        assert points[tuple(C[1].tolist())] == to_rgb(ORANGE)
        assert points[tuple(C[2].tolist())] == to_rgb(BLUE)
    arrows = {tuple(arrow._posA_posB[0]): tuple(arrow._posA_posB[1]) for arrow in right.patches}
    assert arrows == {
        tuple(a): tuple(b) for a, b in zip(before.tolist(), after.tolist(), strict=True)
    }


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
