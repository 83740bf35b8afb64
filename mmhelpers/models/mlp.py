"""Windows of characters into hidden layers: notebook 02's MLP and notebook 03's deep one."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Generator, Tensor

from mmhelpers.layers import (
    BatchNorm1d,
    Layer,
    Linear,
    Tanh,
    parameter,
)


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
    last: float = 0.1,
    generator: Generator | None = None,
) -> DeepMLP:
    """A DeepMLP of `depth` hidden layers, context 3, embedding 10, drawn as in lecture part 3.

    With a `norm` it stands after every Linear, which then has no bias, and the last gamma
    is multiplied by `last`; without one the last weight is.  `gain` multiplies the weights of
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
    scaled = layers[-1].gamma if norm else layers[-1].weight
    scaled.data *= last
    return DeepMLP(C, layers)
