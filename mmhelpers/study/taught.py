"""Names whose targets are partly what a table of counts expects there."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mmhelpers.data import NameRows, Vocabulary, build_dataset
from mmhelpers.layers import Layer
from mmhelpers.losses import log_softmax
from mmhelpers.models import NGram, build

ROOM = 2**26  # numbers that may be kept at once


class TaughtRows(NameRows):
    """Names as rows, with a whole distribution as the target of every position.

    `X, P = rows[indices]`, X (B, T) as of `NameRows` and P (B, T, V): the table's probabilities
    weigh `share`, the character that follows the rest; zeros where the name has ended.  The table
    is given windows of `table.block_size` characters (B, T) and returns logits.  A kind of label
    smoothing that knows the language (Malagutti et al. 2024).
    """

    def __init__(
        self,
        words: Sequence[str],
        vocabulary: Vocabulary,
        length: int,
        table: Layer,
        share: float,
    ) -> None:
        super().__init__(words, vocabulary, length)
        self.vocab_size, self.table = len(vocabulary), table
        self.shares = torch.full((len(words), 1), share)  # of the table, for each name
        self.windows, _ = build_dataset(words, vocabulary, table.block_size)  # (N, block_size)
        small = len(self.windows) * self.vocab_size <= ROOM
        self.guesses = self.guess(self.windows) if small else None  # (N, V)

    def guess(self, windows: Tensor) -> Tensor:
        """The table's probabilities (N, V) after windows (N, block_size)."""
        return torch.cat([self.table(part).exp().float() for part in windows.split(8192)])

    def __getitem__(self, indices: Tensor | slice) -> tuple[Tensor, Tensor]:
        X, Y = super().__getitem__(indices)
        real = Y >= 0  # (B, T)
        P = torch.zeros(*Y.shape, self.vocab_size)
        columns = torch.arange(Y.shape[1])
        places = (self.starts[indices, None] + columns)[real]  # (N,)
        guesses = self.guess(self.windows[places]) if self.guesses is None else self.guesses[places]
        shares = self.shares[indices] * real  # (B, T)
        P[real] = shares[real].unsqueeze(1) * guesses
        rest = real.float() - shares
        return X, P.scatter_add_(2, Y.clamp(min=0).unsqueeze(2), rest.unsqueeze(2))


def table_of(names: Sequence[str], vocabulary: Vocabulary) -> NGram:
    """The table of counts of five characters (interpolated Kneser–Ney) of the names."""
    table = build("ngram", len(vocabulary))
    table.fit(*build_dataset(names, vocabulary, table.block_size))
    return table


def soft_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """The mean cross-entropy of logits (…, V) against distributions (…, V), in nats.

    Rows of zeros do not count.
    """
    return -(targets * log_softmax(logits)).sum() / targets.sum()
