"""Attention and the block of a Transformer: inputs are (B, T, C)."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from mmhelpers.layers.base import Layer
from mmhelpers.layers.basic import Dropout, LayerNorm, Linear, Sequential
from mmhelpers.losses import softmax


class Cache:
    """The keys and values (B, n_head, t, C / n_head) of the positions read so far, a layer."""

    def __init__(self) -> None:
        self.length = 0
        self.layers: dict[int, tuple[Tensor, Tensor]] = {}

    def extend(self, layer: Layer, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """All keys and values of this layer, those of the new positions added."""
        if before := self.layers.get(id(layer)):
            k, v = torch.cat([before[0], k], 2), torch.cat([before[1], v], 2)
        self.layers[id(layer)] = k, v
        return k, v


class CausalSelfAttention(Layer):
    """Each position takes a weighted mean of what it and the past ones offer, `n_head` times.

    (B, T, C) gives (B, T, C).  One matrix makes queries, keys and values of all heads; the
    weights of the last pass, (B, n_head, T, T), are in `.weights`.  Given a `Cache`, x is only
    what comes after the positions in it.  Raises ValueError where n_head does not divide C.
    Equal to `torch.nn.MultiheadAttention`.  Built in notebook 07 (Vaswani et al. 2017).
    """

    def __init__(self, n_embd: int, n_head: int, generator: Generator | None = None) -> None:
        if n_head < 1 or n_embd % n_head:
            raise ValueError(f"{n_head} heads do not divide a width of {n_embd} evenly")
        self.n_head = n_head
        self.qkv = Linear(n_embd, 3 * n_embd, generator=generator)
        self.project = Linear(n_embd, n_embd, generator=generator)

    def forward(self, x: Tensor, cache: Cache | None = None) -> Tensor:
        B, T, C = x.shape
        qkv = self.qkv(x)  # (B, T, 3 * C)
        heads = qkv.view(B, T, 3, self.n_head, -1).permute(2, 0, 3, 1, 4)
        q, k, v = heads  # each (B, n_head, T, C / n_head)
        if cache is not None:
            k, v = cache.extend(self, k, v)
        scores = q @ k.transpose(2, 3) * q.shape[-1] ** -0.5  # (B, n_head, T, T)
        future = torch.ones_like(scores[0, 0], dtype=torch.bool).triu(1 + k.shape[2] - T)
        self.weights = softmax(scores.masked_fill(future, -torch.inf))
        mixed = (self.weights @ v).transpose(1, 2).reshape(B, T, C)
        return self.project(mixed)

    def state_dict(self) -> dict[str, Tensor]:
        """The parameters, without the weights of the last pass."""
        return {k: v for k, v in super().state_dict().items() if k != "weights"}


class GELU(Layer):
    """x where it is large, 0 where it is very negative, smooth between: as GPT-2's, by tanh.

    x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x³))).  Built in notebook 07 (Hendrycks and
    Gimpel 2016).
    """

    def forward(self, x: Tensor) -> Tensor:
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
        return x / 2 * (1 + torch.tanh(inner))


class TransformerBlock(Layer):
    """Attention, then a network for each position, each on normalised input and added to it.

    (B, T, C) gives (B, T, C); the network is 4 * C wide.  `cache` is handed to the attention.
    Equal to `torch.nn.TransformerEncoderLayer` with `norm_first`.  Built in notebook 07 (GPT-2:
    Radford et al. 2019).
    """

    def __init__(
        self, n_embd: int, n_head: int, dropout: float = 0.0, generator: Generator | None = None
    ) -> None:
        self.norm1 = LayerNorm(n_embd)
        self.attention = CausalSelfAttention(n_embd, n_head, generator)
        self.norm2 = LayerNorm(n_embd)
        expand = Linear(n_embd, 4 * n_embd, generator=generator)
        contract = Linear(4 * n_embd, n_embd, generator=generator)
        self.mlp = Sequential([expand, GELU(), contract])
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, cache: Cache | None = None) -> Tensor:
        x = x + self.dropout(self.attention(self.norm1(x), cache))
        return x + self.dropout(self.mlp(self.norm2(x)))
