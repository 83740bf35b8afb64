"""Attention and the block of a Transformer: inputs are (B, T, C)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from mmhelpers.layers.base import Layer
from mmhelpers.layers.basic import (
    Dropout,
    LayerNorm,
    Linear,
    RMSNorm,
    Sequential,
)
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

    def select(self, rows: Tensor) -> None:
        """Keeps these of the B names, in this order; one may come more than once."""
        self.layers = {layer: (k[rows], v[rows]) for layer, (k, v) in self.layers.items()}


class CausalSelfAttention(Layer):
    """Each position takes a weighted mean of what it and the past ones offer, `n_head` times.

    (B, T, C) gives (B, T, C).  One matrix makes queries, keys and values of all heads; the
    weights of the last pass, (B, n_head, T, T), are in `.weights`.  Given a `Cache`, x is only
    what comes after the positions in it.  Raises ValueError where n_head does not divide C.
    Equal to `torch.nn.MultiheadAttention`.  Built in notebook 08 (Vaswani et al. 2017).
    """

    bias = True  # whether its two matrices have one

    def __init__(self, n_embd: int, n_head: int, generator: Generator | None = None) -> None:
        if n_head < 1 or n_embd % n_head:
            raise ValueError(f"{n_head} heads do not divide a width of {n_embd} evenly")
        self.n_head = n_head
        self.qkv = Linear(n_embd, 3 * n_embd, self.bias, generator)
        self.project = Linear(n_embd, n_embd, self.bias, generator)

    def heads(self, x: Tensor, first: int) -> Sequence[Tensor]:
        """Queries, keys and values, each (B, n_head, T, C / n_head), of x (B, T, C).

        x stands at the positions from `first` on, which makes no difference here.
        """
        B, T, _ = x.shape
        qkv = self.qkv(x)  # (B, T, 3 * C)
        return qkv.view(B, T, 3, self.n_head, -1).permute(2, 0, 3, 1, 4)

    def forward(self, x: Tensor, cache: Cache | None = None) -> Tensor:
        B, T, C = x.shape
        q, k, v = self.heads(x, cache.length if cache else 0)  # each (B, n_head, T, C / n_head)
        if cache:
            k, v = cache.extend(self, k, v)
        scores = q @ k.transpose(2, 3) * q.shape[-1] ** -0.5  # (B, n_head, T, T)
        future = torch.ones_like(scores[0, 0], dtype=torch.bool).triu(1 + k.shape[2] - T)
        self.weights = softmax(scores.masked_fill(future, -torch.inf))
        mixed = (self.weights @ v).transpose(1, 2).reshape(B, T, C)
        return self.project(mixed)

    def state_dict(self) -> dict[str, Tensor]:
        """The parameters, without the weights of the last pass."""
        return {k: v for k, v in super().state_dict().items() if k != "weights"}


class RotaryAttention(CausalSelfAttention):
    """Attention that sees how far apart two positions are, and nothing of where they stand.

    Every query and key is turned by angles that grow with its position (see `rotated`).  No
    biases.  Raises ValueError where a head's width is odd.  Built in notebook 08 (Su et al. 2021).
    """

    bias = False

    def __init__(self, n_embd: int, n_head: int, generator: Generator | None = None) -> None:
        super().__init__(n_embd, n_head, generator)
        if n_embd // n_head % 2:
            raise ValueError(
                f"{n_head} heads of a width of {n_embd} are {n_embd // n_head} wide each: "
                "to be turned in pairs this must be even"
            )

    def heads(self, x: Tensor, first: int) -> Sequence[Tensor]:
        """The same, queries and keys turned by the positions from `first` on."""
        q, k, v = super().heads(x, first)
        turns = angles(first, first + x.shape[1], q.shape[-1]).to(x)  # (T, C / n_head / 2)
        return [rotated(q, turns), rotated(k, turns), v]


def angles(first: int, last: int, width: int, base: float = 100.0) -> Tensor:
    """By what the pairs of a head are turned at the positions first … last - 1: (T, width / 2).

    Pair i by position * base ** (-2 i / width): the first fast, the last hardly.  The base is 100
    instead of the usual 10,000, since names are short.
    """
    rates = base ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    return torch.arange(first, last)[:, None] * rates


def rotated(x: Tensor, turns: Tensor) -> Tensor:
    """x (…, T, width) with every pair of neighbours turned, as a point in a plane.

    `turns` (T, width / 2) are the angles.  The product of a query and a key that are turned so
    depends on their distance only.
    """
    a, b = x.unflatten(-1, (-1, 2)).unbind(-1)  # each (…, T, width / 2)
    cos, sin = turns.cos(), turns.sin()
    return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2)


class LinearAttention(CausalSelfAttention):
    """Attention whose weights are plain products of positive features: also a recurrent net.

    The features of queries and keys are elu(x) + 1; all else is as in attention.  `forward` weighs
    all positions at once; `recurrent` reads them one by one with a state of fixed size and gives
    the same.  (B, T, C) gives (B, T, C).  Built in notebook 08 (Katharopoulos et al. 2020).
    """

    def features(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Positive queries and keys, and values, each (B, n_head, T, C / n_head)."""
        q, k, v = self.heads(x, 0)
        return *(torch.where(part > 0, part + 1, part.clamp(max=0).exp()) for part in (q, k)), v

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.features(x)
        self.weights = (q @ k.mT).tril()  # (B, n_head, T, T)
        self.weights = self.weights / self.weights.sum(-1, keepdim=True)
        return self.project((self.weights @ v).transpose(1, 2).flatten(2))

    def recurrent(self, x: Tensor) -> Tensor:
        """The same, position by position."""
        q, k, v = self.features(x)
        B, H, T, D = v.shape
        memory, total, outputs = v.new_zeros(B, H, D, D), v.new_zeros(B, H, D, 1), []
        for t in range(T):
            query, key, value = (part[:, :, t, None] for part in (q, k, v))  # (B, H, 1, D)
            memory = memory + key.mT @ value  # what was said, under which key
            total = total + key.mT
            outputs.append(query @ memory / (query @ total))
        return self.project(torch.cat(outputs, 2).transpose(1, 2).flatten(2))


class GELU(Layer):
    """x where it is large, 0 where it is very negative, smooth between: as GPT-2's, by tanh.

    x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x³))).  Built in notebook 08 (Hendrycks and
    Gimpel 2016).
    """

    def forward(self, x: Tensor) -> Tensor:
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
        return x / 2 * (1 + torch.tanh(inner))


class TransformerBlock(Layer):
    """Attention, then a network for each position, each on normalised input and added to it.

    (B, T, C) gives (B, T, C); the network is 4 * C wide.  `cache` is handed to the attention.
    Equal to `torch.nn.TransformerEncoderLayer` with `norm_first`.  Built in notebook 08 (GPT-2:
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


class SwiGLU(Layer):
    """One half of the features, smoothly cut off below 0, times the other half.

    (…, 2 * n) gives (…, n): a * sigmoid(a) * b.  Built in notebook 08 (Shazeer 2020).
    """

    def forward(self, x: Tensor) -> Tensor:
        a, b = x.chunk(2, -1)  # each (…, n)
        return a * torch.sigmoid(a) * b


class ModernBlock(TransformerBlock):
    """The block as it is built today; each of its parts can be left as it is in GPT-2's.

    `rms_norm`: RMSNorm before both.  `rotary`: `RotaryAttention`.  `swiglu`: a gated network with
    no biases, as large as GPT-2's.  `zero_start`: what is added starts at 0, so that the block
    starts as doing nothing (Zhang et al. 2019).  (B, T, C) gives (B, T, C).  Built in notebook 08
    (as Llama: Touvron et al. 2023).
    """

    def __init__(
        self,
        n_embd: int,
        n_head: int,
        dropout: float = 0.0,
        generator: Generator | None = None,
        rms_norm: bool = True,
        rotary: bool = True,
        swiglu: bool = True,
        zero_start: bool = True,
    ) -> None:
        norm = RMSNorm if rms_norm else LayerNorm
        attention = RotaryAttention if rotary else CausalSelfAttention
        # Three matrices instead of two, so a third less wide: 8 / 3 of n_embd, a multiple of 4.
        width = 4 * -(-2 * n_embd // 3) if swiglu else 4 * n_embd
        self.norm1 = norm(n_embd)
        self.attention = attention(n_embd, n_head, generator)
        self.norm2 = norm(n_embd)
        expand = Linear(n_embd, width * (2 if swiglu else 1), not swiglu, generator)
        contract = Linear(width, n_embd, not swiglu, generator)
        self.mlp = Sequential([expand, SwiGLU() if swiglu else GELU(), contract])
        self.dropout = Dropout(dropout)
        if zero_start:
            self.attention.project.weight.data.zero_()
            contract.weight.data.zero_()
