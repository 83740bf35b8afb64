"""The models of whole names: shapes, sizes, causality, padding; and the registry."""

import pytest
import torch

from mmhelpers.data import DataError, Vocabulary, pad_names, trim
from mmhelpers.layers import Layer
from mmhelpers.losses import cross_entropy
from mmhelpers.models import NAME_MODELS, REGISTRY, build, multiply_adds, sizes_of
from mmhelpers.optim import AdamW
from mmhelpers.training import evaluate, train

WORDS = ["ada", "bob", "abba", "baobab", "dodo", "ed"]
SMALL = {"n_embd": 8, "n_embd2": 6, "n_layer": 2, "n_head": 2}
# As makemore.py has them, but for the bias noted.
PARAMETERS = {
    "bigram": 729,
    "mlp": 69_147,
    "rnn": 11_803,
    "gru": 28_379,  # the second bias of torch.nn.GRUCell's candidate: 64 more
    "lstm": 36_635,
    "cnn": 86_811,
    "bow": 12_827,
    "transformer": 204_544,
    "modern": 201_664,  # makemore.py has none
}


def small(name: str) -> Layer:
    fields = vars(sizes_of(name))
    sizes = {key: value for key, value in SMALL.items() if key in fields}
    model = build(name, 7, torch.Generator().manual_seed(1), block_size=8, **sizes)
    for parameter in model.parameters():  # the bigram's are all alike at first
        parameter.data += torch.randn(parameter.shape, generator=torch.Generator().manual_seed(2))
    return model


@pytest.mark.parametrize("name", NAME_MODELS)
def test_parameters_at_default_sizes(name):
    assert sum(p.numel() for p in build(name, 27).parameters()) == PARAMETERS[name]


@pytest.mark.parametrize("name", NAME_MODELS)
def test_causal(name):
    model = small(name).eval()
    x = torch.randint(1, 7, (2, 8), generator=torch.Generator().manual_seed(3))
    before = model(x)
    assert before.shape == (2, 8, 7)
    for t in range(8):
        other = x.clone()
        other[:, t] = x[:, t] % 6 + 1
        changed = (model(other) != before).any(-1).any(0)  # (T,)
        assert not changed[:t].any(), "looks ahead"
        assert changed[t], "does not see its own input"


@pytest.mark.parametrize("name", NAME_MODELS)
def test_trimming_changes_no_loss_or_gradient(name):
    model, vocabulary = small(name), Vocabulary(WORDS)
    X, Y = pad_names(WORDS, vocabulary, 8)
    for tensor in model.state_dict().values():
        tensor.data = tensor.data.double()
    padded = cross_entropy(model(X), Y)
    plain = torch.autograd.grad(padded, model.parameters())
    x, y = trim(X, Y)
    assert x.shape == (6, 7)
    trimmed = cross_entropy(model(x), y)
    torch.testing.assert_close(trimmed, padded)
    for mine, its in zip(torch.autograd.grad(trimmed, model.parameters()), plain, strict=True):
        torch.testing.assert_close(mine, its)


@pytest.mark.parametrize("name", NAME_MODELS)
def test_the_trainer_serves_them(name):
    vocabulary, model = Vocabulary(WORDS), small(name)
    data = pad_names(WORDS, vocabulary, 8)
    before = evaluate(model, data)
    optimizer = AdamW(model.parameters(), 0.02)
    train(model, data, 30, optimizer, 4, torch.Generator().manual_seed(4), progress=False)
    assert evaluate(model, data) < before - 0.1


def test_same_generator_same_model():
    first, second = [
        build("transformer", 7, torch.Generator().manual_seed(5)).state_dict() for _ in range(2)
    ]
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("name", ["transformer", "modern"])
def test_cache_in_the_model(name):
    model = small(name).eval()
    x = torch.randint(1, 7, (3, 8), generator=torch.Generator().manual_seed(6))
    cache = model.new_cache()
    pieces = [model(part, cache) for part in x.split([3, 1, 1, 3], 1)]
    torch.testing.assert_close(torch.cat(pieces, 1), model(x))


def test_with_no_part_of_today_it_is_the_old_one():
    none = dict.fromkeys(("rms_norm", "rotary", "swiglu", "zero_start"), False)
    models = [
        build(name, 7, torch.Generator().manual_seed(5), **parts)
        for name, parts in {"transformer": {}, "modern": none}.items()
    ]
    mine, its = (model.state_dict() for model in models)
    assert list(mine) == list(its) and all(torch.equal(mine[name], its[name]) for name in its)
    x = torch.randint(1, 7, (3, 8))
    assert torch.equal(models[0](x), models[1](x))


def test_attention_weights_are_kept_in_evaluation_mode():
    model = small("transformer").eval()
    model(torch.tensor([[0, 1, 2]]))
    weights = model.blocks[0].attention.weights
    assert weights.shape == (1, 2, 3, 3)
    torch.testing.assert_close(weights.sum(-1), torch.ones(1, 2, 3))


@pytest.mark.parametrize(("block_size", "window"), [(8, 8), (16, 16), (900, 16)])
def test_the_mlp_looks_back_so_far_and_no_further(block_size, window):
    model = build("mlp", 7, n_embd=4, block_size=block_size)
    assert model.mlp.layers[0].weight.shape == (4 * window, 64)
    x = torch.randint(1, 7, (1, min(block_size, 40)))
    changed = torch.cat([x[:, :1] % 6 + 1, x[:, 1:]], 1)
    moved = (model(x) != model(changed)).any(-1)[0]  # (T,)
    assert moved.nonzero().flatten().tolist() == list(range(window))
    assert build("mlp", 7, n_embd=4, context=2).mlp.layers[0].weight.shape == (8, 64)


def test_multiply_adds_of_a_prediction_by_hand():
    rnn = build("rnn", 27, n_embd=5, n_embd2=6)
    assert multiply_adds(rnn) == multiply_adds(build("rnn", 27, n_embd=5, n_embd2=6, block_size=9))
    assert multiply_adds(rnn) == 5 * 6 + 6 * 6 + 6 * 27
    assert multiply_adds(build("cnn", 27, n_embd=4, n_layer=3)) == 3 * (8 * 8 + 4 * 4) + 4 * 27
    # Four squares of queries, keys, values and their mix, 2 * 4 of the network, 2 * T of attention.
    sizes = {"n_embd": 6, "n_head": 2, "n_layer": 1, "block_size": 5}
    assert multiply_adds(build("transformer", 27, **sizes)) == 12 * 36 + 2 * 5 * 6 + 6 * 27


def test_a_deep_stack_of_convolutions_costs_by_its_layers():
    model = build("cnn", 27, n_embd=2, n_layer=40)  # its last dilation is 2**39
    assert model(torch.zeros((1, 16), dtype=torch.int64)).shape == (1, 16, 27)


def test_pad_names_by_hand():
    X, Y = pad_names(["ab", "cab"], Vocabulary(["abc"]), 5)
    assert X.tolist() == [[0, 1, 2, 0, 0], [0, 3, 1, 2, 0]]
    assert Y.tolist() == [[1, 2, 0, -1, -1], [3, 1, 2, 0, -1]]
    x, y = trim(X[:1], Y[:1])
    assert (x.tolist(), y.tolist()) == ([[0, 1, 2]], [[1, 2, 0]])


def test_pad_names_refuses():
    with pytest.raises(DataError, match="name of 3 characters does not fit in rows of 3"):
        pad_names(["cab"], Vocabulary(["abc"]), 3)
    with pytest.raises(DataError, match="not in the vocabulary"):
        pad_names(["xyz"], Vocabulary(["abc"]), 5)
    with pytest.raises(DataError, match="no names"):
        pad_names([], Vocabulary(["abc"]), 5)


def test_unknown_names_and_sizes_are_listed():
    with pytest.raises(ValueError, match="no model 'rnnn': there are bigram, mlp, rnn, gru"):
        build("rnnn", 27)
    with pytest.raises(ValueError, match="rnn has no size n_layer: it has block_size, n_embd"):
        build("rnn", 27, n_layer=3)
    assert REGISTRY.keys() >= NAME_MODELS.keys()
