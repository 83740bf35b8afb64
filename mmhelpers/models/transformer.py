"""The Transformers, which read whole names x (B, T) and give logits (B, T, V)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from mmhelpers.layers import (
    Cache,
    Dropout,
    Embedding,
    Layer,
    LayerNorm,
    Linear,
    ModernBlock,
    RMSNorm,
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

    def embed(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """What stands for tokens (…, T) at positions (T,): (…, T, C)."""
        return self.token(tokens) + self.position(positions)

    def forward(self, x: Tensor, cache: Cache | None = None) -> Tensor:
        first = cache.length if cache else 0
        positions = torch.arange(first, first + x.shape[1], device=x.device)  # (T,)
        hidden = self.dropout(self.embed(x, positions))  # (B, T, C)
        for block in self.blocks:
            hidden = block(hidden, cache)
        if cache:
            cache.length += x.shape[1]
        return self.head(self.norm(hidden))  # (B, T, V)


@dataclass(frozen=True)
class ModernSizes(TransformerSizes):
    """Sizes of `ModernTransformer`, and which of its parts are not as in GPT-2."""

    rms_norm: bool = True  # RMSNorm instead of LayerNorm
    rotary: bool = True  # queries and keys turned instead of positions learned
    swiglu: bool = True  # a gated network at each position instead of GELU's
    zero_start: bool = True  # every block starts as adding nothing


class ModernTransformer(Transformer):
    """The Transformer of blocks as they are built today; with no part of it modern, GPT-2's."""

    def __init__(self, vocab_size: int, sizes: ModernSizes, generator: Generator | None) -> None:
        parts = sizes.rms_norm, sizes.rotary, sizes.swiglu, sizes.zero_start
        self.block_size, self.n_head = sizes.block_size, sizes.n_head
        self.token = Embedding(vocab_size, sizes.n_embd, generator)
        learned = not sizes.rotary
        self.position = Embedding(sizes.block_size, sizes.n_embd, generator) if learned else None
        self.blocks = [
            ModernBlock(sizes.n_embd, sizes.n_head, sizes.dropout, generator, *parts)
            for _ in range(sizes.n_layer)
        ]
        self.norm = RMSNorm(sizes.n_embd) if sizes.rms_norm else LayerNorm(sizes.n_embd)
        self.head = Linear(sizes.n_embd, vocab_size, bias=False, generator=generator)
        self.dropout = Dropout(sizes.dropout)

    def embed(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """The same; where attention turns queries and keys, nothing else tells positions."""
        return super().embed(tokens, positions) if self.position else self.token(tokens)
