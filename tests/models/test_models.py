"""Whole models against torch, against counting by hand, and against each other."""

from collections import Counter

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhelpers.data import Vocabulary, build_dataset
from mmhelpers.models import BigramCounts, BigramNet

NAMES = ["ada", "dan", "nina", "ann", "ian"]
some_names = st.lists(st.text("abé", min_size=1, max_size=6), min_size=1, max_size=12)
repeatable = settings(deadline=None, derandomize=True, database=None, max_examples=60)


def pairs_of(names):
    vocabulary = Vocabulary(names)
    return vocabulary, *build_dataset(names, vocabulary, 1)


@repeatable
@given(some_names)
def test_bigram_counts_are_those_of_a_plain_loop(names):
    vocabulary, x, y = pairs_of(names)
    expected = Counter(p for name in names for p in zip("." + name, name + ".", strict=True))
    counts = BigramCounts(x, y, len(vocabulary)).counts
    assert counts.sum() == expected.total()
    assert all(
        counts[vocabulary.stoi[a], vocabulary.stoi[b]] == n for (a, b), n in expected.items()
    )


def test_bigram_probabilities_by_hand():
    model = BigramCounts(torch.tensor([[0], [0], [0], [1]]), torch.tensor([1, 1, 0, 0]), 2)
    assert torch.allclose(model.P, torch.tensor([[1 / 3, 2 / 3], [1.0, 0.0]]))
    smoothed = BigramCounts(torch.tensor([[0], [0], [0], [1]]), torch.tensor([1, 1, 0, 0]), 2, 1)
    assert torch.allclose(smoothed.P, torch.tensor([[2 / 5, 3 / 5], [2 / 3, 1 / 3]]))
    assert torch.allclose(smoothed(torch.tensor([[1], [0]])), smoothed.P[[1, 0]].log())


@repeatable
@given(some_names, st.sampled_from([0.01, 1, 1e6]))
def test_bigram_rows_sum_to_one_and_nothing_is_impossible(names, smoothing):
    vocabulary, x, y = pairs_of(names)
    P = BigramCounts(x, y, len(vocabulary), smoothing).P
    assert torch.allclose(P.sum(1), torch.ones(len(vocabulary)))
    assert (P > 0).all()


def test_an_unseen_pair_costs_infinity_without_smoothing():
    vocabulary, x, y = pairs_of(NAMES)
    unseen = build_dataset(["did"], vocabulary, 1)
    model, smoothed = (BigramCounts(x, y, len(vocabulary), s) for s in (0, 1))
    assert F.nll_loss(model(unseen[0]), unseen[1]) == torch.inf
    assert F.nll_loss(smoothed(unseen[0]), unseen[1]) < 10


def test_no_network_beats_the_counts():
    vocabulary, x, y = pairs_of(NAMES)
    floor = F.nll_loss(BigramCounts(x, y, len(vocabulary))(x), y)
    net = BigramNet(len(vocabulary), torch.Generator().manual_seed(0))
    for _ in range(1000):
        net.W.grad = None
        loss = F.cross_entropy(net(x), y)
        assert loss > floor
        loss.backward()
        net.W.data -= 10 * net.W.grad
    assert loss < floor + 0.01


def test_bigram_net_is_one_hot_times_its_weights():
    net = BigramNet(5, torch.Generator().manual_seed(0))
    assert torch.equal(net.W, torch.randn(5, 5, generator=torch.Generator().manual_seed(0)))
    x = torch.tensor([[4], [0], [4]])
    assert torch.equal(net(x), F.one_hot(x[:, 0], 5).float() @ net.W)
    assert net.parameters() == [net.W]


@pytest.mark.parametrize("size", [1, 3])
def test_bigrams_look_at_the_last_character_of_a_window(size):
    vocabulary = Vocabulary(NAMES)
    x, y = build_dataset(NAMES, vocabulary, size)
    last, _ = build_dataset(NAMES, vocabulary, 1)
    net = BigramNet(len(vocabulary))
    counts = BigramCounts(last, y, len(vocabulary))
    assert torch.equal(net(x), net(last))
    assert torch.equal(counts(x), counts(last))


def test_first_losses_of_the_lecture_on_the_bundled_list():
    """The rows of all pairs, one by one, as the lecture has them; figures measured."""
    from mmhelpers.data import load_names
    from mmhelpers.reference import Checker

    vocabulary, x, y = pairs_of(load_names("bundled").words)
    net = BigramNet(len(vocabulary), torch.Generator().manual_seed(2147483647))
    check = Checker("01_bigram", "bundled", steps=300, seed=2147483647)
    for step in range(1, 11):
        loss = F.cross_entropy(net(x), y) + 0.01 * (net.W**2).mean()
        if step in (1, 10):
            check("01/net", **{f"loss_{step}": loss.item()})
        net.W.grad = None
        loss.backward()
        net.W.data += -50 * net.W.grad
