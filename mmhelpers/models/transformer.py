"""The Transformer, which reads whole names x (B, T) and gives logits (B, T, V)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Generator, Tensor

from mmhelpers.layers import (
    Cache,
    Dropout,
    Embedding,
    Layer,
    LayerNorm,
    Linear,
    TransformerBlock,
)


@dataclass(frozen=True)
class TransformerSizes:
    """Sizes of `Transformer`."""

    block_size: int = 16  # longest name, and one for the start
    n_layer: int = 4  # blocks
    n_head: int = 4  # heads of attention in each
    n_embd: int = 64  # width, which n_head divides
    dropout: float = 0.0  # share of each block's output left out in training


class Transformer(Layer):
    """Embeddings of letter and position, blocks of attention, output layer: as GPT-2.

    Given a `Cache`, x is only what comes after the positions in it.
    """

    def __init__(
        self, vocab_size: int, sizes: TransformerSizes, generator: Generator | None
    ) -> None:
        self.block_size, self.n_head = sizes.block_size, sizes.n_head
        self.token = Embedding(vocab_size, sizes.n_embd, generator)
        self.position = Embedding(sizes.block_size, sizes.n_embd, generator)
        self.blocks = [
            TransformerBlock(sizes.n_embd, sizes.n_head, sizes.dropout, generator)
            for _ in range(sizes.n_layer)
        ]
        self.norm = LayerNorm(sizes.n_embd)
        self.head = Linear(sizes.n_embd, vocab_size, bias=False, generator=generator)
        self.dropout = Dropout(sizes.dropout)

    def new_cache(self) -> Cache:
        """An empty cache of keys and values."""
        return Cache()

    def forward(self, x: Tensor, cache: Cache | None = None) -> Tensor:
        first = cache.length if cache else 0
        position = self.position.weight[first : first + x.shape[1]]  # (T, C)
        hidden = self.dropout(self.token(x) + position)  # (B, T, C)
        for block in self.blocks:
            hidden = block(hidden, cache)
        if cache:
            cache.length += x.shape[1]
        return self.head(self.norm(hidden))  # (B, T, V)
