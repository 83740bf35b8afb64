"""The Transformer's training step with the backward pass by hand: fewer and larger operations.

Same mathematics as the plain layers, other last digits.  Only what a name holds is computed, in
rows (N, C) without padding.  The tests prove each equal to autograd's gradient of the plain form.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from mmhelpers.kernels import CUBIC, SCALE, Packing, causal_mask


class SharedStart(Packing):
    """A packing of names x (B, T) whose start, alike in all, is computed only once.

    So `rows` (N,) are all letters, and the start of the first name.  `numbers` (B * T,) leads the
    other way: which of the N rows is that position's; padding has any.
    """

    def __init__(self, x: Tensor, n_head: int) -> None:
        (B, T), H = x.shape, n_head
        self.shape = B, T, H
        real = x.flatten() != 0  # (B * T,)
        real[0] = True
        self.rows = real.nonzero().squeeze(1)  # (N,)
        self.numbers = real.cumsum(0).sub_(1)  # (B * T,)
        self.numbers[::T] = 0
        pieces = torch.arange(3 * H, device=x.device)  # heads of queries, keys and values
        self.sources = (self.numbers.view(B, 1, T) * (3 * H) + pieces.view(3, 1, H, 1)).flatten()
        firsts = self.rows // T * (H * T) + self.rows % T  # (N,)
        places = firsts[:, None] + pieces // H * (B * H * T) + pieces % H * T  # (N, 3 * H)
        self.places, self.own_places = places.flatten(), places[:, :H].flatten()

    def unpack(self, packed: Tensor) -> Tensor:
        """(N, C) gives (B, T, C), with anything where the padding is."""
        return packed.index_select(0, self.numbers).view(*self.shape[:2], -1)

    def split(self, qkv: Tensor) -> Tensor:
        """(N, 3 * C) gives queries, keys and values (3, B * H, T, C / H), each head apart."""
        B, T, H = self.shape
        pieces = qkv.view(len(qkv) * 3 * H, -1)
        return pieces.index_select(0, self.sources).view(3, B * H, T, -1)

    def split_backward(self, heads: Tensor) -> Tensor:
        """The gradient of `split`, (N, 3 * C): what all names say of the start is added up."""
        qkv = heads.flatten(0, 2).index_select(0, self.places).view(len(self.rows), -1)
        starts = heads[:, :, 0].reshape(3, self.shape[0], -1)  # (3, B, C)
        qkv[0] = starts.sum(1).flatten()
        return qkv

    def merge(self, heads: Tensor) -> Tensor:
        """(B * H, T, C / H) gives (N, C), the heads side by side."""
        return heads.flatten(0, 1).index_select(0, self.own_places).view(len(self.rows), -1)

    def merge_backward(self, packed: Tensor) -> Tensor:
        """The gradient of `merge`: zeros where nothing was taken."""
        B, T, H = self.shape
        pieces = packed.view(len(self.own_places), -1)
        heads = packed.new_zeros(B * H * T, pieces.shape[1])
        return heads.index_copy_(0, self.own_places, pieces).view(B * H, T, -1)


def attend(q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """The mixed values and the weights of causal attention, for heads (B * H, T, C / H)."""
    mask = causal_mask(q.shape[1], q.device, q.dtype)
    # The softmax spelt out, by powers of 2: torch's own is slow on rows as short as these.
    scores = torch.baddbmm(mask, q, k.mT, alpha=q.shape[2] ** -0.5 / math.log(2))
    weights = scores.sub_(scores.amax(-1, keepdim=True)).exp2_()  # (B * H, T, T)
    weights.div_(weights.sum(-1, keepdim=True))
    return weights @ v, weights


def attend_backward(g: Tensor, q: Tensor, k: Tensor, v: Tensor, weights: Tensor) -> Tensor:
    """The gradients of `attend` by q, k and v, in one tensor."""
    dscores = (g @ v.mT).mul_(weights)
    dscores.addcmul_(weights, dscores.sum(-1, keepdim=True), value=-1).mul_(q.shape[2] ** -0.5)
    heads = q.new_empty(3, *q.shape)
    torch.bmm(dscores, k, out=heads[0])
    torch.bmm(dscores.mT, q, out=heads[1])
    torch.bmm(weights.mT, g, out=heads[2])
    return heads


def normalise(x: Tensor, gamma: Tensor, beta: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """`LayerNorm` of rows (N, C), and their means and inverse deviations (N, 1)."""
    return torch.native_layer_norm(x, gamma.shape, gamma, beta, 1e-5)


def normalise_backward(
    g: Tensor, x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, inv_std: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients of `normalise` by x, gamma and beta."""
    every = [True, True, True]
    return torch.ops.aten.native_layer_norm_backward(
        g, x, gamma.shape, mean, inv_std, gamma, beta, every
    )


class PackedAttention(Function):
    """Attention of normalised rows x (N, C), and its gradient."""

    @staticmethod
    def forward(ctx, x, packing, gamma, beta, w_qkv, b_qkv, w_out, b_out):
        """Normalise, queries, keys and values, attend, project."""
        normal, mean, inv_std = normalise(x, gamma, beta)
        heads = packing.split(torch.addmm(b_qkv, normal, w_qkv))
        mixed, weights = attend(*heads)
        mixed = packing.merge(mixed)  # (N, C)
        ctx.packing = packing
        ctx.save_for_backward(x, gamma, beta, mean, inv_std, normal, heads, weights, mixed)
        ctx.matrices = w_qkv, w_out
        return torch.addmm(b_out, mixed, w_out)

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        """The same way back."""
        x, *norm, normal, heads, weights, mixed = ctx.saved_tensors
        w_qkv, w_out = ctx.matrices
        dmixed = ctx.packing.merge_backward(g @ w_out.T)
        dqkv = ctx.packing.split_backward(attend_backward(dmixed, *heads, weights))  # (N, 3 * C)
        dx, dgamma, dbeta = normalise_backward(dqkv @ w_qkv.T, x, *norm)
        dw_qkv, dw_out = normal.T @ dqkv, mixed.T @ g
        return dx, None, dgamma, dbeta, dw_qkv, dqkv.sum(0), dw_out, g.sum(0)


class PackedMLP(Function):
    """The network for each position of normalised rows x (N, C), and its gradient."""

    @staticmethod
    def forward(ctx, x, gamma, beta, w1, b1, w2, b2):
        """Normalise, expand, GELU, contract."""
        normal, mean, inv_std = normalise(x, gamma, beta)
        u = torch.addmm(b1, normal, w1)  # (N, 4 * C)
        # GELU as in `kernels`, by fewer passes over memory.
        gate = torch.addcmul(u.new_tensor(SCALE), u, u, value=SCALE * CUBIC).mul_(u).sigmoid_()
        active = u * gate
        ctx.save_for_backward(x, gamma, beta, mean, inv_std, normal, u, gate, active)
        ctx.matrices = w1, w2
        return torch.addmm(b2, active, w2)

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        """The same way back."""
        x, *norm, normal, u, gate, active = ctx.saved_tensors
        w1, w2 = ctx.matrices
        slope = torch.addcmul(u.new_tensor(SCALE), u, u, value=3 * SCALE * CUBIC).mul_(active)
        slope.addcmul_(slope, gate, value=-1).add_(gate)
        du = slope.mul_(g @ w2.T)  # (N, 4 * C)
        dx, dgamma, dbeta = normalise_backward(du @ w1.T, x, *norm)
        return dx, dgamma, dbeta, normal.T @ du, du.sum(0), active.T @ g, g.sum(0)
