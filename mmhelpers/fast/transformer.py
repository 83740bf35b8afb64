"""The Transformer's training step with the backward pass by hand: fewer and larger operations.

Same mathematics as `models.transformer`, other last digits; layer norm and softmax are torch's.
Only the N rows of `PrefixTrees` are computed, and names that share a row share its dropout.  The
tests prove that without dropout result and gradients are those of the plain model.
"""

from __future__ import annotations

from itertools import islice

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from mmhelpers.fast.form import Form
from mmhelpers.fast.kernels import CUBIC, SCALE, layer_norm
from mmhelpers.fast.prefix_trees import PrefixTrees
from mmhelpers.layers import Dropout, TransformerBlock

Results = tuple[Tensor, ...]
PARAMETERS = 12  # of a block: six of `attention`, six of `mlp`


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """The mixed values and the weights of attention, for heads (G * n_head, M, C / n_head)."""
    scores = torch.baddbmm(mask, q, k.mT, alpha=q.shape[2] ** -0.5)
    weights = scores.softmax(-1)  # (G * n_head, M, M)
    return torch.bmm(weights, v), weights


def attend_backward(g: Tensor, q: Tensor, k: Tensor, v: Tensor, weights: Tensor) -> Tensor:
    """The gradients of `attend` by q, k and v, in one tensor."""
    dweights, scale = torch.bmm(g, v.mT), q.shape[2] ** -0.5
    dscores = torch.ops.aten._softmax_backward_data(dweights, weights, -1, g.dtype)
    heads = q.new_empty(3, *q.shape)
    dq, dk, dv = heads
    torch.baddbmm(dq, dscores, k, beta=0, alpha=scale, out=dq)
    torch.baddbmm(dk, dscores.mT, q, beta=0, alpha=scale, out=dk)
    torch.bmm(weights.mT, g, out=dv)
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
    trees: PrefixTrees,
    gamma: Tensor,
    beta: Tensor,
    w_qkv: Tensor,
    b_qkv: Tensor,
    w_out: Tensor,
    b_out: Tensor,
) -> Results:
    """Attention of normalised rows x (N, C), and what its gradient needs."""
    normal, *norm = normalise(x, gamma, beta)
    heads = trees.split(torch.addmm(b_qkv, normal, w_qkv))
    mixed, weights = attend(*heads, trees.mask.to(x.dtype))
    mixed = trees.merge(mixed)  # (N, C)
    out = torch.addmm(b_out, mixed, w_out)
    return out, x, gamma, beta, *norm, normal, heads, weights, mixed, w_qkv, w_out


def attention_backward(g: Tensor, trees: PrefixTrees, *saved: Tensor) -> Results:
    """The gradients of `attention` by x and by its parameters in their order."""
    *norm, normal, heads, weights, mixed, w_qkv, w_out = saved
    dmixed = trees.merge_backward(g @ w_out.T)
    dqkv = trees.split_backward(attend_backward(dmixed, *heads, weights))  # (N, 3 * C)
    dx, dgamma, dbeta = normalise_backward(dqkv @ w_qkv.T, *norm)
    return dx, dgamma, dbeta, normal.T @ dqkv, dqkv.sum(0), mixed.T @ g, g.sum(0)


def mlp(
    x: Tensor, gamma: Tensor, beta: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor
) -> Results:
    """The network for each of the normalised rows x (N, C), and what its gradient needs."""
    normal, *norm = normalise(x, gamma, beta)
    u = torch.addmm(b1, normal, w1)  # (N, 4 * C)
    # GELU as in `kernels`, by fewer passes over memory, and its slope while all is at hand.
    slope = torch.full_like(u, SCALE)
    gate = torch.addcmul(slope, u, u, value=SCALE * CUBIC).mul_(u).sigmoid_()
    slope.addcmul_(u, u, value=3 * SCALE * CUBIC)
    torch.ops.aten.sigmoid_backward(slope, gate, grad_input=slope)
    slope.mul_(u).add_(gate)
    active = u.mul_(gate)
    return torch.addmm(b2, active, w2), x, gamma, beta, *norm, normal, active, slope, w1, w2


def mlp_backward(g: Tensor, *saved: Tensor) -> Results:
    """The gradients of `mlp` by x and by its parameters in their order."""
    *norm, normal, active, slope, w1, w2 = saved
    du = (g @ w2.T).mul_(slope)  # (N, 4 * C)
    dx, dgamma, dbeta = normalise_backward(du @ w1.T, *norm)
    return dx, dgamma, dbeta, normal.T @ du, du.sum(0), active.T @ g, g.sum(0)


class PackedBlocks(Function):
    """The blocks of a Transformer for rows x (N, C), and their gradient.

    `dropouts` are one for each block; `parameters` are those of `attention` and of `mlp`, block
    after block.
    """

    @staticmethod
    def forward(ctx, x, trees, dropouts, *parameters):
        """Each block adds attention, then the network, each with dropout."""
        saved = []
        for i, dropout in enumerate(dropouts):
            block = parameters[i * PARAMETERS : (i + 1) * PARAMETERS]
            out, *of_attention = attention(x, trees, *block[:6])
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
        return g, None, None, *gradients


def add(x: Tensor, out: Tensor, dropout: Dropout) -> tuple[Tensor, Tensor | None]:
    """x plus `dropout` of out, which may be overwritten, and where it kept something."""
    kept = dropout.draw(out) if dropout.training and dropout.p else None
    return dropped(out, kept, 1 - dropout.p).add_(x), kept


def dropped(x: Tensor, kept: Tensor | None, keep: float) -> Tensor:
    """What dropout makes of x."""
    return x if kept is None else (x * kept).div_(keep)


def block_parameters(block: TransformerBlock) -> list[Tensor]:
    """The parameters of a block as `PackedBlocks` takes them."""
    norm1, qkv, project = block.norm1, block.attention.qkv, block.attention.project
    norm2, (expand, _, contract) = block.norm2, block.mlp.layers
    attention = [norm1.gamma, norm1.beta, qkv.weight, qkv.bias, project.weight, project.bias]
    mlp = [norm2.gamma, norm2.beta, expand.weight, expand.bias, contract.weight, contract.bias]
    return attention + mlp


class FastTransformer(Form):
    """The fast form of `Transformer`; in evaluation mode the plain model itself."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return self.plain(x)
        plain, trees = self.plain, PrefixTrees(x, self.plain.n_head)
        embedded = plain.token(trees.tokens) + plain.position(trees.depths)  # (N, C)
        parameters = [p for block in plain.blocks for p in block_parameters(block)]
        dropouts = [block.dropout for block in plain.blocks]
        hidden = PackedBlocks.apply(plain.dropout(embedded), trees, dropouts, *parameters)
        logits = plain.head(layer_norm(plain.norm, hidden))  # (N, V)
        return trees.unpack(logits)  # (B, T, V), anything where the padding is
