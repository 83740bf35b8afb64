"""The Transformer's training step with the backward pass by hand: fewer and larger operations.

Both as in GPT-2 and as today, and anything between; the parts are in `blocks`.  Only the N rows of
`PrefixTrees` are computed, and names that share a row share its dropout.  The tests prove that
without dropout result and gradients are those of the plain model.
"""

from __future__ import annotations

from functools import cache
from itertools import islice

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from mmhelpers.fast.blocks import attention, attention_backward, mlp, mlp_backward
from mmhelpers.fast.form import Form
from mmhelpers.fast.kernels import norm
from mmhelpers.fast.prefix_trees import PrefixTrees
from mmhelpers.layers import (
    GELU,
    CausalSelfAttention,
    Dropout,
    Layer,
    LayerNorm,
    ModernBlock,
    RMSNorm,
    RotaryAttention,
    SwiGLU,
    TransformerBlock,
    angles,
)
from mmhelpers.models import Transformer

PARAMETERS = 12  # of a block: six of `attention`, six of `mlp`; None for those that it lacks
NORMS = LayerNorm, RMSNorm


class PackedBlocks(Function):
    """The blocks of a Transformer for rows x (N, C), and their gradient.

    `dropouts` are one for each block; `turns` is what `blocks.turn` takes, or None; `parameters`
    are those of `blocks.attention` and of `blocks.mlp`, block after block.
    """

    @staticmethod
    def forward(ctx, x, trees, turns, dropouts, *parameters):
        """Each block adds attention, then the network, each with dropout."""
        saved = []
        for i, dropout in enumerate(dropouts):
            block = parameters[i * PARAMETERS : (i + 1) * PARAMETERS]
            out, *of_attention = attention(x, trees, turns, *block[:6])
            h, kept_attention = add(x, out, dropout)
            out, *of_mlp = mlp(h, *block[6:])
            x, kept_mlp = add(h, out, dropout)
            saved += [kept_attention, *of_attention, kept_mlp, *of_mlp]
        ctx.save_for_backward(*saved)
        ctx.trees, ctx.keep = trees, [1 - dropout.p for dropout in dropouts]
        ctx.sizes = 1 + len(of_attention), 1 + len(of_mlp)
        return x

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        """The same way back."""
        saved, gradients = iter(ctx.saved_tensors), []
        blocks = [[list(islice(saved, size)) for size in ctx.sizes] for _ in ctx.keep]
        for keep, (of_attention, of_mlp) in zip(ctx.keep[::-1], blocks[::-1], strict=True):
            dout = dropped(g, of_mlp[0], keep)
            dx, *mlp_gradients = mlp_backward(dout, *of_mlp[1:])
            g = dx.add_(g)
            dout = dropped(g, of_attention[0], keep)
            dx, *attention_gradients = attention_backward(dout, ctx.trees, *of_attention[1:])
            g = dx.add_(g)
            gradients = attention_gradients + mlp_gradients + gradients
        return g, None, None, None, *gradients


def add(x: Tensor, out: Tensor, dropout: Dropout) -> tuple[Tensor, Tensor | None]:
    """x plus `dropout` of out, which may be overwritten, and where it kept something."""
    kept = dropout.draw(out) if dropout.training and dropout.p else None
    return dropped(out, kept, 1 - dropout.p).add_(x), kept


def dropped(x: Tensor, kept: Tensor | None, keep: float) -> Tensor:
    """What dropout makes of x."""
    return x if kept is None else (x * kept).div_(keep)


def block_parameters(block: TransformerBlock) -> list[Tensor | None]:
    """The parameters of a block as `PackedBlocks` takes them."""
    expand, _, contract = block.mlp.layers
    found = []
    for before, *linears in (
        (block.norm1, block.attention.qkv, block.attention.project),
        (block.norm2, expand, contract),
    ):
        found += [before.gamma, getattr(before, "beta", None)]
        found += [p for linear in linears for p in (linear.weight, linear.bias)]
    return found


def turns_of(plain: Transformer, depths: Tensor) -> Tensor | None:
    """What `blocks.turn` takes for rows at `depths` (N,), forth and back (2, N, 1, width / 2).

    None where attention is not rotary.
    """
    attention, weight = plain.blocks[0].attention, plain.blocks[0].attention.qkv.weight
    if not isinstance(attention, RotaryAttention):
        return None
    width = len(weight) // attention.n_head
    table = turns_table(plain.block_size, width, weight.dtype, weight.device)
    return table[:, depths].unsqueeze(2)


@cache
def turns_table(block_size: int, width: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The turns of every position, and back, as complex numbers (2, block_size, width / 2)."""
    turns = angles(0, block_size, width).to(device, dtype)
    turns = torch.stack([turns, -turns])
    return torch.polar(torch.ones_like(turns), turns)


class FastTransformer(Form):
    """The fast form of both Transformers; in evaluation mode the plain model itself."""

    @classmethod
    def serves(cls, plain: Layer) -> bool:
        """Whether all parts are some that `blocks` knows."""
        return type(plain.norm) in NORMS and all(known(block) for block in plain.blocks)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return self.plain(x)
        plain: Transformer = self.plain
        trees = PrefixTrees(x, plain.n_head)
        embedded = plain.embed(trees.tokens, trees.depths)  # (N, C)
        parameters = [p for block in plain.blocks for p in block_parameters(block)]
        dropouts = [block.dropout for block in plain.blocks]
        turns = turns_of(plain, trees.depths)
        hidden = PackedBlocks.apply(plain.dropout(embedded), trees, turns, dropouts, *parameters)
        logits = plain.head(norm(plain.norm, hidden))  # (N, V)
        return trees.unpack(logits)  # (B, T, V), anything where the padding is


def known(block: Layer) -> bool:
    """Whether it is a block with all of its parts."""
    return (
        type(block) in (TransformerBlock, ModernBlock)
        and type(block.norm1) in NORMS
        and type(block.norm2) in NORMS
        and type(block.attention) in (CausalSelfAttention, RotaryAttention)
        and type(block.mlp.layers[1]) in (GELU, SwiGLU)
    )
