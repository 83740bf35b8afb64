"""Training and evaluation on names: compact rows as padded ones, and what an outlier costs."""

import subprocess
import sys

import pytest
import torch

from mmhelpers import training
from mmhelpers.data import ROOM, NameRows, Vocabulary, load_names, pad_names, trim, work
from mmhelpers.layers import Layer, parameter
from mmhelpers.losses import cross_entropy
from mmhelpers.models import build
from mmhelpers.optim import SGD, AdamW
from mmhelpers.training import DivergedError, Hook, evaluate, minibatch, parts_of, train, updates

OUTLIER = "abcdefghi" * 100
TYPES = ["bigram", "mlp", "rnn", "gru", "lstm", "cnn", "bow", "transformer"]


@pytest.fixture(scope="module")
def words():
    return load_names("bundled").words[::40]


def both(words, length=None):
    """Gives the vocabulary and the same names padded and compact."""
    vocabulary, length = Vocabulary(words), length or max(map(len, words)) + 1
    return vocabulary, pad_names(words, vocabulary, length), NameRows(words, vocabulary, length)


def seeded(seed=1):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("size", [1, 7, 32, 128])
def test_minibatches_are_those_of_padded_names(words, size):
    _, (X, Y), rows = both(words)
    g, same_g, plain_g = seeded(size), seeded(size), seeded(size)
    for _ in range(20):
        x, y = minibatch(rows, size, g)
        chosen = torch.randint(0, len(X), (size,), generator=plain_g)
        for ours, plain in zip((x, y), trim(X[chosen], Y[chosen]), strict=True):
            assert torch.equal(ours, plain) and ours.dtype == plain.dtype
        assert torch.equal(x, minibatch((X, Y), size, same_g)[0])
    assert torch.equal(g.get_state(), plain_g.get_state())


@pytest.mark.parametrize("name", TYPES)
def test_training_is_that_on_padded_names_to_the_last_bit(words, name):
    vocabulary, *data = both(words)
    runs = []
    for form in data:
        model, g = build(name, len(vocabulary), seeded()), seeded(2)
        history = train(
            model, form, 5, AdamW(model.parameters(), 1e-3), generator=g, progress=False
        )
        runs.append((history.loss, model.parameters()))
    (padded, its), (compact, ours) = runs
    assert padded == compact and all(map(torch.equal, its, ours))


@pytest.mark.parametrize("batch_size", [1, 10, 8192])
@pytest.mark.parametrize("name", ["gru", "transformer"])
def test_evaluate_is_the_loss_at_once(words, name, batch_size):
    vocabulary, (X, Y), rows = both(words[:150])
    model = build(name, len(vocabulary), seeded())
    with torch.no_grad():
        at_once = cross_entropy(model(X), Y).item()
    assert evaluate(model, rows, batch_size) == pytest.approx(at_once, rel=1e-6)
    assert evaluate(model, (X, Y), batch_size) == pytest.approx(at_once, rel=1e-6)


# What a very long name costs


class Counting(Layer):
    """A table of bigrams that counts what it is given to do."""

    def __init__(self, vocab_size):
        self.table = parameter(torch.zeros(vocab_size, vocab_size))
        self.works, self.positions = [], 0

    def forward(self, x):
        self.works.append(len(x) * work(x.shape[1]))
        self.positions += x.numel()
        return self.table[x]


@pytest.fixture(scope="module")
def many():
    """A hundred thousand names, and the same with one of 900 letters."""
    names = load_names("bundled").words
    short = (names * 4)[:100_000]
    return short, [*short[:50_000], OUTLIER, *short[50_001:]]


def test_evaluation_costs_what_letters_there_are(many):
    costs = []
    for names in many:
        rows = NameRows(names, Vocabulary(many[0]), 1000)
        model = Counting(27)
        evaluate(model, rows)
        costs.append((model.positions, sum(model.works), max(model.works)))
        assert model.positions < 1.2 * sum(map(len, names)) + 1.2 * len(names)  # little padding
    (positions, total, largest), (positions_with, total_with, largest_with) = costs
    assert positions_with < 1.1 * positions and total_with < 1.1 * total
    assert largest <= ROOM and largest_with <= work(901)  # the long name by itself


@pytest.mark.parametrize("size", [4, 32, 128])
def test_a_minibatch_with_a_long_name_costs_what_letters_there_are(many, size):
    with_outlier = many[1][50_000 : 50_000 + size]
    rows = NameRows(with_outlier, Vocabulary(many[0]), 1000)
    model = Counting(27)
    for x, _, _ in parts_of(*rows[:]):
        model(x)
    assert max(model.works) == work(901)  # the long name by itself
    assert model.positions < 1 + len(OUTLIER) + 25 * size


@pytest.mark.parametrize("name", ["bigram", "rnn", "gru", "lstm", "cnn", "bow", "transformer"])
def test_parts_give_the_gradient_of_the_whole(monkeypatch, name):
    names = ["ada", "bob", "abba" * 9, "ed", "baobab" * 5, "dodo"]
    vocabulary, _, rows = both(names)
    runs = []
    for room in ROOM, 3000, 1:
        monkeypatch.setattr("mmhelpers.data.examples.ROOM", room)
        monkeypatch.setattr(training, "ROOM", room)
        model = build(name, len(vocabulary), seeded(), block_size=37)
        for tensor in model.state_dict().values():
            tensor.data = tensor.data.double()
        parts = len(parts_of(*minibatch(rows, 8, seeded(3))))
        assert parts == 1 if room == ROOM else parts > 1
        optimizer = SGD(model.parameters(), 0.1)
        history = train(model, rows, 3, optimizer, 8, seeded(3), progress=False)
        runs.append((history.loss, model.parameters()))
    (losses, whole), *others = runs
    for other_losses, parameters in others:
        assert other_losses == pytest.approx(losses, rel=1e-12)
        for ours, wanted in zip(parameters, whole, strict=True):
            torch.testing.assert_close(ours, wanted, rtol=1e-9, atol=1e-12)


def test_hooks_of_a_minibatch_in_parts(monkeypatch, words):
    class Watch(Hook):
        seen = []

        def before_backward(self, step, model):
            self.seen.append("before")

        def after_backward(self, step, model):
            self.seen.append("after")

        def after_step(self, step, model, lr):
            self.seen.append("step")

    monkeypatch.setattr(training, "ROOM", 0)
    monkeypatch.setattr("mmhelpers.data.examples.ROOM", 0)  # a name a part
    vocabulary, _, rows = both(words)
    model = Counting(len(vocabulary))
    train(model, rows, 2, SGD(model.parameters(), 0.1), 3, hooks=[Watch()], progress=False)
    assert Watch.seen == ["before", "before", "before", "after", "step"] * 2


def test_a_part_that_diverges_stops_before_the_update(monkeypatch, words):
    monkeypatch.setattr(training, "ROOM", 0)
    monkeypatch.setattr("mmhelpers.data.examples.ROOM", 0)
    vocabulary, _, rows = both(words)
    model, history, calls = Counting(len(vocabulary)), training.History(), []

    def loss(logits, targets):
        calls.append(None)
        return cross_entropy(logits, targets) * (float("nan") if len(calls) == 5 else 1)

    each = updates(model, rows, SGD(model.parameters(), 0.1), history, 3, seeded(), loss)
    next(each)
    before = model.table.detach().clone()
    with pytest.raises(DivergedError, match="at step 1 the loss is nan"):
        next(each)
    assert torch.equal(model.table, before) and len(history.loss) == 2


PEAK = """
import resource, sys
import torch
from mmhelpers.data import NameRows, Vocabulary, load_names
from mmhelpers.models import build
from mmhelpers.optim import AdamW
from mmhelpers.training import evaluate, train

words = (load_names("bundled").words * 4)[:100_000]
words[50_000] = words[50_000] if sys.argv[1] == "without" else "abcdefghi" * 100
vocabulary, length = Vocabulary(words), max(map(len, words)) + 1
g = torch.Generator().manual_seed(1)
model = build("bow", len(vocabulary), g, block_size=length, n_embd=4, n_embd2=4)
rows = NameRows(words, vocabulary, length)
train(model, rows, 3, AdamW(model.parameters(), 1e-3), 32, g, progress=False)
evaluate(model, rows)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell")
def test_memory_with_an_outlier():
    peaks = []
    for case in "without", "with":
        command = [sys.executable, "-c", PEAK, case]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(int(ran.stdout))
    assert peaks[1] < 1.5 * peaks[0]
