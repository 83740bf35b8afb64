"""The layers of V1, V2, V4 and V5, each with its forward and backward pass, without autograd.

All pass on rows: (N, C) for N = B * T positions.  The backward formulas are those of notebook 04,
written out or called by their name in torch; what is no longer needed is overwritten in place.
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
    Linear,
    Tanh,
)

tanh_backward = torch.ops.aten.tanh_backward.default
batch_norm_backward = torch.ops.aten.native_batch_norm_backward.default
EVERY = [True, True, True]  # the gradients of batch_norm_backward


class EmbeddingPass:
    """Forward and backward of `Embedding`; it stands first, so nothing flows further back."""

    def __init__(self, layer: Embedding, dweight: Tensor) -> None:
        self.layer, self.dweight = layer, dweight

    def forward(self, x: Tensor, B: int) -> Tensor:
        self.x = x.flatten()  # (B * T,)
        return self.layer.weight.index_select(0, self.x)

    def backward(self, g: Tensor) -> None:
        self.dweight.zero_().index_add_(0, self.x, g)


class FlattenPass:
    """Forward and backward of `Flatten`."""

    def __init__(self, layer: Flatten) -> None:
        pass

    def forward(self, x: Tensor, B: int) -> Tensor:
        self.shape = x.shape
        return x.view(B, -1)

    def backward(self, g: Tensor) -> Tensor:
        return g.view(self.shape)


class FlattenConsecutivePass(FlattenPass):
    """Forward and backward of `FlattenConsecutive`."""

    def __init__(self, layer: FlattenConsecutive) -> None:
        self.n = layer.n

    def forward(self, x: Tensor, B: int) -> Tensor:
        self.shape = x.shape
        return x.view(-1, self.n * x.shape[1])


class LinearPass:
    """Forward and backward of `Linear`."""

    def __init__(self, layer: Linear, dweight: Tensor, dbias: Tensor | None = None) -> None:
        self.layer, self.dweight, self.dbias = layer, dweight, dbias

    def forward(self, x: Tensor, B: int) -> Tensor:
        self.x, layer = x, self.layer
        if layer.bias is None:
            return torch.mm(x, layer.weight)
        return torch.addmm(layer.bias, x, layer.weight)

    def backward(self, g: Tensor) -> Tensor:
        torch.mm(self.x.T, g, out=self.dweight)
        if self.dbias is not None:
            torch.sum(g, 0, out=self.dbias)
        return torch.mm(g, self.layer.weight.T)


class TanhPass:
    """Forward and backward of `Tanh`."""

    def __init__(self, layer: Tanh) -> None:
        pass

    def forward(self, x: Tensor, B: int) -> Tensor:
        # tanh(x) = 2 * sigmoid(2 * x) - 1, and torch's sigmoid is many times faster than its tanh.
        self.out = x.mul_(2).sigmoid_().mul_(2).sub_(1)
        return self.out

    def backward(self, g: Tensor) -> Tensor:
        return tanh_backward(g, self.out)


class BatchNormPass:
    """Forward and backward of `BatchNorm1d` by torch's own functions.

    These divide by the biased variance, which is `share` = 1 - 1 / n of the unbiased one: with
    eps times the share, and gamma times its root, the same comes out.
    """

    def __init__(self, layer: BatchNorm1d, dgamma: Tensor, dbeta: Tensor) -> None:
        self.layer, self.dgamma, self.dbeta = layer, dgamma, dbeta
        self.prepared = None

    def forward(self, x: Tensor, B: int) -> Tensor:
        layer = self.layer
        if self.prepared != (len(x), B, id(layer.running_mean)):
            self.prepare(x, B)
        self.x, self.gamma = x, layer.gamma * self.root
        out, *self.statistics = torch.native_batch_norm(
            x, self.gamma, layer.beta, *self.running, True, layer.momentum, self.eps
        )
        return out

    def prepare(self, x: Tensor, B: int) -> None:
        """What stays the same from step to step; the first batch decides the statistics' shape."""
        layer = self.layer
        positions = x.view(B, -1, layer.dim) if len(x) > B else x  # as the layer itself is given it
        layer.check(positions)
        shape = positions.mean(layer.dims(positions), keepdim=True).shape
        layer.running_mean = layer.running_mean.expand(shape).clone()
        layer.running_var = layer.running_var.expand(shape).clone()
        self.running = layer.running_mean.view(-1), layer.running_var.view(-1)
        share = 1 - self.running[0].numel() / x.numel()
        self.root, self.eps = math.sqrt(share), layer.eps * share
        self.prepared = len(x), B, id(layer.running_mean)

    def backward(self, g: Tensor) -> Tensor:
        dx, dgamma, dbeta = batch_norm_backward(
            g, self.x, self.gamma, None, None, *self.statistics, True, self.eps, EVERY
        )
        torch.mul(dgamma, self.root, out=self.dgamma)
        self.dbeta.copy_(dbeta)
        return dx


PASSES = {
    Embedding: EmbeddingPass,
    Flatten: FlattenPass,
    FlattenConsecutive: FlattenConsecutivePass,
    Linear: LinearPass,
    Tanh: TanhPass,
    BatchNorm1d: BatchNormPass,
}
