import pytest
import torch

from mmhelpers.models import build, multiply_adds
from mmhelpers.versions import MODELS


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


@pytest.mark.parametrize("name", MODELS)
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
