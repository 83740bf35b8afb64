"""Transformers with one thing left out, or with one thing of today, by name."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from mmhelpers.layers import Identity, Layer, TransformerBlock
from mmhelpers.models import Transformer, build

PARTS = ("rms_norm", "rotary", "swiglu", "zero_start")  # of the modern Transformer


class Nothing(Layer):
    """Zeros in the shape of x: where a network is left out."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.zeros_like(x)


class WithoutResidual(Layer):
    """A block that hands on what it computes, without what it was given."""

    def __init__(self, block: TransformerBlock) -> None:
        self.block = block

    def forward(self, x: Tensor, cache: None = None) -> Tensor:
        block = self.block
        x = block.dropout(block.attention(block.norm1(x)))
        return block.dropout(block.mlp(block.norm2(x)))


def no_position(model: Transformer) -> None:
    """No position is told from another, but by what stands before it."""
    model.position.weight = torch.zeros_like(model.position.weight)


def no_residual(model: Transformer) -> None:
    """Every block sees only what the one before made."""
    model.blocks = [WithoutResidual(block) for block in model.blocks]


def no_norm(model: Transformer) -> None:
    """Nothing is normalised."""
    model.norm = Identity()
    for block in model.blocks:
        block.norm1, block.norm2 = Identity(), Identity()


def no_mlp(model: Transformer) -> None:
    """Attention alone."""
    for block in model.blocks:
        block.norm2, block.mlp = Identity(), Nothing()


WITHOUT: dict[str, Callable[[Transformer], None]] = {
    "no-position": no_position,
    "no-residual": no_residual,
    "no-norm": no_norm,
    "no-mlp": no_mlp,
}
ABLATIONS = (*WITHOUT, "one-head")
VARIED = ("transformer", "student")  # families that have variants


def variant(
    name: str, vocab_size: int, generator: Generator | None = None, **sizes: object
) -> Layer:
    """The model of a name such as "transformer no-position" or "transformer rotary".

    Every "student …" is a modern Transformer: they differ in what they are taught.  Raises
    ValueError for another name.
    """
    family, _, what = name.partition(" ")
    if family == "student":
        return build("modern", vocab_size, generator, **sizes)
    if what in PARTS:
        parts = {part: part == what for part in PARTS}
        return build("modern", vocab_size, generator, **sizes, **parts)
    if what and what not in ABLATIONS:
        raise ValueError(f"no {name!r}: there are {', '.join((*ABLATIONS, *PARTS))}")
    heads = {"n_head": 1} if what == "one-head" else {}
    model = build("transformer", vocab_size, generator, **sizes, **heads)
    if what in WITHOUT:
        WITHOUT[what](model)
    return model
