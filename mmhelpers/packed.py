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
from mmhelpers.layers import Dropout

Results = tuple[Tensor, ...]


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


def attention(
    x: Tensor,
    packing: SharedStart,
    gamma: Tensor,
    beta: Tensor,
    w_qkv: Tensor,
    b_qkv: Tensor,
    w_out: Tensor,
    b_out: Tensor,
) -> Results:
    """Attention of normalised rows x (N, C), and what its gradient needs."""
    normal, *norm = normalise(x, gamma, beta)
    heads = packing.split(torch.addmm(b_qkv, normal, w_qkv))
    mixed, weights = attend(*heads)
    mixed = packing.merge(mixed)  # (N, C)
    out = torch.addmm(b_out, mixed, w_out)
    return out, x, gamma, beta, *norm, normal, heads, weights, mixed, w_qkv, w_out


def attention_backward(g: Tensor, packing: SharedStart, *saved: Tensor) -> Results:
    """The gradients of `attention` by x and by its parameters in their order."""
    *norm, normal, heads, weights, mixed, w_qkv, w_out = saved
    dmixed = packing.merge_backward(g @ w_out.T)
    dqkv = packing.split_backward(attend_backward(dmixed, *heads, weights))  # (N, 3 * C)
    dx, dgamma, dbeta = normalise_backward(dqkv @ w_qkv.T, *norm)
    return dx, dgamma, dbeta, normal.T @ dqkv, dqkv.sum(0), mixed.T @ g, g.sum(0)


def mlp(
    x: Tensor, gamma: Tensor, beta: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor
) -> Results:
    """The network for each of the normalised rows x (N, C), and what its gradient needs."""
    normal, *norm = normalise(x, gamma, beta)
    u = torch.addmm(b1, normal, w1)  # (N, 4 * C)
    # GELU as in `kernels`, by fewer passes over memory, and its slope while all is at hand.
    gate = torch.addcmul(u.new_tensor(SCALE), u, u, value=SCALE * CUBIC).mul_(u).sigmoid_()
    active = u * gate
    slope = torch.addcmul(u.new_tensor(SCALE), u, u, value=3 * SCALE * CUBIC).mul_(active)
    slope.addcmul_(slope, gate, value=-1).add_(gate)
    return torch.addmm(b2, active, w2), x, gamma, beta, *norm, normal, active, slope, w1, w2


def mlp_backward(g: Tensor, *saved: Tensor) -> Results:
    """The gradients of `mlp` by x and by its parameters in their order."""
    *norm, normal, active, slope, w1, w2 = saved
    du = (g @ w2.T).mul_(slope)  # (N, 4 * C)
    dx, dgamma, dbeta = normalise_backward(du @ w1.T, *norm)
    return dx, dgamma, dbeta, normal.T @ du, du.sum(0), active.T @ g, g.sum(0)


class PackedBlock(Function):
    """A block of a Transformer for rows x (N, C), and its gradient.

    `parameters` are those of `attention`, then those of `mlp`.
    """

    @staticmethod
    def forward(ctx, x, packing, dropout, *parameters):
        """Adds attention, then the network, each with dropout."""
        ctx.packing, ctx.keep = packing, 1 - dropout.p
        out, *of_attention = attention(x, packing, *parameters[:6])
        h, kept_attention = add(x, out, dropout)
        out, *of_mlp = mlp(h, *parameters[6:])
        out, kept_mlp = add(h, out, dropout)
        ctx.save_for_backward(kept_attention, kept_mlp, *of_attention, *of_mlp)
        ctx.n_attention = len(of_attention)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        """The same way back."""
        kept_attention, kept_mlp, *saved = ctx.saved_tensors
        of_attention, of_mlp = saved[: ctx.n_attention], saved[ctx.n_attention :]
        dh, *mlp_gradients = mlp_backward(dropped(g, kept_mlp, ctx.keep), *of_mlp)
        g = g + dh
        dout = dropped(g, kept_attention, ctx.keep)
        dx, *attention_gradients = attention_backward(dout, ctx.packing, *of_attention)
        return g + dx, None, None, *attention_gradients, *mlp_gradients


def add(x: Tensor, out: Tensor, dropout: Dropout) -> tuple[Tensor, Tensor | None]:
    """x plus `dropout` of out, and where it kept something."""
    kept = dropout.draw(out) if dropout.training and dropout.p else None
    return x + dropped(out, kept, 1 - dropout.p), kept


def dropped(x: Tensor, kept: Tensor | None, keep: float) -> Tensor:
    """What dropout makes of x."""
    return x if kept is None else (x * kept).div_(keep)
