"""Beam search: equal to enumerating all names where the beam is wide, and never better than it."""

import itertools
import math

import pytest
import torch

from mmhelpers.data import DataError, Vocabulary, build_dataset
from mmhelpers.losses import log_softmax
from mmhelpers.models import build
from mmhelpers.sampling import MAX_BEAM, beam_search

VOCABULARY = Vocabulary(["abc"])
KINDS = {
    "transformer": {"block_size": 5, "n_layer": 2, "n_head": 2, "n_embd": 8},
    "modern": {"block_size": 5, "n_layer": 1, "n_head": 2, "n_embd": 8},
    "gru": {"block_size": 5, "n_embd": 8, "n_embd2": 8},
    "v1": {},
}


def model(name, seed=1):
    g = torch.Generator().manual_seed(seed)
    built = build(name, len(VOCABULARY), g, **KINDS[name])
    for parameter in built.parameters():  # so that names differ in how likely they are
        parameter.data = parameter.double() + torch.randn(parameter.shape, generator=g)
    for tensor in built.state_dict().values():
        tensor.data = tensor.data.double()
    return built


def log_prob(built, name, prompt=""):
    """The log of a name's probability after the prompt, letter by letter."""
    tokens, total = [0, *VOCABULARY.encode(name), 0], 0.0
    for t in range(1 + len(prompt), len(tokens)):
        before = torch.tensor([tokens[:t]])
        if built.block_size < 5:  # a window
            before = torch.tensor([([0] * built.block_size + tokens[:t])[-built.block_size :]])
        logits = built.eval()(before)
        logits = logits[:, -1] if logits.ndim == 3 else logits
        total += float(log_softmax(logits)[0, tokens[t]])
    return total


@torch.no_grad()
def enumerated(built, length, prompt=""):
    """All names of up to so many letters, the likeliest first."""
    names = [
        prompt + "".join(letters)
        for n in range(length + 1 - len(prompt))
        for letters in itertools.product("abc", repeat=n)
    ]
    return sorted(((name, log_prob(built, name, prompt)) for name in names), key=lambda n: -n[1])


@pytest.mark.parametrize("prompt", ["", "b"])
@pytest.mark.parametrize("name", KINDS)
def test_a_wide_beam_is_exact(name, prompt):
    built, length = model(name), 4 if name != "gru" else 3
    found = beam_search(built, VOCABULARY, 81, prompt, length)
    wanted = enumerated(built, length, prompt)[:81]
    assert len(found) == len(wanted) and [n for n, _ in found] == [n for n, _ in wanted]
    assert [p for _, p in found] == pytest.approx([p for _, p in wanted])


@pytest.mark.parametrize("width", [1, 2, 5])
def test_what_a_narrow_beam_finds_has_its_true_probability(width):
    built = model("transformer")
    found, wanted = beam_search(built, VOCABULARY, width), enumerated(built, 4)
    assert len(found) == width and len({name for name, _ in found}) == width
    probs = dict(wanted)
    for (name, found_prob), (_, best) in zip(found, wanted, strict=False):
        assert found_prob == pytest.approx(probs[name]) and found_prob <= best + 1e-9


def test_a_beam_of_one_may_miss_what_a_wider_one_finds():
    """Greedy takes a first, after which nothing is likely; the likeliest name begins with b."""
    built = build("bigram", len(VOCABULARY))
    rows = [[0, 0.6, 0.4, 0], [0.3, 0.2, 0.2, 0.3], [1, 0, 0, 0], [1, 0, 0, 0]]
    built.table.data = torch.tensor(rows).log()
    assert beam_search(built, VOCABULARY, 1)[0][0] != "b"
    name, log = beam_search(built, VOCABULARY, 2)[0]
    assert (name, math.exp(log)) == ("b", pytest.approx(0.4))


def test_the_search_ends_early():
    built, asked = build("bigram", len(VOCABULARY), block_size=900), []
    built.table.data[:, 0] = 3.0
    forward = built.forward
    built.forward = lambda x: asked.append(x.shape[1]) or forward(x)
    assert len(beam_search(built, VOCABULARY, 5)) == 5
    assert max(asked[1:]) < 10  # the first asks what the model reads


@pytest.mark.parametrize(
    "wrong, error, what",
    [
        ({"width": 0}, ValueError, "a beam of 0: it must be from 1"),
        ({"width": MAX_BEAM + 1}, ValueError, "from 1 to 10,000"),
        ({"length": 0}, ValueError, "at least 1"),
        ({"prompt": "x"}, DataError, "'x' is not"),
        ({"prompt": "abca"}, DataError, "4 characters: at most 3"),
        ({"prompt": "abc", "length": 3}, DataError, "at most 2"),
        ({"prompt": "a."}, DataError, "marks where names end"),
    ],
)
def test_refused_in_one_line(wrong, error, what):
    built = model("transformer")
    with pytest.raises(error, match=what) as caught:
        beam_search(built, VOCABULARY, **wrong)
    assert "\n" not in str(caught.value)
    assert built.training


def test_a_model_that_gives_no_numbers():
    built = build("bigram", len(VOCABULARY))
    built.table.data[0, 0] = math.nan
    with pytest.raises(RuntimeError, match="no probability"):
        beam_search(built, VOCABULARY)


def test_a_table_of_counts():
    vocabulary = Vocabulary(["abc"])
    table = build("ngram", len(vocabulary), block_size=2)
    table.fit(*build_dataset(["ab", "ab", "abc", "ca"], vocabulary, 2))
    assert beam_search(table, vocabulary, 3)[0][0] == "ab"
