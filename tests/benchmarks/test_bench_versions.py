"""A training step of V1, V2, V4 and V5, exact and fast, against a loop with plain classes.

`plain` is written as one writes it in a first notebook of part 5: bare classes, torch's global
generator, a loop over the parameters.
"""

import pytest
import torch
import torch.nn.functional as F

from mmhelpers.data import Vocabulary, build_dataset, load_names
from mmhelpers.fast import faster
from mmhelpers.models import build
from mmhelpers.optim import SGD
from mmhelpers.training import train

STEPS = 500
BATCH = 32
SEED = 42
# Context, embedding, hidden units, and how many neighbours each level joins.
SIZES = {
    "v1": (3, 10, 200, [3]),
    "v2": (8, 10, 200, [8]),
    "v4": (8, 10, 68, [2, 2, 2]),
    "v5": (8, 24, 128, [2, 2, 2]),
}


class Table:
    def __init__(self, rows, columns):
        self.weight = torch.randn((rows, columns))

    def __call__(self, x):
        self.out = self.weight[x]
        return self.out

    def parameters(self):
        return [self.weight]


class Join:
    def __init__(self, n):
        self.n = n

    def __call__(self, x):
        B, T, C = x.shape
        x = x.view(B, T // self.n, C * self.n)
        self.out = x.squeeze(1) if x.shape[1] == 1 else x
        return self.out

    def parameters(self):
        return []


class Affine:
    def __init__(self, fan_in, fan_out, bias=True):
        self.weight = torch.randn((fan_in, fan_out)) / fan_in**0.5
        self.bias = torch.zeros(fan_out) if bias else None

    def __call__(self, x):
        self.out = x @ self.weight
        if self.bias is not None:
            self.out += self.bias
        return self.out

    def parameters(self):
        return [self.weight] + ([] if self.bias is None else [self.bias])


class Norm:
    def __init__(self, dim):
        self.gamma, self.beta = torch.ones(dim), torch.zeros(dim)
        self.running_mean, self.running_var = torch.zeros(dim), torch.ones(dim)

    def __call__(self, x):
        dims = (0, 1) if x.ndim == 3 else 0
        mean = x.mean(dims, keepdim=True)
        var = x.var(dims, keepdim=True)
        self.out = self.gamma * ((x - mean) / torch.sqrt(var + 1e-5)) + self.beta
        with torch.no_grad():
            self.running_mean = 0.9 * self.running_mean + 0.1 * mean
            self.running_var = 0.9 * self.running_var + 0.1 * var
        return self.out

    def parameters(self):
        return [self.gamma, self.beta]


class Squash:
    def __call__(self, x):
        self.out = torch.tanh(x)
        return self.out

    def parameters(self):
        return []


def plain(name, X, Y, vocab_size):
    """STEPS steps spelled out; the losses."""
    _, width, n_hidden, groups = SIZES[name]
    torch.manual_seed(SEED)
    layers = [Table(vocab_size, width)]
    for n in groups:
        layers += [Join(n), Affine(n * width, n_hidden, bias=False), Norm(n_hidden), Squash()]
        width = n_hidden
    layers.append(Affine(n_hidden, vocab_size))
    layers[-1].weight *= 0.1
    parameters = [p for layer in layers for p in layer.parameters()]
    for p in parameters:
        p.requires_grad = True
    losses = []
    for step in range(STEPS):
        rows = torch.randint(0, X.shape[0], (BATCH,))
        x = X[rows]
        for layer in layers:
            x = layer(x)
        loss = F.cross_entropy(x, Y[rows])
        for p in parameters:
            p.grad = None
        loss.backward()
        lr = 0.1 if step < 150_000 else 0.01
        for p in parameters:
            p.data += -lr * p.grad
        losses.append(loss.log10().item())
    return losses


def ours(name, X, Y, vocab_size, form):
    """The same steps by train; the losses."""
    torch.manual_seed(SEED)
    model = build(name, vocab_size)
    optimizer = SGD(model.parameters(), lr=0.1)
    return train(
        form(model), (X, Y), STEPS, optimizer, BATCH, loss=F.cross_entropy, progress=False
    ).loss


@pytest.mark.benchmark(group=f"{STEPS} training steps of V1, V2, V4 and V5")
@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("form", [lambda model: model, faster], ids=["exact", "fast"])
def test_against_the_plain_loop(in_turns, name, form):
    words = load_names().words
    vocabulary = Vocabulary(words)
    data = (*build_dataset(words, vocabulary, SIZES[name][0]), len(vocabulary))
    losses = torch.tensor(ours(name, *data, form)).log10()
    if form is not faster:
        assert losses.tolist() == plain(name, *data)  # the same work, to the last digit
    torch.testing.assert_close(losses, torch.tensor(plain(name, *data)), atol=2e-3, rtol=0)
    in_turns(
        lambda: ours(name, *data, form),
        lambda: plain(name, *data),
        rounds=7,
        per_round=STEPS,
        unit="step",
    )
