import pytest
import torch

from mmhelpers.data import Vocabulary, load_names, pad_names
from mmhelpers.models import build, multiply_adds


@pytest.mark.parametrize(
    ("name", "count"),
    [("v1", 12_097), ("v2", 22_097), ("v3", 22_397), ("v4", 22_397), ("v5", 76_579)],
)
def test_the_lectures_parameter_counts(name, count):
    assert sum(p.numel() for p in build(name, 27).parameters()) == count


def test_multiply_adds_by_hand():
    # V1: (3 * 10) x 200 and 200 x 27.  V5: 4 pairs of 24 x 2, then 2 and 1 of 128 x 2, then 27.
    assert multiply_adds(build("v1", 27)) == 30 * 200 + 200 * 27
    assert multiply_adds(build("v5", 27)) == (4 * 48 + 2 * 256 + 256 + 27) * 128


@pytest.mark.parametrize("name", ["v1", "v2", "v3", "v4", "v5"])
def test_a_version_has_the_window_protocol(name):
    model = build(name, 30, torch.Generator().manual_seed(1))
    x = torch.randint(0, 30, (4, model.block_size))
    assert model(x).shape == (4, 30)
    assert model.eval()(x[:1]).shape == (1, 30)


def test_the_generator_gives_what_the_global_seed_gives():
    by_generator = build("v5", 27, torch.Generator().manual_seed(42))
    torch.manual_seed(42)
    by_seed = build("v5", 27)
    for p, q in zip(by_generator.parameters(), by_seed.parameters(), strict=True):
        assert torch.equal(p, q)


@pytest.mark.parametrize(("name", "shape"), [("v3", (1, 4, 68)), ("v4", (1, 1, 68))])
def test_the_bug_shows_in_the_shape_of_the_running_mean(name, shape):
    model = build(name, 27)
    model(torch.zeros((5, 8), dtype=torch.int64))
    assert model.layers[3].running_mean.shape == shape


@pytest.mark.parametrize("block_size", [1, 3, 6, 12])
def test_a_context_that_the_tree_cannot_halve(block_size):
    with pytest.raises(ValueError, match=f"block_size {block_size} .* use 2, 4, 8, 16"):
        build("v4", 27, block_size=block_size)


def test_other_contexts_of_the_tree():
    for block_size in (2, 4, 16):
        model = build("v4", 27, block_size=block_size)
        assert model(torch.zeros((3, block_size), dtype=torch.int64)).shape == (3, 27)


def test_unknown_names_are_answered_with_the_known():
    with pytest.raises(ValueError, match="v7.*v1.*v5"):
        build("v7", 27)
    with pytest.raises(ValueError, match="n_layers.*n_hidden"):
        build("v1", 27, n_layers=3)


def test_v6_is_small_enough():
    v6 = build("v6", 27)
    assert sum(p.numel() for p in v6.parameters()) == 76_054 <= 76_579
    # Two members; eight blocks of (2 * 38) x 38 and 38 x 38 a prediction, and 38 x 27 at the end.
    assert multiply_adds(v6) == 2 * (8 * (76 * 38 + 38 * 38) + 38 * 27)


@pytest.fixture
def rows():
    words = load_names("bundled").words
    return pad_names(words[::900], Vocabulary(words), 16)


def test_v6_is_the_mean_of_its_members_at_every_position(rows):
    x, y = rows
    v6 = build("v6", 27, torch.Generator().manual_seed(1))
    logits = v6(x)
    assert logits.shape == (*x.shape, 27)
    alone = torch.stack([member(x) for member in v6.members]).mean(0)
    torch.testing.assert_close(logits, alone)


def test_v6_sees_only_the_past_of_its_own_name(rows):
    x, y = rows
    member = build("v6", 27, torch.Generator().manual_seed(1)).members[0]
    logits = member(x)
    for row in (0, 7, 20):  # a name alone gives what it gives among others
        torch.testing.assert_close(member(x[row : row + 1])[0], logits[row])
    changed = x.clone()
    changed[:, 4] = torch.where(x[:, 4] > 0, 1 + x[:, 4] % 26, 0)  # another fourth letter
    before, after = logits[:, :4], member(changed)[:, :4]
    torch.testing.assert_close(before, after)
    assert not torch.allclose(logits[:, 4:], member(changed)[:, 4:])


def test_v6_equals_padded_convolutions(rows):
    x, y = rows
    member = build("v6", 27, torch.Generator().manual_seed(1)).members[0]
    h = member.embedding(x).transpose(1, 2)  # (B, C, T), as torch wants it
    for block in member.blocks:
        weight = block.join.weight  # (2 * C, C): the earlier position first
        size = weight.shape[1]
        kernel = torch.stack([weight[:size].T, weight[size:].T], -1)  # (C, C, 2)
        normed = torch.layer_norm(h.transpose(1, 2), (size,), block.norm.gamma, block.norm.beta)
        padded = torch.nn.functional.pad(normed.transpose(1, 2), (block.dilation, 0))
        joined = torch.conv1d(padded, kernel, block.join.bias, dilation=block.dilation)
        gelu = torch.nn.functional.gelu(joined, approximate="tanh").transpose(1, 2)
        h = h + (gelu @ block.project.weight + block.project.bias).transpose(1, 2)
    logits = member.output(member.norm(h.transpose(1, 2)))
    torch.testing.assert_close(member(x)[y >= 0], logits[y >= 0], atol=1e-5, rtol=1e-4)
