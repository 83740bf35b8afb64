"""V1, V2, V4 and V5 without autograd: gradients, minibatches, statistics, what is refused."""

import pytest
import torch
import torch.nn.functional as F
from in_double import close, double

from mmhelpers.data import Vocabulary, build_dataset, load_names
from mmhelpers.diagnostics import Hook, Recorder
from mmhelpers.fast import faster
from mmhelpers.fast.windows import HandGradients
from mmhelpers.layers import BatchNorm1d, Embedding, Flatten, Linear, Sequential, Tanh
from mmhelpers.losses import cross_entropy
from mmhelpers.models import build
from mmhelpers.optim import SGD, AdamW
from mmhelpers.training import DivergedError, History, minibatch, train, updates

FAST = ["v1", "v2", "v4", "v5"]


def data_for(model):
    words = load_names("bundled").words[::16]
    return build_dataset(words, Vocabulary(load_names("bundled").words), model.block_size)


def pair(name):
    return [build(name, 27, torch.Generator().manual_seed(1)) for _ in range(2)]


def statistics(model):
    norms = [layer for layer in model.layers if isinstance(layer, BatchNorm1d)]
    return [s for norm in norms for s in (norm.running_mean, norm.running_var)]


def compare(model, twin, x, y, loss=cross_entropy, **tolerance):
    """Loss, gradients and statistics of autograd and by hand."""
    value = loss(model(x), y)
    value.backward()
    with torch.no_grad():
        hand = HandGradients(twin)
        torch.testing.assert_close(hand.compute(x, y, loss), value.detach(), **tolerance)
    for p, q in zip(*both(model, twin), strict=True):
        torch.testing.assert_close(q.grad, p.grad, **tolerance)
    for mine, its in zip(statistics(twin), statistics(model), strict=True):
        torch.testing.assert_close(mine, its, **tolerance)


def both(model, twin):
    return model.parameters(), twin.parameters()


@pytest.mark.parametrize("name", FAST)
def test_gradients_equal_autograds(name):
    model, twin = pair(name)
    x, y = minibatch(data_for(model), 32, torch.Generator().manual_seed(2))
    compare(model, twin, x, y, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("name", FAST)
@pytest.mark.parametrize("loss", [cross_entropy, F.cross_entropy, F.multi_margin_loss])
@pytest.mark.parametrize("B", [2, 3, 32])
def test_gradients_in_double(name, loss, B):
    model, twin = map(double, pair(name))
    x, y = minibatch(data_for(model), B, torch.Generator().manual_seed(2))
    compare(model, twin, x, y, loss, atol=1e-9, rtol=1e-9)


def test_any_stack_of_these_layers():
    def stack():
        layers = [Embedding(5, 3), BatchNorm1d(3), Linear(3, 4), Tanh(), Flatten(), Linear(8, 5)]
        return double(Sequential(layers))

    x, y = torch.randint(0, 5, (6, 2)), torch.randint(0, 5, (6,))
    compare(stack(), stack(), x, y, atol=1e-9, rtol=1e-9)
    positions = [double(Sequential([Embedding(5, 3), Tanh(), Linear(3, 5)])) for _ in range(2)]
    compare(*positions, x, torch.randint(0, 5, (6, 2)), atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("name", FAST)
def test_the_minibatches_are_those_of_the_plain_model(name):
    model, twin = pair(name)
    data, left = data_for(model), []
    for each in (model, faster(twin)):
        g = torch.Generator().manual_seed(3)
        train(each, data, 3, SGD(each.parameters(), 0.1), 32, g, progress=False)
        left.append(g.get_state())
    assert torch.equal(*left)
    assert all(map(torch.allclose, *both(model, twin)))


@pytest.mark.parametrize("kind", [SGD, AdamW])
def test_stopped_and_gone_on_is_as_never_stopped(kind):
    ends = []
    for parts in ([60], [25, 35]):
        model, g = build("v4", 27, torch.Generator().manual_seed(1)), torch.manual_seed(0)
        optimizer, losses = kind(model.parameters(), 0.01), []
        for steps in parts:
            form, data = faster(model), data_for(model)
            losses += train(form, data, steps, optimizer, 32, g, progress=False).loss
        ends.append((losses, model.state_dict()))
    assert ends[0][0] == ends[1][0]
    assert all(torch.equal(ends[0][1][key], ends[1][1][key]) for key in ends[0][1])


def test_an_optimiser_of_some_parameters_leaves_the_others():
    model = build("v1", 27)
    before = [p.clone() for p in model.parameters()]
    optimizer = SGD(model.parameters()[-2:], 0.1)
    train(faster(model), data_for(model), 3, optimizer, progress=False)
    moved = [not torch.equal(p, q) for p, q in zip(model.parameters(), before, strict=True)]
    assert moved == [False] * (len(moved) - 2) + [True] * 2


def test_tensors_that_get_other_memory_are_still_trained():
    model = build("v1", 27)
    optimizer, data = SGD(model.parameters(), 0.1), data_for(model)
    steps = updates(faster(model), data, optimizer, History())
    next(steps)
    model.load_state_dict({key: value.clone() for key, value in model.state_dict().items()})
    before = model.layers[0].weight.clone()
    next(steps)
    assert not torch.equal(model.layers[0].weight, before)


def test_hooks_see_gradients_and_may_change_them():
    class Clip(Hook):
        def after_backward(self, step, model):
            for p in model.parameters():
                p.grad.mul_(0)

        def after_step(self, step, model, lr):
            seen.append((step, lr, max(p.grad.abs().max().item() for p in model.parameters())))

    model, seen = build("v1", 27), []
    before = [p.clone() for p in model.parameters()]
    optimizer = SGD(model.parameters(), 0.1)
    train(faster(model), data_for(model), 2, optimizer, hooks=[Clip()], progress=False)
    assert seen == [(0, 0.1, 0.0), (1, 0.1, 0.0)]
    assert all(map(torch.equal, model.parameters(), before))


def test_a_hook_that_looks_into_the_layers_is_refused():
    model = build("v1", 27)
    optimizer = SGD(model.parameters(), 0.1)
    with pytest.raises(ValueError, match="Recorder looks into the layers: train the plain model"):
        train(faster(model), data_for(model), 2, optimizer, hooks=[Recorder()], progress=False)


def test_evaluation_mode_is_refused():
    model = build("v1", 27)
    form, optimizer = faster(model).eval(), SGD(model.parameters(), 0.1)
    with pytest.raises(ValueError, match="in evaluation mode: call train"):
        train(form, data_for(model), 2, optimizer, progress=False)


def test_steps_divergence_and_a_single_row():
    model = build("v1", 27)
    form, data, optimizer = faster(model), data_for(model), SGD(model.parameters(), 0.1)
    with pytest.raises(ValueError, match="steps is 0"):
        train(form, data, 0, optimizer)
    with pytest.raises(ValueError, match="one row has no variance"):
        train(form, data, 1, optimizer, 1, progress=False)
    with torch.no_grad():
        model.layers[-1].bias[0] = float("nan")
    before = model.layers[0].weight.clone()
    with pytest.raises(DivergedError, match="at step 0 the loss is nan"):
        train(form, data, 5, optimizer, progress=False)
    assert torch.equal(model.layers[0].weight, before)


def test_autograd_through_the_form_is_the_plain_models():
    model, twin = map(double, pair("v4"))
    x = torch.randint(0, 27, (6, 8))
    close(faster(twin)(x), model(x))
