"""The bigram model, as a table of counts and as a network."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from mmhelpers.layers import (
    Layer,
    parameter,
)


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
