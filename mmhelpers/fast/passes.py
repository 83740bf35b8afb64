"""The layers of V1 to V5, each with its forward and backward pass, without autograd.

The backward formulas are those of notebook 04, written out or called by their name in torch; what
is no longer needed is overwritten in place.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from mmhelpers.layers import (
    BatchNorm1d,
    Embedding,
    Flatten,
    FlattenConsecutive,
    Layer,
    Linear,
    Tanh,
)
from mmhelpers.models import BatchNormPerPosition


class EmbeddingPass:
    """Forward and backward of `Embedding`; it stands first, so nothing flows further back."""

    def __init__(self, layer: Embedding, dweight: Tensor) -> None:
        self.layer, self.dweight = layer, dweight

    def forward(self, x: Tensor) -> Tensor:
        self.rows = x.flatten()  # (B * T,)
        return self.layer.weight.index_select(0, self.rows).view(*x.shape, -1)

    def backward(self, g: Tensor) -> None:
        self.dweight.zero_().index_add_(0, self.rows, g.flatten(0, -2))


class FlattenPass:
    """Forward and backward of `Flatten` and `FlattenConsecutive`."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        self.shape = x.shape
        return self.layer.forward(x)

    def backward(self, g: Tensor) -> Tensor:
        return g.view(self.shape)


class LinearPass:
    """Forward and backward of `Linear`."""

    def __init__(self, layer: Linear, dweight: Tensor, dbias: Tensor | None = None) -> None:
        self.layer, self.dweight, self.dbias = layer, dweight, dbias

    def forward(self, x: Tensor) -> Tensor:
        self.x = x
        return self.layer.forward(x)

    def backward(self, g: Tensor) -> Tensor:
        rows = g.flatten(0, -2)  # (N, fan_out)
        torch.mm(self.x.flatten(0, -2).T, rows, out=self.dweight)
        if self.dbias is not None:
            torch.sum(rows, 0, out=self.dbias)
        return g @ self.layer.weight.T


class TanhPass:
    """Forward and backward of `Tanh`."""

    def __init__(self, layer: Tanh) -> None:
        pass

    def forward(self, x: Tensor) -> Tensor:
        # tanh(x) = 2 * sigmoid(2 * x) - 1, and torch's sigmoid is many times faster than its tanh.
        self.out = x.mul_(2).sigmoid_().mul_(2).sub_(1)
        return self.out

    def backward(self, g: Tensor) -> Tensor:
        return torch.ops.aten.tanh_backward(g, self.out)


class BatchNormPass:
    """Forward and backward of `BatchNorm1d` by torch's own functions.

    These divide by the biased variance, which is `share` = 1 - 1 / n of the unbiased one: with
    eps times the share, and gamma times its root, the same comes out.
    """

    def __init__(self, layer: BatchNorm1d, dgamma: Tensor, dbeta: Tensor) -> None:
        self.layer, self.dgamma, self.dbeta = layer, dgamma, dbeta

    def rows(self, x: Tensor) -> Tensor:
        """x with all that is averaged over in its first dimension: (n, dim)."""
        return x.flatten(0, -2)

    def forward(self, x: Tensor) -> Tensor:
        layer = self.layer
        layer.check(x)
        self.x = self.rows(x)  # (n, features)
        share, positions = 1 - 1 / len(self.x), self.x.shape[1] // layer.dim
        self.root, self.eps = math.sqrt(share), layer.eps * share
        gamma, beta = layer.gamma * self.root, layer.beta
        if positions > 1:
            gamma, beta = gamma.repeat(positions), beta.repeat(positions)
        self.gamma, running = gamma, self.running(x)
        out, *self.statistics = torch.native_batch_norm(
            self.x, gamma, beta, *running, True, layer.momentum, self.eps
        )
        return out.view(x.shape)

    def running(self, x: Tensor) -> list[Tensor]:
        """The running mean and variance (features,), to be changed in place."""
        layer = self.layer
        mean = layer.running_mean
        if mean.ndim != x.ndim or mean.numel() != self.x.shape[1]:  # the first batch decides
            shape = x.mean(layer.dims(x), keepdim=True).shape
            layer.running_mean = layer.running_mean.expand(shape).clone()
            layer.running_var = layer.running_var.expand(shape).clone()
        return [layer.running_mean.view(-1), layer.running_var.view(-1)]

    def backward(self, g: Tensor) -> Tensor:
        every = [True, True, True]
        dx, dgamma, dbeta = torch.ops.aten.native_batch_norm_backward(
            self.rows(g), self.x, self.gamma, None, None, *self.statistics, True, self.eps, every
        )
        dim = self.layer.dim
        torch.sum(dgamma.view(-1, dim), 0, out=self.dgamma).mul_(self.root)
        torch.sum(dbeta.view(-1, dim), 0, out=self.dbeta)
        return dx.view(g.shape)


class BatchNormPerPositionPass(BatchNormPass):
    """Forward and backward of `BatchNormPerPosition`: every position has features of its own."""

    def rows(self, x: Tensor) -> Tensor:
        """x (B, T, dim) as (B, T * dim), or (B, dim) as it is."""
        return x.flatten(1)


PASSES = {
    Embedding: EmbeddingPass,
    Flatten: FlattenPass,
    FlattenConsecutive: FlattenPass,
    Linear: LinearPass,
    Tanh: TanhPass,
    BatchNorm1d: BatchNormPass,
    BatchNormPerPosition: BatchNormPerPositionPass,
}
