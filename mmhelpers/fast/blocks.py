"""The parts of a Transformer's block for packed rows, each with its backward pass by hand.

Same mathematics as `layers.attention`, other last digits; layer norm and softmax are torch's.  A
part gives its result and what its gradient needs; where a parameter is None the block has none.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mmhelpers.fast.kernels import CUBIC, SCALE, rms_norm, rms_norm_backward
from mmhelpers.fast.prefix_trees import PrefixTrees

Results = tuple[Tensor | None, ...]
EPS = 1e-5  # of both norms and of the normalised queries and keys


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


def linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """x @ weight, plus a bias where there is one."""
    return x @ weight if bias is None else torch.addmm(bias, x, weight)


def normalise(x: Tensor, gamma: Tensor, beta: Tensor | None) -> Results:
    """`LayerNorm` of rows (N, C), or `RMSNorm` where there is no beta."""
    if beta is None:
        unit, inverse = rms_norm(x)
        return unit * gamma, unit, gamma, None, None, inverse
    normal, mean, inverse = torch.native_layer_norm(x, gamma.shape, gamma, beta, EPS)
    return normal, x, gamma, beta, mean, inverse


def normalise_backward(
    g: Tensor,
    x: Tensor,
    gamma: Tensor,
    beta: Tensor | None,
    mean: Tensor | None,
    inverse: Tensor,
) -> Results:
    """The gradients of `normalise` by its rows, gamma and beta."""
    if beta is None:
        return rms_norm_backward(g * gamma, x, inverse), (g * x).sum(0), None
    every = [True, True, True]
    return torch.ops.aten.native_layer_norm_backward(
        g, x, gamma.shape, mean, inverse, gamma, beta, every
    )


def turn(qkv: Tensor, turns: Tensor) -> None:
    """Turns queries and keys of qkv (N, 3 * C) in place.

    `turns` (N, 1, C / n_head / 2) are complex numbers of size 1, one for each pair of a head.
    """
    C = qkv.shape[1] // 3
    pairs = qkv[:, : 2 * C].unflatten(1, (-1, turns.shape[2], 2))
    torch.view_as_complex(pairs).mul_(turns)  # (N, 2 * n_head, C / n_head / 2)


def attention(
    x: Tensor,
    trees: PrefixTrees,
    turns: Tensor | None,
    gamma: Tensor,
    beta: Tensor | None,
    w_qkv: Tensor,
    b_qkv: Tensor | None,
    w_out: Tensor,
    b_out: Tensor | None,
) -> Results:
    """Attention of normalised rows x (N, C); rotary where there are `turns`."""
    normal, *norm = normalise(x, gamma, beta)
    qkv = linear(normal, w_qkv, b_qkv)  # (N, 3 * C)
    if turns is not None:
        turn(qkv, turns[0])
    heads = trees.split(qkv)
    mixed, weights = attend(*heads, trees.mask.to(x.dtype))
    mixed = trees.merge(mixed)  # (N, C)
    kept = turns, heads, weights, mixed
    return linear(mixed, w_out, b_out), *norm, normal, *kept, w_qkv, b_qkv, w_out, b_out


def attention_backward(g: Tensor, trees: PrefixTrees, *saved: Tensor | None) -> Results:
    """The gradients of `attention` by x and by its parameters in their order."""
    *norm, normal, turns, heads, weights, mixed, w_qkv, b_qkv, w_out, b_out = saved
    dmixed = trees.merge_backward(g @ w_out.T)
    dqkv = trees.split_backward(attend_backward(dmixed, *heads, weights))  # (N, 3 * C)
    if turns is not None:
        turn(dqkv, turns[1])  # back
    by_norm = normalise_backward(dqkv @ w_qkv.T, *norm)
    return *by_norm, normal.T @ dqkv, summed(dqkv, b_qkv), mixed.T @ g, summed(g, b_out)


def summed(g: Tensor, bias: Tensor | None) -> Tensor | None:
    """The gradient of a bias where there is one, given that of its rows (N, …)."""
    return None if bias is None else g.sum(0)


def mlp(
    x: Tensor,
    gamma: Tensor,
    beta: Tensor | None,
    w1: Tensor,
    b1: Tensor | None,
    w2: Tensor,
    b2: Tensor | None,
) -> Results:
    """The network for each of the normalised rows x (N, C): GELU's, without biases SwiGLU's."""
    normal, *norm = normalise(x, gamma, beta)
    active, *kept = swiglu(normal, w1) if b1 is None else gelu(torch.addmm(b1, normal, w1))
    return linear(active, w2, b2), *norm, normal, active, *kept, w1, b1, w2, b2


def mlp_backward(g: Tensor, *saved: Tensor | None) -> Results:
    """The gradients of `mlp` by x and by its parameters in their order."""
    *norm, normal, active, slope, silu, w1, b1, w2, b2 = saved
    dactive = g @ w2.T
    du = dactive.mul_(slope) if silu is None else swiglu_backward(dactive, slope, silu)
    by_norm = normalise_backward(du @ w1.T, *norm)
    return *by_norm, normal.T @ du, summed(du, b1), active.T @ g, summed(g, b2)


def gelu(u: Tensor) -> Results:
    """GELU as in `kernels`, by fewer passes over memory, and its slope while all is at hand."""
    slope = torch.full_like(u, SCALE)
    gate = torch.addcmul(slope, u, u, value=SCALE * CUBIC).mul_(u).sigmoid_()
    slope.addcmul_(u, u, value=3 * SCALE * CUBIC)
    torch.ops.aten.sigmoid_backward(slope, gate, grad_input=slope)
    slope.mul_(u).add_(gate)
    return u.mul_(gate), slope, None


def swiglu(normal: Tensor, weight: Tensor) -> Results:
    """`SwiGLU` of normal @ weight (N, 2 * n), half by half: in one piece all would be slower."""
    a, b = (normal @ half for half in weight.chunk(2, 1))  # each (N, n)
    gate = a.sigmoid()
    silu = a.mul_(gate)
    slope = gate.addcmul_(gate, silu, value=-1).add_(silu).mul_(b)  # by a
    return b.mul_(silu), slope, silu


def swiglu_backward(g: Tensor, slope: Tensor, silu: Tensor) -> Tensor:
    """The gradient of `swiglu` by its rows times the matrix, (N, 2 * n)."""
    du = g.new_empty(len(g), 2 * g.shape[1])
    da, db = du.chunk(2, 1)
    torch.mul(g, slope, out=da)
    torch.mul(g, silu, out=db)
    return du
