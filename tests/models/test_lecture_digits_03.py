"""The lecture's digits of part 3, in code of its shape with our layers imported instead."""

import pytest
import torch
import torch.nn.functional as F
from lecture_digits import LISTS, STEPS, shown, x86_64_only

from mmhelpers.data import LECTURE, Vocabulary, build_dataset, load_names, split_names
from mmhelpers.layers import BatchNorm1d, Linear, Tanh

pytestmark = x86_64_only

BATCHNORM_MLP = {  # the losses of the steps SHOWN
    "bundled": "3.3077 3.2572 2.8334 2.9287 2.7792 2.7195 3.0080 2.9073",
    "lecture": "3.3239 3.2736 2.9652 2.1434 2.9171 2.7054 2.7506 2.5058",
}
DEEP = {  # the losses of the steps SHOWN
    "bundled": "3.2818 3.2567 3.2017 2.8833 2.9523 2.7112 2.7010 2.6823",
    "lecture": "3.2870 3.2843 2.9331 2.9167 3.0503 2.6686 2.5790 2.6380",
}


@pytest.fixture(scope="module")
def data():
    """For each list, its training and dev split."""
    loaded = {}

    def load(kind):
        if kind not in loaded:
            words = load_names(kind).words
            vocabulary = Vocabulary(words)
            parts = split_names(words)[:2]
            loaded[kind] = [build_dataset(part, vocabulary, 3) for part in parts]
        return loaded[kind]

    return load


def batchnorm_mlp(X, Y, steps):
    """The losses of the network with one hidden layer and batch normalisation by hand."""
    g = torch.Generator().manual_seed(2147483647)
    C = torch.randn((27, 10), generator=g)
    W1 = torch.randn((30, 200), generator=g) * (5 / 3) / (30**0.5)
    W2 = torch.randn((200, 27), generator=g) * 0.01
    b2 = torch.randn(27, generator=g) * 0
    gain, shift = torch.ones((1, 200)), torch.zeros((1, 200))
    parameters = [C, W1, W2, b2, gain, shift]
    for p in parameters:
        p.requires_grad = True
    losses = []
    for _ in range(steps):
        rows = torch.randint(0, X.shape[0], (32,), generator=g)
        pre = C[X[rows]].view(32, -1) @ W1
        pre = gain * (pre - pre.mean(0, keepdim=True)) / pre.std(0, keepdim=True) + shift
        loss = F.cross_entropy(torch.tanh(pre) @ W2 + b2, Y[rows])
        for p in parameters:
            p.grad = None
        loss.backward()
        for p in parameters:
            p.data += -0.1 * p.grad
        losses.append(loss.item())
    return losses


def deep_network(X, Y, steps):
    """The losses of the deep network, its table C, its layers and its parameters."""
    g = torch.Generator().manual_seed(2147483647)
    C = torch.randn((27, 10), generator=g)
    layers = []
    for fan_in in (30, 100, 100, 100, 100):
        layers += [Linear(fan_in, 100, bias=False, generator=g), BatchNorm1d(100), Tanh()]
    layers += [Linear(100, 27, bias=False, generator=g), BatchNorm1d(27)]
    with torch.no_grad():
        layers[-1].gamma *= 0.1
    parameters = [C] + [p for layer in layers for p in layer.parameters()]
    for p in parameters:
        p.requires_grad = True
    losses = []
    for _ in range(steps):
        rows = torch.randint(0, X.shape[0], (32,), generator=g)
        x = C[X[rows]].view(32, -1)
        for layer in layers:
            x = layer(x)
        loss = F.cross_entropy(x, Y[rows])
        for layer in layers:
            layer.out.retain_grad()
        for p in parameters:
            p.grad = None
        loss.backward()
        for p in parameters:
            p.data += -0.1 * p.grad
        losses.append(loss.item())
    return losses, C, layers, parameters


@torch.no_grad()
def split_loss(X, Y, C, layers):
    """The loss of the deep network over a whole split, in evaluation mode."""
    for layer in layers:
        layer.training = False
    x = C[X].view(X.shape[0], -1)
    for layer in layers:
        x = layer(x)
    return F.cross_entropy(x, Y).item()


@pytest.mark.parametrize("kind", LISTS)
def test_first_steps_of_the_batchnorm_mlp(kind, data):
    assert shown(batchnorm_mlp(*data(kind)[0], STEPS)) == BATCHNORM_MLP[kind]


@pytest.mark.parametrize("kind", LISTS)
def test_first_steps_of_the_deep_network(kind, data):
    assert shown(deep_network(*data(kind)[0], STEPS)[0]) == DEEP[kind]


@pytest.mark.skipif(not LECTURE.exists(), reason="the lecture's list is not there")
def test_tables_of_the_deep_network(data):
    train, dev = data("lecture")
    losses, C, layers, parameters = deep_network(*train, 1001)
    assert sum(p.nelement() for p in parameters) == 47024
    assert f"{losses[0]:.4f}" == "3.2870"
    tanhs = [layer for layer in layers if isinstance(layer, Tanh)]
    saturated = [f"{(t.out.abs() > 0.97).float().mean().item() * 100:.2f}" for t in tanhs]
    assert saturated == ["2.78", "2.56", "2.25", "1.69", "1.88"]
    slopes = [f"{t.out.grad.std().item():.4e}" for t in tanhs]
    assert slopes == ["2.6407e-03", "2.2456e-03", "2.0457e-03", "1.9831e-03", "1.9524e-03"]
    ratios = [(p.grad.std() / p.detach().std()).item() for p in parameters if p.ndim == 2]
    assert [f"{ratio:.3e}" for ratio in ratios] == [
        "8.013e-03", "4.881e-02", "6.965e-02", "6.074e-02", "5.631e-02", "5.570e-02", "1.160e-01",
    ]  # fmt: skip
    found = [split_loss(*split, C, layers) for split in (train, dev)]
    assert [f"{loss:.4f}" for loss in found] == ["2.4003", "2.3982"]
