"""Whole models: `logits = model(x)` with x (B, T) int64, T = `model.block_size`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from itertools import pairwise

import torch
from torch import Generator, Tensor
from torch.utils.flop_counter import FlopCounterMode

from mmhelpers import sequence_models, versions
from mmhelpers.layers import BatchNorm1d, Layer, Linear, Tanh, parameter


class BigramCounts(Layer):
    """The bigram model by counting: how often each character follows each other one.

    `counts` (V, V) holds in row i how often each character followed character i, `smoothing`
    is added to every count, `P` (V, V) the rows divided by their sums.
    Built in notebook 01 (lecture: makemore part 1).
    """

    block_size = 1

    def __init__(self, x: Tensor, y: Tensor, vocab_size: int, smoothing: float = 0) -> None:
        pairs = x.flatten() * vocab_size + y  # (N,) each pair as one number
        counts = torch.bincount(pairs, minlength=vocab_size**2)
        self.counts = counts.view(vocab_size, vocab_size)
        smoothed = self.counts + smoothing
        self.P = smoothed / smoothed.sum(1, keepdim=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.P[x[:, -1]].log()  # (B, V)


class BigramNet(Layer):
    """The bigram model as a network: one layer, W (V, V), whose rows are the logits.

    W is drawn from the normal distribution.  Built in notebook 01 (lecture: makemore part 1).
    """

    block_size = 1

    def __init__(self, vocab_size: int, generator: Generator | None = None) -> None:
        self.W = parameter(torch.randn((vocab_size, vocab_size), generator=generator))

    def forward(self, x: Tensor) -> Tensor:
        return self.W[x[:, -1]]  # (B, V): what one-hot rows times W give


class MLP(Layer):
    """Embedding, one hidden layer of tanh, output layer, each drawn as in lecture part 2.

    C (V, n_embd), W1 (block_size * n_embd, n_hidden), b1, W2 (n_hidden, V), b2, all normal.
    Built in notebook 02 (lecture: makemore part 2; Bengio et al. 2003).
    """

    left_by_pass = ("out", "hidden")

    def __init__(
        self,
        vocab_size: int,
        block_size: int = 3,
        n_embd: int = 10,
        n_hidden: int = 200,
        generator: Generator | None = None,
    ) -> None:
        def normal(*shape: int) -> Tensor:
            return parameter(torch.randn(shape, generator=generator))

        self.block_size = block_size
        self.C = normal(vocab_size, n_embd)
        self.W1 = normal(block_size * n_embd, n_hidden)
        self.b1 = normal(n_hidden)
        self.W2 = normal(n_hidden, vocab_size)
        self.b2 = normal(vocab_size)

    def forward(self, x: Tensor) -> Tensor:
        emb = self.C[x]  # (B, T, n_embd)
        flat = emb.view(emb.shape[0], -1)  # (B, T * n_embd)
        self.hidden = torch.tanh(flat @ self.W1 + self.b1)  # (B, n_hidden)
        return self.hidden @ self.W2 + self.b2  # (B, V)


class DeepMLP(Layer):
    """An embedding table C (V, n_embd) and a list of layers, one after the other.

    The first layer is a Linear over all characters of the context.
    Built in notebook 03 (lecture: makemore part 3).
    """

    def __init__(self, C: Tensor, layers: list[Layer]) -> None:
        self.C, self.layers = parameter(C), layers
        self.block_size = len(layers[0].weight) // C.shape[1]

    def forward(self, x: Tensor) -> Tensor:
        out = self.C[x].view(len(x), -1)  # (B, T * n_embd)
        for layer in self.layers:
            out = layer(out)
        return out  # (B, V)


def deep_mlp(
    vocab_size: int,
    depth: int = 5,
    n_hidden: int = 100,
    norm: type[Layer] | None = BatchNorm1d,
    gain: float = 1.0,
    nonlinearity: type[Layer] = Tanh,
    generator: Generator | None = None,
) -> DeepMLP:
    """A DeepMLP of `depth` hidden layers, context 3, embedding 10, drawn as in lecture part 3.

    With a `norm` it stands after every Linear, which then has no bias, and the last gamma
    is multiplied by 0.1; without one the last weight is.  `gain` multiplies the weights of
    the hidden layers.  Built in notebook 03.
    """
    C = torch.randn((vocab_size, 10), generator=generator)
    layers: list[Layer] = []
    for fan_in, fan_out in pairwise([3 * 10, *[n_hidden] * depth, vocab_size]):
        layers.append(Linear(fan_in, fan_out, bias=norm is None, generator=generator))
        layers[-1].weight.data *= 1.0 if fan_out == vocab_size else gain
        layers += [norm(fan_out)] if norm else []
        layers.append(nonlinearity())
    layers.pop()  # no nonlinearity after the logits
    last = layers[-1].gamma if norm else layers[-1].weight
    last.data *= 0.1
    return DeepMLP(C, layers)


# The sizes of every model, and the builder that makes it of them.
REGISTRY: dict[str, tuple[object, Callable[..., Layer]]] = {
    **sequence_models.MODELS,
    **versions.MODELS,
}


def build(name: str, vocab_size: int, generator: Generator | None = None, **sizes: object) -> Layer:
    """The model of that name, drawn from `generator`; `sizes` that are not given are its own.

    Raises ValueError for an unknown name or size, and lists those that it knows.
    """
    return find(name)[1](vocab_size, sizes_of(name, **sizes), generator)


def sizes_of(name: str, **sizes: object) -> object:
    """The sizes of the model of that name, a frozen dataclass, with those that are given."""
    own = find(name)[0]
    known = [field.name for field in fields(own)]
    if unknown := sorted(sizes.keys() - set(known)):
        raise ValueError(f"{name} has no size {', '.join(unknown)}: it has {', '.join(known)}")
    return replace(own, **sizes)


def find(name: str) -> tuple[object, Callable[..., Layer]]:
    """The sizes and the builder of that name; raises ValueError where it is unknown."""
    if name not in REGISTRY:
        raise ValueError(f"no model {name!r}: there are {', '.join(REGISTRY)}")
    return REGISTRY[name]


@torch.no_grad()
def multiply_adds(model: Layer) -> int:
    """How often the model multiplies and adds in a forward pass over one window.

    Counted by torch in the matrix products as they run; all else is small beside them.
    """
    was_training = model.training
    with FlopCounterMode(display=False) as counter:
        model.eval()(torch.zeros((1, model.block_size), dtype=torch.int64))
    model.train(was_training)
    return counter.get_total_flops() // 2
