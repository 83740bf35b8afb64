"""V1 to V6: the models of the scaling study, from one hidden layer to a committee of WaveNets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from mmhelpers.layers import (
    GELU,
    BatchNorm1d,
    Embedding,
    FlattenConsecutive,
    Layer,
    LayerNorm,
    Linear,
    Sequential,
    Tanh,
    delayed,
)


@dataclass(frozen=True)
class WindowSizes:
    """The sizes of a model that sees a window of characters."""

    block_size: int  # characters in the window
    n_embd: int  # numbers that stand for a character
    n_hidden: int  # units of each hidden layer


class BatchNormPerPosition(BatchNorm1d):
    """BatchNorm with the bug of lecture part 5: of (B, T, dim) it averages over B alone.

    So every position gets statistics of its own, from T times fewer numbers.
    Built in notebook 05.
    """

    def dims(self, x: Tensor) -> tuple[int, ...]:
        return (0,)


def flat(vocab_size: int, sizes: WindowSizes, generator: Generator | None = None) -> Sequential:
    """V1 and V2: the whole window at once into one hidden layer with BatchNorm.

    The output layer starts at a tenth of its size, so that the first guesses are nearly even.
    Built in notebook 05 (lecture: part 5).
    """
    fan_in = sizes.n_embd * sizes.block_size
    layers = [
        Embedding(vocab_size, sizes.n_embd, generator),
        FlattenConsecutive(sizes.block_size),
        *_hidden(fan_in, sizes.n_hidden, BatchNorm1d, generator),
        Linear(sizes.n_hidden, vocab_size, generator=generator),
    ]
    return _model(layers, sizes.block_size)


def tree(
    vocab_size: int,
    sizes: WindowSizes,
    generator: Generator | None = None,
    norm: type[BatchNorm1d] = BatchNorm1d,
) -> Sequential:
    """V3 to V5: neighbours joined in pairs, level by level, until one is left.

    Raises ValueError for a block_size that can't be halved down to 1.
    Built in notebook 05 (lecture: part 5; van den Oord et al. 2016).
    """
    levels = sizes.block_size.bit_length() - 1
    if sizes.block_size < 2 or sizes.block_size != 2**levels:
        raise ValueError(f"block_size {sizes.block_size} can't be halved to 1: use 2, 4, 8, 16 …")
    widths = [sizes.n_embd] + [sizes.n_hidden] * levels
    layers: list[Layer] = [Embedding(vocab_size, sizes.n_embd, generator)]
    for width in widths[:-1]:
        layers += [FlattenConsecutive(2), *_hidden(2 * width, sizes.n_hidden, norm, generator)]
    layers.append(Linear(sizes.n_hidden, vocab_size, generator=generator))
    return _model(layers, sizes.block_size)


def tree_with_bug(
    vocab_size: int, sizes: WindowSizes, generator: Generator | None = None
) -> Sequential:
    """V3: the tree with the BatchNorm bug of the lecture."""
    return tree(vocab_size, sizes, generator, norm=BatchNormPerPosition)


def _hidden(
    fan_in: int, n_hidden: int, norm: type[BatchNorm1d], generator: Generator | None
) -> list[Layer]:
    return [Linear(fan_in, n_hidden, bias=False, generator=generator), norm(n_hidden), Tanh()]


@torch.no_grad()
def _model(layers: list[Layer], block_size: int) -> Sequential:
    layers[-1].weight *= 0.1
    model = Sequential(layers)
    model.block_size = block_size
    return model


@dataclass(frozen=True)
class CommitteeSizes:
    """The sizes of a committee of WaveNets."""

    block_size: int = 16  # positions in a row: the longest name and its end
    n_members: int = 2  # nets whose logits are averaged
    n_embd: int = 38  # numbers that stand for a position, in every layer
    dilations: tuple[int, ...] = (1, 2, 4, 8) * 2  # how far back each block looks


class WaveBlock(Layer):
    """Joins every position with the one `dilation` before it, and adds what comes of it.

    (B, T, C) gives (B, T, C); before the first position stand zeros.  Built in notebook 06 (van
    den Oord et al. 2016; residual: He et al. 2015; normalised first, as in GPT-2).
    """

    def __init__(self, n_embd: int, dilation: int, generator: Generator | None = None) -> None:
        self.dilation = dilation
        self.norm = LayerNorm(n_embd)
        self.join = Linear(2 * n_embd, n_embd, generator=generator)
        self.gelu = GELU()
        self.project = Linear(n_embd, n_embd, generator=generator)

    def forward(self, h: Tensor) -> Tensor:
        normed = self.norm(h)  # (B, T, C)
        earlier = delayed(normed, self.dilation)  # (B, T, C)
        joined = self.gelu(self.join(torch.cat([earlier, normed], -1)))  # (B, T, C)
        return h + self.project(joined)


class WaveNet(Layer):
    """A residual WaveNet: x (B, T) gives logits (B, T, V) at every position.

    Built in notebook 06.
    """

    def __init__(
        self, vocab_size: int, sizes: CommitteeSizes, generator: Generator | None = None
    ) -> None:
        self.block_size = sizes.block_size
        self.embedding = Embedding(vocab_size, sizes.n_embd, generator)
        self.blocks = [WaveBlock(sizes.n_embd, d, generator) for d in sizes.dilations]
        self.norm = LayerNorm(sizes.n_embd)
        self.output = Linear(sizes.n_embd, vocab_size, generator=generator)

    def forward(self, x: Tensor) -> Tensor:
        h = self.embedding(x)  # (B, T, C)
        for block in self.blocks:
            h = block(h)
        return self.output(self.norm(h))  # (B, T, V)


class Committee(Layer):
    """The mean of its members' logits.  Each member is trained on its own.

    Built in notebook 06 (Hansen and Salamon 1990; Lakshminarayanan et al. 2017).
    """

    def __init__(self, members: Sequence[Layer]) -> None:
        self.members = list(members)
        self.block_size = self.members[0].block_size

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([member(x) for member in self.members]).mean(0)


def committee(
    vocab_size: int, sizes: CommitteeSizes, generator: Generator | None = None
) -> Committee:
    """V6: a committee of WaveNets."""
    return Committee([WaveNet(vocab_size, sizes, generator) for _ in range(sizes.n_members)])


WINDOW_MODELS = {
    "v1": (WindowSizes(block_size=3, n_embd=10, n_hidden=200), flat),
    "v2": (WindowSizes(block_size=8, n_embd=10, n_hidden=200), flat),
    "v3": (WindowSizes(block_size=8, n_embd=10, n_hidden=68), tree_with_bug),
    "v4": (WindowSizes(block_size=8, n_embd=10, n_hidden=68), tree),
    "v5": (WindowSizes(block_size=8, n_embd=24, n_hidden=128), tree),
}
MODELS = {**WINDOW_MODELS, "v6": (CommitteeSizes(), committee)}
