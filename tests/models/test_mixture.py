"""Mixtures of models, and their weights."""

import pytest
import torch

from mmhelpers.data import NameRows, Vocabulary, build_dataset
from mmhelpers.losses import cross_entropy, softmax
from mmhelpers.models import EveryPosition, Mixture, best_weights, build
from mmhelpers.sampling import beam_search, generate_names
from mmhelpers.training import evaluate

WORDS = ["ada", "bob", "abba", "dada", "bad"]
VOCABULARY = Vocabulary(WORDS)
SIZES = {"block_size": 6, "n_embd": 8}


def seeded(seed=1):
    return torch.Generator().manual_seed(seed)


def network(kind="transformer", characters=5, **sizes):
    return build(kind, characters, seeded(), **(SIZES | sizes))


def table():
    counted = build("ngram", len(VOCABULARY), block_size=3)
    return counted.fit(*build_dataset(WORDS, VOCABULARY, 3))


def test_probabilities_are_averaged_by_weight():
    parts = network(), network("gru"), table()
    X, _ = NameRows(WORDS, VOCABULARY, 6)[:5]
    mixed = Mixture(parts, [0.5, 0.3, 0.2]).eval()(X)
    windows, _ = build_dataset(WORDS[:1], VOCABULARY, 3)  # of "ada": four of them
    counted = softmax(parts[2](windows)).float()
    wanted = 0.5 * softmax(parts[0](X)) + 0.3 * softmax(parts[1](X))
    torch.testing.assert_close(mixed[0, :4].exp(), wanted[0, :4] + 0.2 * counted)
    torch.testing.assert_close(mixed.exp().sum(-1), torch.ones(5, X.shape[1]))


def test_every_position_is_the_model_of_windows():
    counted = table()
    windows, targets = build_dataset(WORDS, VOCABULARY, 3)
    rows = NameRows(WORDS, VOCABULARY, 6)
    wanted = evaluate(counted, (windows, targets))
    assert evaluate(EveryPosition(counted), rows) == pytest.approx(wanted)
    X, Y = rows[:5]
    assert float(cross_entropy(EveryPosition(counted)(X), Y)) == pytest.approx(wanted)


def test_it_is_drawn_from_and_searched_like_any_model():
    parts = network(), table()
    mixture = Mixture(parts, [0.4, 0.6])
    assert mixture.block_size == 6 and len(mixture.parameters()) == len(parts[0].parameters())
    names = generate_names(mixture, VOCABULARY, 10, seeded(), prompt="a")
    assert len(names) == 10 and all(name.startswith("a") for name in names)
    assert len(beam_search(mixture, VOCABULARY, 4)) == 4
    alone = generate_names(Mixture(parts, [1, 0]), VOCABULARY, 10, seeded())
    assert alone == generate_names(parts[0], VOCABULARY, 10, seeded())


@pytest.mark.parametrize(
    "parts, weights, what",
    [
        ([network(), network(characters=9)], [0.5, 0.5], "models of 5 and 9 characters"),
        ([network()], [0.5, 0.5], "2 weights for 1 models"),
        ([], [], "0 weights for 0 models"),
        ([network(), table()], [0.5, 0.6], "sum to 1"),
        ([network(), table()], [1.5, -0.5], "must be 0 or more"),
        ([network(), table()], [float("nan"), 0.5], "must be 0 or more"),
        ([table(), table()], [0.5, 0.5], "all read windows"),
    ],
)
def test_refused_in_one_line(parts, weights, what):
    with pytest.raises(ValueError, match=what) as caught:
        Mixture(parts, weights)
    assert "\n" not in str(caught.value)


def test_best_weights_beat_every_other_weight():
    g = seeded(3)
    log_probs = -torch.rand(2, 400, generator=g).double() * torch.tensor([[3.0], [4.0]])
    weights = best_weights(log_probs)

    def loss(first):
        mixed = torch.tensor([first, 1 - first]).double()[:, None].log() + log_probs
        return -torch.logsumexp(mixed, 0).mean().item()

    assert weights.sum().item() == pytest.approx(1)
    tried = [loss(first) for first in torch.linspace(0.001, 0.999, 999).tolist()]
    assert loss(float(weights[0])) <= min(tried) + 1e-6


def test_best_weights_leave_out_who_is_never_right():
    log_probs = torch.tensor([[-1.0, -2.0, -1.5], [-9.0, -9.0, -9.0]])
    assert best_weights(log_probs).tolist() == pytest.approx([1, 0], abs=1e-6)


@pytest.mark.parametrize("shape", [(0, 5), (3, 0), (4,)])
def test_best_weights_of_nothing(shape):
    with pytest.raises(ValueError, match="models, things"):
        best_weights(torch.zeros(shape))


@pytest.mark.parametrize("impossible", [float("nan"), -float("inf")])
def test_best_weights_of_what_no_model_thinks_possible(impossible):
    log_probs = torch.tensor([[-1.0, impossible], [-2.0, impossible]])
    with pytest.raises(ValueError, match="no probability under any"):
        best_weights(log_probs)
    log_probs[0, 1] = -1.0
    if impossible < 0:  # one model thinks it possible
        assert best_weights(log_probs).isfinite().all()
