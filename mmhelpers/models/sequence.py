"""Models that read a whole name: logits (B, T, V) of x (B, T) int64, T up to `block_size`.

x begins with the start token 0, then the letters; the logits at a position are those of the
letter after it.  Sizes as makemore.py has them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from mmhelpers.layers import (
    CausalAverage,
    CausalConv1d,
    Cell,
    Dropout,
    Embedding,
    GRUCell,
    Layer,
    LayerNorm,
    Linear,
    LSTMCell,
    Recurrent,
    Residual,
    RNNCell,
    Sequential,
    Tanh,
    parameter,
)


@dataclass(frozen=True)
class BigramSizes:
    """Sizes of `Bigram`."""

    block_size: int = 16  # longest name, and one for the start


class Bigram(Layer):
    """The logits of the next letter in a table (V, V), a row for each letter; starts at 0."""

    def __init__(self, vocab_size: int, sizes: BigramSizes, generator: Generator | None) -> None:
        self.block_size = sizes.block_size
        self.table = parameter(torch.zeros(vocab_size, vocab_size))

    def forward(self, x: Tensor) -> Tensor:
        return self.table[x]  # (B, T, V)


@dataclass(frozen=True)
class BagSizes:
    """Sizes of `BagOfWords`."""

    block_size: int = 16  # longest name, and one for the start
    n_embd: int = 64  # width of the embeddings
    n_embd2: int = 64  # width of the hidden layer
    dropout: float = 0.0  # share of the embeddings and hidden units left out in training


@dataclass(frozen=True)
class MLPSizes(BagSizes):
    """Sizes of `SequenceMLP`."""

    context: int = 16  # the most tokens it looks at, however long a name may be


class SequenceMLP(Layer):
    """The MLP of notebook 02 at every position, on the last `block_size` tokens, or `context`.

    Before the start stands a token of its own (index V), as in makemore.py.
    """

    def __init__(self, vocab_size: int, sizes: MLPSizes, generator: Generator | None) -> None:
        self.block_size, self.blank = sizes.block_size, vocab_size
        self.window = min(sizes.block_size, sizes.context)
        self.embedding = Embedding(vocab_size + 1, sizes.n_embd, generator)
        hidden = Linear(self.window * sizes.n_embd, sizes.n_embd2, generator=generator)
        self.mlp = Sequential([hidden, Tanh(), Dropout(sizes.dropout)])
        self.head = Linear(sizes.n_embd2, vocab_size, generator=generator)
        self.dropout = Dropout(sizes.dropout)

    def forward(self, x: Tensor) -> Tensor:
        blanks = x.new_full((len(x), self.window - 1), self.blank)
        windows = torch.cat([blanks, x], 1).unfold(1, self.window, 1)  # (B, T, window)
        embedded = self.dropout(self.embedding(windows).flatten(2))  # (B, T, window * n_embd)
        return self.head(self.mlp(embedded))  # (B, T, V)


@dataclass(frozen=True)
class RecurrentSizes:
    """Sizes of `RecurrentModel`."""

    block_size: int = 16  # longest name, and one for the start
    n_embd: int = 64  # width of the embeddings
    n_embd2: int = 64  # width of the state
    dropout: float = 0.0  # share of the embeddings and outputs left out in training


class RecurrentModel(Layer):
    """Embedding, a recurrent cell over all positions, output layer."""

    def __init__(
        self,
        vocab_size: int,
        sizes: RecurrentSizes,
        generator: Generator | None,
        cell: type[Cell] = RNNCell,
    ) -> None:
        self.block_size = sizes.block_size
        self.embedding = Embedding(vocab_size, sizes.n_embd, generator)
        self.recurrent = Recurrent(cell(sizes.n_embd, sizes.n_embd2, generator))
        self.head = Linear(sizes.n_embd2, vocab_size, generator=generator)
        self.dropout = Dropout(sizes.dropout)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.recurrent(self.dropout(self.embedding(x)))  # (B, T, n_embd2)
        return self.head(self.dropout(hidden))  # (B, T, V)


def build_gru(vocab_size: int, sizes: RecurrentSizes, generator: Generator | None) -> Layer:
    """A `RecurrentModel` with GRU cells."""
    return RecurrentModel(vocab_size, sizes, generator, GRUCell)


def build_lstm(vocab_size: int, sizes: RecurrentSizes, generator: Generator | None) -> Layer:
    """A `RecurrentModel` with LSTM cells."""
    return RecurrentModel(vocab_size, sizes, generator, LSTMCell)


@dataclass(frozen=True)
class CNNSizes:
    """Sizes of `CNN`."""

    block_size: int = 16  # longest name, and one for the start
    n_layer: int = 4  # gated convolutions, with dilations 1, 2, 4, …
    n_embd: int = 64  # width of the embeddings and channels
    dropout: float = 0.0  # share of each convolution's output left out in training


class GatedConv(Layer):
    """tanh(a) * sigmoid(b) of a causal convolution's two outputs, mixed: (B, T, C) to the same."""

    def __init__(self, n_embd: int, dilation: int, generator: Generator | None) -> None:
        self.norm = LayerNorm(n_embd)
        self.conv = CausalConv1d(n_embd, 2 * n_embd, 2, dilation, generator)
        self.mix = Linear(n_embd, n_embd, generator=generator)

    def forward(self, x: Tensor) -> Tensor:
        signal, gate = self.conv(self.norm(x)).chunk(2, -1)  # each (B, T, C)
        return self.mix(signal.tanh() * gate.sigmoid())


class CNN(Layer):
    """Dilated causal convolutions, gated and residual as in WaveNet (van den Oord et al. 2016)."""

    def __init__(self, vocab_size: int, sizes: CNNSizes, generator: Generator | None) -> None:
        self.block_size = sizes.block_size
        self.embedding = Embedding(vocab_size, sizes.n_embd, generator)
        self.blocks = [
            Residual(Sequential([GatedConv(sizes.n_embd, 2**i, generator), Dropout(sizes.dropout)]))
            for i in range(sizes.n_layer)
        ]
        self.norm = LayerNorm(sizes.n_embd)
        self.head = Linear(sizes.n_embd, vocab_size, generator=generator)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.embedding(x)  # (B, T, C)
        for block in self.blocks:
            hidden = block(hidden)
        return self.head(self.norm(hidden))  # (B, T, V)


class BagOfWords(Layer):
    """Embeddings of letter and position, averaged over the past, then a small MLP."""

    def __init__(self, vocab_size: int, sizes: BagSizes, generator: Generator | None) -> None:
        self.block_size = sizes.block_size
        self.token = Embedding(vocab_size, sizes.n_embd, generator)
        self.position = Embedding(sizes.block_size, sizes.n_embd, generator)
        hidden = Linear(sizes.n_embd, sizes.n_embd2, generator=generator)
        back = Linear(sizes.n_embd2, sizes.n_embd, generator=generator)
        self.body = Sequential(
            [
                Residual(CausalAverage()),
                Residual(Sequential([hidden, Tanh(), Dropout(sizes.dropout), back])),
            ]
        )
        self.head = Linear(sizes.n_embd, vocab_size, generator=generator)
        self.dropout = Dropout(sizes.dropout)

    def forward(self, x: Tensor) -> Tensor:
        embedded = self.token(x) + self.position.weight[: x.shape[1]]  # (B, T, C)
        return self.head(self.body(self.dropout(embedded)))  # (B, T, V)
