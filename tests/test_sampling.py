"""Draws against the probabilities they come from, and the names of the lecture's video."""

import pytest
import torch

from mmhelpers.data import LECTURE, Vocabulary, build_dataset, load_names
from mmhelpers.models import BigramCounts, BigramNet
from mmhelpers.reference import Checker
from mmhelpers.sampling import MAX_LENGTH, inverse_cdf, multinomial, sample_names

DRAWS = 20_000
each_draw = pytest.mark.parametrize("draw", [inverse_cdf, multinomial])


def seeded(seed=2147483647):
    return torch.Generator().manual_seed(seed)


@each_draw
def test_draws_follow_the_probabilities(draw):
    probs, g = torch.tensor([0.02, 0.5, 0.0, 0.3, 0.18]), seeded()
    drawn = torch.tensor([draw(probs, g) for _ in range(DRAWS)])
    shares = torch.bincount(drawn, minlength=5) / DRAWS
    # Five standard deviations of a share: a right sampler fails once in a million seeds.
    assert ((shares - probs).abs() <= 5 * (probs * (1 - probs) / DRAWS).sqrt()).all()


@each_draw
def test_the_generator_alone_decides(draw):
    probs = torch.full((27,), 1 / 27)

    def draws(seed, disturb):
        g = seeded(seed)
        torch.manual_seed(disturb)
        return [draw(probs, g) for _ in range(50)]

    assert draws(1, 0) == draws(1, 5)
    assert draws(1, 0) != draws(2, 0)


@pytest.mark.parametrize("size", [1, 2, 27, 1000])
def test_inverse_cdf_is_the_first_sum_that_reaches_the_dart(size):
    probs, g = torch.rand(size, generator=seeded(3)), seeded(4)
    darts = torch.rand(200, dtype=torch.float64, generator=seeded(4)).tolist()
    for dart in darts:
        total, expected = 0.0, -1
        while total < dart * probs.double().sum().item():
            expected += 1
            total += probs[expected].double().item()
        assert inverse_cdf(probs, g) == expected


def test_inverse_cdf_needs_no_exact_sum():
    """Rounding can leave the sum of float32 probabilities a little off 1."""
    for factor in (0.9999, 1.0001):
        probs, g = torch.tensor([0.5, 0.5]) * factor, seeded()
        assert {inverse_cdf(probs, g) for _ in range(100)} == {0, 1}


@each_draw
def test_a_sure_thing(draw):
    assert {draw(torch.tensor([0.0, 1.0, 0.0]), seeded(s)) for s in range(100)} == {1}


def bigram(kind):
    words = load_names(kind).words
    vocabulary = Vocabulary(words)
    x, y = build_dataset(words, vocabulary, 1)
    return BigramCounts(x, y, len(vocabulary), smoothing=1), vocabulary


@pytest.mark.parametrize("kind", ["bundled", "lecture"])
def test_the_names_of_the_video(kind):
    if kind == "lecture" and not LECTURE.exists():
        pytest.skip("the lecture's list is not there")
    names = sample_names(*bigram(kind), 5, seeded(), inverse_cdf)
    check = Checker("01_bigram", kind, steps=300, seed=2147483647)
    check("01", names=" ".join(name + "." for name in names))


def test_names_hold_no_boundary_and_end_somewhere():
    vocabulary = Vocabulary(["ab"])
    net = BigramNet(len(vocabulary), seeded())
    assert not any("." in name for name in sample_names(net, vocabulary, 50, seeded()))
    net.W.data[:, 0] = -1000  # it never ends a name
    assert [len(name) for name in sample_names(net, vocabulary, 2, seeded())] == [MAX_LENGTH] * 2


def test_the_mode_is_put_back():
    model, vocabulary = BigramNet(3, seeded()), Vocabulary(["ab"])
    for mode in (True, False):
        model.train(mode)
        sample_names(model, vocabulary, 1, seeded())
        assert model.training is mode
