"""What several fast forms share: leaving out padding, GELU and norms by hand or by torch.

GELU is the same mathematics as the plain form, other last digits, about twice as fast on a CPU.
The tests prove it equal to autograd's gradient of the plain form.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from mmhelpers.layers import LayerNorm, Linear, RMSNorm


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


SCALE, CUBIC = 2 * math.sqrt(2 / math.pi), 0.044715  # of GELU


class GELUFunction(Function):
    """`gelu` and its gradient."""

    @staticmethod
    def forward(ctx, x):
        """x * sigmoid(u) with u = SCALE * (x + CUBIC * x³)."""
        squares = x * x
        u = (squares * (SCALE * CUBIC)).add_(SCALE).mul_(x)
        gate = u.sigmoid_()
        ctx.save_for_backward(x, squares, gate)
        return x * gate

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        """Times gate + x * gate * (1 - gate) * du/dx."""
        x, squares, gate = ctx.saved_tensors
        du = (squares * (3 * SCALE * CUBIC)).add_(SCALE)
        return du.mul_(x).mul_(gate).mul_(1 - gate).add_(gate).mul_(g)


def gelu(x: Tensor) -> Tensor:
    """x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x³))), for any shape.

    Since 1 + tanh(a) = 2 * sigmoid(2 a), and torch's sigmoid is several times faster.
    """
    return GELUFunction.apply(x)


def rms_norm(x: Tensor, eps: float = 1e-5) -> tuple[Tensor, Tensor]:
    """Rows x (N, dim) divided by their root mean squares, and one over these (N, 1)."""
    sizes = torch.linalg.vector_norm(x, dim=1, keepdim=True)
    inverse = torch.addcmul(x.new_tensor(eps), sizes, sizes, value=1 / x.shape[1]).rsqrt_()
    return x * inverse, inverse


def rms_norm_backward(g: Tensor, unit: Tensor, inverse: Tensor) -> Tensor:
    """The gradient of `rms_norm` by its rows; g is overwritten.

    What lies along a row only makes it longer, which changes nothing.
    """
    along = (g * unit).mean(1, keepdim=True)
    return g.addcmul_(unit, along, value=-1).mul_(inverse)


class RMSNormFunction(Function):
    """`RMSNorm` of rows and its gradient."""

    @staticmethod
    def forward(ctx, x, gamma, eps):
        """`rms_norm` of x (N, dim) times gamma (dim,)."""
        unit, inverse = rms_norm(x, eps)
        ctx.save_for_backward(unit, gamma, inverse)
        return unit * gamma

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        """By x, gamma and eps."""
        unit, gamma, inverse = ctx.saved_tensors
        return rms_norm_backward(g * gamma, unit, inverse), (g * unit).sum(0), None


def norm(layer: LayerNorm | RMSNorm, x: Tensor) -> Tensor:
    """What the layer gives for rows x (N, dim)."""
    if isinstance(layer, RMSNorm):
        return RMSNormFunction.apply(x, layer.gamma, layer.eps)
    return layer_norm(layer, x)


def layer_norm(layer: LayerNorm, x: Tensor) -> Tensor:
    """What the layer gives for x (…, dim), by torch's own function."""
    return torch.layer_norm(x, layer.gamma.shape, layer.gamma, layer.beta, layer.eps)


def linear(layer: Linear, x: Tensor) -> Tensor:
    """What the layer gives for rows x (N, fan_in), product and bias in one operation."""
    return torch.addmm(layer.bias, x, layer.weight)
