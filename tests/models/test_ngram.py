"""Tables of counts with longer contexts, against the same written with dictionaries."""

from collections import Counter, defaultdict

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhelpers.data import LECTURE, Vocabulary, build_dataset, load_names, split_names
from mmhelpers.diagnostics import Recorder
from mmhelpers.models import NGram, NGramSizes, build, ngram
from mmhelpers.models.ngram import METHODS
from mmhelpers.optim import AdamW
from mmhelpers.sampling import sample_names
from mmhelpers.training import evaluate, train


class PlainTable:
    """The same distribution, context by context, with dictionaries of counts."""

    def __init__(self, words, alphabet, sizes):
        self.alphabet, self.sizes, n = [".", *alphabet], sizes, sizes.block_size
        self.counts = [defaultdict(Counter) for _ in range(n + 1)]
        for word in words:
            text = "." * n + word + "."
            for i in range(n, len(text)):
                for length in range(n + 1):
                    self.counts[length][text[i - length : i]][text[i]] += 1
        if sizes.method == "kneser_ney":
            for length in range(n - 1, -1, -1):
                self.counts[length] = defaultdict(Counter)
                for longer, followers in self.counts[length + 1].items():
                    for character in followers:
                        self.counts[length][longer[1:]][character] += 1

    def probability(self, character, context):
        if self.sizes.method == "add":
            c, a = self.counts[len(context)][context], self.sizes.added
            total = sum(c.values()) + a * len(self.alphabet)
            seen = context in self.counts[len(context)] and sum(c.values())
            return (c[character] + a) / total if seen else 1 / len(self.alphabet)
        shorter = 1 / len(self.alphabet)
        if context:
            shorter = self.probability(character, context[1:])
        followers = self.counts[len(context)].get(context)
        if not followers:
            return shorter
        total, types = sum(followers.values()), len(followers)
        if self.sizes.method == "witten_bell":
            return (followers[character] + types * shorter) / (total + types)
        discounted = max(followers[character] - self.sizes.discount, 0)
        return (discounted + self.sizes.discount * types * shorter) / total


@given(
    words=st.lists(st.text("abéz", min_size=1, max_size=6), min_size=1, max_size=12),
    probe=st.lists(st.integers(0, 4), min_size=8, max_size=8),
    sizes=st.builds(
        NGramSizes,
        block_size=st.integers(1, 8),
        method=st.sampled_from(METHODS),
        discount=st.floats(0, 1),
        added=st.floats(0.001, 10),
    ),
)
@settings(deadline=None, max_examples=200)
def test_equal_to_dictionaries(words, probe, sizes):
    vocabulary = Vocabulary([*words, "abéz"])
    model = NGram(len(vocabulary), sizes).fit(*build_dataset(words, vocabulary, sizes.block_size))
    x = torch.tensor([probe[: sizes.block_size]])
    found = model(x)[0].exp()  # (V,)
    plain, context = PlainTable(words, "abéz", sizes), vocabulary.decode(x[0])
    for index, character in vocabulary.itos.items():
        assert found[index].item() == pytest.approx(plain.probability(character, context), abs=1e-9)
    assert found.sum().item() == pytest.approx(1, abs=1e-9)


def dev_loss(names, sizes):
    words = load_names(names).words
    vocabulary = Vocabulary(words)
    train, dev, _ = (build_dataset(w, vocabulary, sizes.block_size) for w in split_names(words))
    return evaluate(NGram(len(vocabulary), sizes).fit(*train), dev)


BUNDLED_LOSSES = [("kneser_ney", 3, 2.2779), ("kneser_ney", 4, 2.1996), ("kneser_ney", 5, 2.1816)]
LECTURE_LOSSES = [
    ("add", 3, 2.1018),
    *zip(["witten_bell"] * 7, [1, 2, 3, 4, 5, 6, 8],
         [2.4531, 2.2207, 2.0752, 2.0418, 2.1019, 2.2019, 2.4286], strict=True),
    *zip(["kneser_ney"] * 7, [1, 2, 3, 4, 5, 6, 8],
         [2.4530, 2.2189, 2.0613, 1.9923, 1.9835, 1.9907, 2.0161], strict=True),
]  # fmt: skip


@pytest.mark.parametrize("method, block_size, loss", BUNDLED_LOSSES)
def test_losses_of_the_bundled_list(method, block_size, loss):
    assert dev_loss("bundled", NGramSizes(block_size, method)) == pytest.approx(loss, abs=5e-4)


@pytest.mark.skipif(not LECTURE.exists(), reason="the lecture's list is not there")
@pytest.mark.parametrize("method, block_size, loss", LECTURE_LOSSES)
def test_losses_of_the_lectures_list(method, block_size, loss):
    assert dev_loss("lecture", NGramSizes(block_size, method)) == pytest.approx(loss, abs=5e-4)


def test_memory_grows_with_the_contexts_seen():
    words = [chr(0x4E00 + i) * 2 for i in range(3000)]
    vocabulary = Vocabulary(words)
    model = NGram(len(vocabulary), NGramSizes(8)).fit(*build_dataset(words, vocabulary, 8))
    numbers = sum(tensor.numel() for tensor in model.state_dict().values())
    assert numbers < 100 * len(words)
    assert model(torch.zeros((1, 8), dtype=torch.int64)).exp().sum().item() == pytest.approx(1)


def test_a_list_with_one_character():
    vocabulary = Vocabulary(["a", "aa"])
    model = NGram(2, NGramSizes(3)).fit(*build_dataset(["a", "aa"], vocabulary, 3))
    names = sample_names(model, vocabulary, 5, torch.Generator().manual_seed(1))
    assert set("".join(names)) <= {"a"}


def test_the_state_goes_into_another_model():
    words = ["ada", "dan", "nina"]
    vocabulary = Vocabulary(words)
    X, Y = build_dataset(words, vocabulary, 2)
    model = NGram(len(vocabulary), NGramSizes(2)).fit(X, Y)
    other = NGram(len(vocabulary), NGramSizes(2)).fit(X[:5], Y[:5])
    other.load_state_dict(model.state_dict())
    assert torch.equal(other(X), model(X))


@pytest.mark.parametrize("method", METHODS)
def test_the_state_goes_into_a_model_without_counts(method):
    words = ["ada", "dan", "nina"]
    vocabulary, sizes = Vocabulary(words), NGramSizes(2, method)
    X, Y = build_dataset(words, vocabulary, 2)
    model, other = NGram(len(vocabulary), sizes).fit(X, Y), NGram(len(vocabulary), sizes)
    state = model.state_dict()
    other.load_state_dict(state)
    assert torch.equal(other(X), model(X)) and other.contexts == model.contexts
    model.load_state_dict(NGram(len(vocabulary), sizes).state_dict())
    assert not model.fitted and other.fitted  # its tables are copies
    with pytest.raises(ValueError, match="tables.1.keys: torch.float64 instead of torch.int64"):
        other.load_state_dict(state | {"tables.1.keys": state["tables.1.keys"].double()})
    with pytest.raises(ValueError, match="the table of contexts of 2 characters is garbled"):
        other.load_state_dict(state | {"tables.2.rest": state["tables.2.rest"] + 0.1})
    assert all(torch.equal(state[name], t) for name, t in other.state_dict().items())


@pytest.mark.parametrize("vocab_size, block_size", [(1, 1), (27, 5), (3000, 8)])
def test_without_counts_all_characters_are_alike(vocab_size, block_size):
    model = build("ngram", vocab_size, block_size=block_size)
    probs = model(torch.zeros((2, block_size), dtype=torch.int64)).exp()
    assert torch.allclose(probs, torch.full_like(probs, 1 / vocab_size))
    assert (model.fitted, model.contexts, model.parameters()) == (False, 1, [])


def test_the_trainer_counts_once(monkeypatch):
    monkeypatch.setattr(ngram, "LOGITS", 20)  # a few windows at once
    words = ["ada", "dan", "nina"]
    vocabulary = Vocabulary(words)
    data = build_dataset(words, vocabulary, 3)
    model, fitted = [NGram(len(vocabulary), NGramSizes(3)) for _ in range(2)]
    optimizer = AdamW(model.parameters(), 0.1)
    history = train(model, data, 50, optimizer, progress=False)
    assert torch.equal(model(data[0]), fitted.fit(*data)(data[0]))
    assert history.loss == [pytest.approx(evaluate(fitted, data), abs=1e-12)]
    assert optimizer.steps == 1
    with pytest.raises(ValueError, match="no gradients to look at"):
        train(model, data, 1, optimizer, hooks=[Recorder()], progress=False)


@pytest.mark.parametrize(
    "sizes, message",
    [
        (NGramSizes(0), "a context of 0 characters: it must be at least 1"),
        (NGramSizes(-3), "a context of -3 characters: it must be at least 1"),
        (NGramSizes(method="magic"), "no method 'magic': there are add, witten_bell, kneser_ney"),
        (NGramSizes(discount=-0.1), "the discount is -0.1: it must be from 0 to 1"),
        (NGramSizes(discount=1.1), "the discount is 1.1: it must be from 0 to 1"),
        (NGramSizes(discount=float("nan")), "the discount is nan: it must be from 0 to 1"),
        (NGramSizes(added=-1), "the added count is -1: it must be 0 or more"),
        (NGramSizes(added=float("inf")), "the added count is inf: it must be 0 or more"),
    ],
)
def test_sizes_refused(sizes, message):
    with pytest.raises(ValueError) as refused:
        NGram(27, sizes)
    assert str(refused.value) == message


def test_nothing_to_count():
    empty = torch.zeros((0, 5), dtype=torch.int64)
    with pytest.raises(ValueError, match="no examples to count: the training split is empty"):
        NGram(27).fit(empty, empty[:, 0])
