"""Operations of the Transformer with the backward pass by hand: fewer and larger steps.

Same mathematics as the plain forms, other last digits, about twice as fast on a CPU.  The tests
prove each equal to autograd's gradient of the plain form.
"""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable


class Packing:
    """Where a padded batch x (B, T) holds names: `rows` (N,), numbers of positions in B * T.

    A 0 after the first position is padding, since no name holds the boundary token.
    """

    def __init__(self, x: Tensor) -> None:
        self.shape = x.shape
        real = x != 0  # (B, T)
        real[:, 0] = True
        self.rows = real.flatten().nonzero().squeeze(1)  # (N,)

    def pack(self, padded: Tensor) -> Tensor:
        """(B, T, …) gives (N, …), without the padding."""
        return padded.flatten(0, 1).index_select(0, self.rows)

    def unpack(self, packed: Tensor) -> Tensor:
        """(N, C) gives (B, T, C), with zeros where the padding is."""
        B, T = self.shape
        padded = packed.new_zeros(B * T, packed.shape[1])
        return padded.index_copy_(0, self.rows, packed).view(B, T, -1)


class GELUFunction(Function):
    """`gelu` and its gradient."""

    SCALE, CUBIC = 2 * math.sqrt(2 / math.pi), 0.044715

    @staticmethod
    def forward(ctx, x):
        """x * sigmoid(u) with u = SCALE * (x + CUBIC * x³)."""
        squares = x * x
        u = (squares * (GELUFunction.SCALE * GELUFunction.CUBIC)).add_(GELUFunction.SCALE).mul_(x)
        gate = u.sigmoid_()
        ctx.save_for_backward(x, squares, gate)
        return x * gate

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        """Times gate + x * gate * (1 - gate) * du/dx."""
        x, squares, gate = ctx.saved_tensors
        du = (squares * (3 * GELUFunction.SCALE * GELUFunction.CUBIC)).add_(GELUFunction.SCALE)
        return du.mul_(x).mul_(gate).mul_(1 - gate).add_(gate).mul_(g)


def gelu(x: Tensor) -> Tensor:
    """x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x³))), for any shape.

    Since 1 + tanh(a) = 2 * sigmoid(2 a), and torch's sigmoid is several times faster.
    """
    return GELUFunction.apply(x)


@functools.lru_cache(maxsize=64)
def causal_mask(T: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """(T, T): 0 where row t may look, at columns up to t, and minus infinity elsewhere."""
    return torch.full((T, T), -torch.inf, device=device, dtype=dtype).triu(1)


class AttentionFunction(Function):
    """`attention` and its gradient."""

    @staticmethod
    def forward(ctx, qkv, n_head):
        """The mixed values, from queries, keys and values in one."""
        B, T, width = qkv.shape
        size = width // 3 // n_head
        heads = qkv.view(B, T, 3, n_head, size).permute(2, 0, 3, 1, 4)
        q, k, v = heads.reshape(3, B * n_head, T, size)
        mask = causal_mask(T, qkv.device, qkv.dtype)
        scores = torch.baddbmm(mask, q, k.mT, alpha=size**-0.5)  # (B * n_head, T, T)
        # The softmax spelt out: torch's own is slow on rows as short as these.
        weights = scores.sub_(scores.amax(-1, keepdim=True)).exp_()
        weights.div_(weights.sum(-1, keepdim=True))
        ctx.save_for_backward(q, k, v, weights)
        ctx.n_head = n_head
        mixed = (weights @ v).view(B, n_head, T, size)
        return mixed.transpose(1, 2).reshape(B, T, n_head * size)

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        """Through the mix, the softmax and the scores; in place, in this order."""
        q, k, v, weights = ctx.saved_tensors
        (BH, T, size), n_head = q.shape, ctx.n_head
        B = BH // n_head
        g = g.view(B, T, n_head, size).transpose(1, 2).reshape(BH, T, size)
        dscores = (g @ v.mT).mul_(weights)  # (B * n_head, T, T)
        dscores.addcmul_(weights, dscores.sum(-1, keepdim=True), value=-1).mul_(size**-0.5)
        dheads = torch.stack([dscores @ k, dscores.mT @ q, weights.mT @ g])
        dheads = dheads.view(3, B, n_head, T, size).permute(1, 3, 0, 2, 4)
        return dheads.reshape(B, T, 3 * n_head * size), None


def attention(qkv: Tensor, n_head: int) -> Tensor:
    """Causal attention of `n_head` heads: qkv (B, T, 3 * C) gives (B, T, C)."""
    return AttentionFunction.apply(qkv.contiguous(), n_head)
