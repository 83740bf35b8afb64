"""Sampling many names at once: the filters, the prompt, the cache."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhelpers.data import DataError, Vocabulary
from mmhelpers.losses import softmax
from mmhelpers.models import build
from mmhelpers.sampling import (
    Reader,
    generate_names,
    measures,
    novelty,
    sample_names,
    sharpen,
)

VOCABULARY = Vocabulary(["abcdef"])
LOGITS = torch.tensor([[2.0, 1.0, 0.0, -1.0]])


def model(name, **sizes):
    generator = torch.Generator().manual_seed(1)
    built = build(name, len(VOCABULARY), generator, **sizes)
    for parameter in built.parameters():
        parameter.data += 0.5 * torch.randn(parameter.shape, generator=generator)
    return built


def double(built):
    for tensor in built.state_dict().values():
        tensor.data = tensor.data.double()
    return built


def seeded(seed=2):
    return torch.Generator().manual_seed(seed)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=2, max_size=9), st.floats(0.1, 5), st.integers(1, 12))
def test_sharpen_keeps_the_likeliest(values, temperature, k):
    logits = torch.tensor(values, dtype=torch.float64)
    probs = sharpen(logits, temperature, top_k=k)
    torch.testing.assert_close(probs.sum(), torch.tensor(1.0).double())
    assert (probs > 0).sum() <= k
    kept, left_out = logits[probs > 0], logits[probs == 0]
    assert not len(left_out) or kept.min() >= left_out.max()
    if k >= len(values):
        torch.testing.assert_close(probs, softmax(logits / temperature))


def test_top_p_keeps_the_one_that_reaches_it():
    probs = softmax(LOGITS)  # 0.64, 0.24, 0.09, 0.03
    for p, kept in (0.5, 1), (0.65, 2), (0.9, 3), (1.0, 4):
        given = sharpen(LOGITS, top_p=p)[0]
        torch.testing.assert_close(given[:kept], probs[0, :kept] / probs[0, :kept].sum())
        assert not given[kept:].any()


def test_min_p_keeps_what_is_not_much_less_likely_than_the_likeliest():
    probs = softmax(LOGITS)  # each e times as likely as the next
    for least, kept in (0.0, 4), (0.04, 4), (0.1, 3), (0.3, 2), (0.5, 1), (1.0, 1):
        given = sharpen(LOGITS, min_p=least)[0]
        torch.testing.assert_close(given[:kept], probs[0, :kept] / probs[0, :kept].sum())
        assert not given[kept:].any()
    # A surer row loses more, at the same number.
    assert (sharpen(2 * LOGITS, min_p=0.1) > 0).sum() == 2
    assert (sharpen(LOGITS, temperature=0.5, min_p=0.1) > 0).sum() == 2


def test_min_p_serves_the_sampler():
    built = model("transformer")
    assert len(set(generate_names(built, VOCABULARY, 20, seeded(), min_p=1.0))) == 1
    assert len(set(generate_names(built, VOCABULARY, 20, seeded(), min_p=0.1))) > 1


def test_a_tiny_temperature_takes_the_likeliest():
    for temperature in (1e-30, 1e-300):
        assert sharpen(LOGITS * 1e3, temperature).tolist() == [[1, 0, 0, 0]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": 0.0}, {"temperature": -1.0}, {"temperature": float("nan")},
        {"top_k": 0}, {"top_p": 0.0}, {"top_p": 1.5}, {"min_p": -0.1}, {"min_p": 1.1},
        {"min_p": float("nan")},
    ],
)  # fmt: skip
def test_sharpen_refuses(wrong):
    with pytest.raises(ValueError, match="must be"):
        sharpen(LOGITS, **wrong)


@pytest.mark.parametrize("name", ["transformer", "gru", "mlp", "v1", "v5"])
def test_prompt_and_length(name):
    built = model(name)
    names = generate_names(built, VOCABULARY, 30, seeded(), prompt="fa", batch_size=7)
    assert len(names) == 30 and all(word.startswith("fa") for word in names)
    assert all(len(word) <= Reader(built.eval()).limit for word in names)
    assert names == generate_names(built, VOCABULARY, 30, seeded(), prompt="fa", batch_size=7)


@pytest.mark.parametrize("name", ["transformer", "modern"])
def test_cache_gives_the_same_names(name):
    built = double(model(name))
    with_cache = generate_names(built, VOCABULARY, 50, seeded())
    built.new_cache = lambda: None
    assert generate_names(built, VOCABULARY, 50, seeded()) == with_cache


def test_cached_logits_equal_plain_ones():
    built = double(model("transformer")).eval()
    tokens = torch.randint(1, 7, (5, 16), generator=seeded())
    tokens[:, 0] = 0
    reader = Reader(built)
    for T in range(1, 17):
        torch.testing.assert_close(reader(tokens[:, :T]), reader.plain(tokens[:, :T]))


@pytest.mark.parametrize("name", ["rnn", "transformer"])
def test_the_plain_sampler_serves_whole_name_models(name):
    built = model(name)
    names = sample_names(built, VOCABULARY, 5, seeded())
    assert len(names) == 5 and all(len(word) < 16 for word in names)
    assert built.training


def test_frequencies_follow_the_model():
    built = build("bigram", len(VOCABULARY))
    built.table.data[0] = torch.tensor([-9.0, 2, 1, 0, -9, -9, -9])
    names = generate_names(built, VOCABULARY, 20_000, seeded(), batch_size=20_000)
    share = sum(name[:1] == "a" for name in names) / len(names)
    assert abs(share - float(softmax(built.table.detach())[0, 1])) < 0.015


@pytest.mark.parametrize("prompt, what", [("x", "'x' is not"), ("a.", "marks"), ("a" * 15, "15")])
def test_prompt_refused(prompt, what):
    with pytest.raises(DataError, match=what):
        generate_names(model("rnn"), VOCABULARY, 1, prompt=prompt)


@pytest.mark.parametrize("prompt", ["\u00e9", "e\u0301"])
@pytest.mark.parametrize("name", ["rnn", "v1"])
def test_a_prompt_is_composed_as_the_list_is(name, prompt):
    vocabulary = Vocabulary(["l\u00e9a", "ev"])
    built = build(name, len(vocabulary), seeded(1))
    names = generate_names(built, vocabulary, 5, seeded(), prompt=prompt)
    assert len(names) == 5 and all(word.startswith("\u00e9") for word in names)


@pytest.mark.parametrize("block_size", [3, 16, 70])
@pytest.mark.parametrize("name", ["bigram", "mlp", "gru", "cnn", "bow", "transformer"])
def test_thousands_of_characters(name, block_size):
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 3000)))
    vocabulary = Vocabulary(text)
    built = build(name, len(vocabulary), seeded(1), block_size=block_size)
    for names in (
        generate_names(built, vocabulary, 4, seeded(), prompt=text[-1], top_k=2000, top_p=0.9),
        sample_names(built, vocabulary, 2, seeded()),
    ):
        assert {*"".join(names)} <= {*text} and max(map(len, names)) < block_size
        assert len({*"".join(names)}) > 1


@pytest.mark.parametrize("call", [generate_names, sample_names])
def test_an_interrupt_leaves_the_model_in_training(monkeypatch, call):
    def interrupt(*_):
        raise KeyboardInterrupt

    built = model("rnn")
    monkeypatch.setattr(Reader, "plain", interrupt)
    with pytest.raises(KeyboardInterrupt):
        call(built, VOCABULARY, 5)
    assert built.training


def test_novelty():
    groups = novelty(["ann", "bob", "zed", "ann"], ["ann", "ada"], ["bob", "ann"])
    assert groups == {"in train": ["ann", "ann"], "in held-out": ["bob"], "new": ["zed"]}


def test_measures():
    found = measures(["ann", "bob", "zed", "ann"], ["ann", "ada"], ["bob", "ann"])
    assert found == {
        "distinct": 0.75, "letters": 3, "in train": 0.5, "in held-out": 0.25, "new": 0.25,
    }  # fmt: skip
    with pytest.raises(ValueError, match="no names to judge"):
        measures([], ["ann"], [])


def test_a_long_name_costs_no_pass_over_its_whole_length(monkeypatch):
    """What the model reads is known of a Transformer without attention over all positions."""
    model, read = build("transformer", 5, seeded(1), block_size=901), []
    forward = model.forward
    monkeypatch.setattr(model, "forward", lambda x, *c: read.append(x.shape[1]) or forward(x, *c))
    monkeypatch.setattr(Reader, "__call__", Reader.plain)
    names = generate_names(model, Vocabulary(["abcd"]), 3, seeded(2))
    assert max(read) <= max(map(len, names)) + 1
