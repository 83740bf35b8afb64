"""V1 to V6: the models of the scaling study, from one hidden layer to the WaveNet and past it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from mmhelpers.layers import (
    BatchNorm1d,
    Embedding,
    FlattenConsecutive,
    Layer,
    Linear,
    Sequential,
    Tanh,
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


MODELS = {
    "v1": (WindowSizes(block_size=3, n_embd=10, n_hidden=200), flat),
    "v2": (WindowSizes(block_size=8, n_embd=10, n_hidden=200), flat),
    "v3": (WindowSizes(block_size=8, n_embd=10, n_hidden=68), tree_with_bug),
    "v4": (WindowSizes(block_size=8, n_embd=10, n_hidden=68), tree),
    "v5": (WindowSizes(block_size=8, n_embd=24, n_hidden=128), tree),
}
