"""Every fast form gives its plain model's result and gradients, and is trained as it is."""

from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from in_double import close, double

from mmhelpers.data import NameRows, Vocabulary, build_dataset, load_names
from mmhelpers.fast import faster, has_faster
from mmhelpers.layers import Cell, Recurrent, Sequential
from mmhelpers.models import REGISTRY, WaveNet, build, sizes_of
from mmhelpers.optim import SGD, AdamW
from mmhelpers.training import evaluate, train

WORDS = load_names("bundled").words[::40]
SMALL = {"n_embd": 8, "n_embd2": 6, "n_layer": 2, "n_head": 2, "n_members": 2, "n_hidden": 5}
WINDOWS = ["v1", "v2", "v4", "v5"]
NAMES = ["rnn", "gru", "lstm", "cnn", "transformer", "modern", "v6"]
some = settings(max_examples=15, deadline=None)


def small(name, **sizes):
    known = vars(sizes_of(name))
    sizes = {key: value for key, value in (SMALL | sizes).items() if key in known}
    return build(name, 27, torch.Generator().manual_seed(1), **sizes)


def random_names(B, T, seed):
    """Rows of padded names (B, T) of so few letters that many begin alike, and where they are."""
    g = torch.Generator().manual_seed(seed)
    names = torch.randint(1, 3, (B, T), generator=g)
    lengths = torch.randint(1, T + 1, (B,), generator=g)
    names[torch.arange(T) >= lengths[:, None]] = 0
    names[:, 0] = 0
    return names, torch.arange(T) < lengths[:, None]


def data_for(model):
    if len(model(torch.zeros(2, model.block_size, dtype=torch.int64)).shape) == 2:
        return build_dataset(WORDS, Vocabulary(WORDS), model.block_size)
    return NameRows(WORDS, Vocabulary(WORDS), model.block_size)


def test_who_has_a_form():
    found = [name for name in REGISTRY if has_faster(build(name, 27))]
    assert sorted(found) == sorted(WINDOWS + NAMES)
    assert has_faster(build("v6", 27).members[0])


@pytest.mark.parametrize("name", ["mlp", "bow", "bigram", "v3"])
def test_a_model_without_a_form_is_named(name):
    model = build(name, 27)
    with pytest.raises(ValueError, match=f"{type(model).__name__} has no faster form"):
        faster(model)


def test_parts_of_ones_own_have_no_form():
    class MyCell(Cell):
        def forward(self, x, h):
            return (self.inputs(x) + self.hidden(h),)

    model = small("rnn")
    assert has_faster(model)
    model.recurrent = Recurrent(MyCell(8, 6))
    assert not has_faster(model)

    class MyNet(WaveNet):
        pass

    assert not has_faster(MyNet(27, sizes_of("v6")))
    assert not has_faster(faster(small("rnn")))  # it is one
    assert not has_faster(Sequential([]))
    assert not has_faster(Sequential(small("v1").layers))  # without block_size no model


@pytest.mark.parametrize("name", NAMES)
@some
@given(B=st.integers(1, 30), T=st.integers(1, 40), seed=st.integers(0, 99))
def test_result_and_gradients(name, B, T, seed):
    plain = double(small(name, block_size=40))
    form = faster(plain)
    x, real = random_names(B, T, seed)
    for mode in (True, False):
        form.train(mode)
        outputs = [model(x)[real] for model in (form, plain)]
        close(*outputs)
    form.train()
    grads = [
        torch.autograd.grad(model(x)[real].sin().sum(), plain.parameters(), allow_unused=True)
        for model in (form, plain)
    ]
    for mine, its in zip(*grads, strict=True):
        close(mine, its)


@pytest.mark.parametrize("parts", product([False, True], repeat=3))
@pytest.mark.parametrize("seed", [1, 2])
def test_any_parts_of_the_modern_one(parts, seed):
    chosen = dict(zip(("rms_norm", "rotary", "swiglu"), parts, strict=True))
    plain = double(small("modern", **chosen))
    x, real = random_names(9, 12, seed)
    outputs = [model(x)[real] for model in (faster(plain), plain)]
    close(*outputs)
    grads = [torch.autograd.grad(out.sin().sum(), plain.parameters()) for out in outputs]
    for mine, its in zip(*grads, strict=True):
        close(mine, its)


@pytest.mark.parametrize("name", NAMES)
def test_a_names_result_does_not_depend_on_its_neighbours(name):
    form = faster(double(small(name, block_size=9)))
    x, real = random_names(12, 9, 3)
    together = form(x)
    for row in range(12):
        close(form(x[row : row + 1])[0][real[row]], together[row][real[row]])


@pytest.mark.parametrize("name", NAMES + WINDOWS)
def test_the_tensors_are_the_models_own(name):
    plain = small(name)
    form = faster(plain)
    mine, its = form.state_dict(), plain.state_dict()
    assert list(mine) == list(its) and all(mine[key] is its[key] for key in its)
    assert form.block_size == plain.block_size
    form.load_state_dict(small(name, n_members=2).state_dict())
    assert form.eval() is form and not plain.training
    assert form.train() is form and plain.training
    assert not faster(plain.eval()).training


@pytest.mark.parametrize("name", NAMES + WINDOWS)
@pytest.mark.parametrize("kind", [SGD, AdamW])
def test_training_follows_the_plain_model(name, kind):
    histories, devs = [], []
    for form in (faster, lambda model: model):
        plain = small(name)
        optimizer = kind(plain.parameters(), 0.1 if kind is SGD else 0.01)
        model, g = form(plain), torch.Generator().manual_seed(3)
        histories.append(train(model, data_for(plain), 25, optimizer, 16, g, progress=False).loss)
        devs.append(evaluate(model, data_for(plain)))
        assert optimizer.steps == 25
    assert histories[0] == pytest.approx(histories[1], abs=2e-3)
    assert histories[0][-1] < histories[0][0]
    assert devs[0] == pytest.approx(devs[1], abs=2e-3)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "v6"])
def test_dropout_is_drawn_in_training_only(name):
    form = faster(small(name, dropout=0.5))
    x, real = random_names(8, 9, 1)
    first, second = form(x)[real], form(x)[real]
    assert not torch.equal(first, second)
    form.eval()
    assert torch.equal(form(x), form(x))


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm", "cnn", "transformer", "modern"])
def test_dropout_of_one_name_is_the_plain_models(name):
    plain = double(small(name, dropout=0.5))
    x = torch.tensor([[0, 3, 1, 4, 1, 5, 9]])
    outputs = []
    for model in (plain, faster(plain)):
        torch.manual_seed(1)
        outputs.append(model(x))
    close(*outputs)
    assert not torch.allclose(faster(plain)(x), outputs[0])  # drawn anew
