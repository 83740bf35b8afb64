"""The building blocks of the networks, each small enough to read in one sitting."""

from __future__ import annotations

import torch
from torch import Tensor

from mmhelpers.layers.base import Layer, parameter


class Linear(Layer):
    """x @ weight + bias: inputs (…, fan_in) give (…, fan_out).

    `weight` (fan_in, fan_out) is drawn from the normal distribution and divided by the square
    root of fan_in, `bias` (fan_out,) starts at 0.  Built in notebook 03 (lecture: part 3).
    """

    def __init__(
        self,
        fan_in: int,
        fan_out: int,
        bias: bool = True,
        generator: torch.Generator | None = None,
    ) -> None:
        drawn = torch.randn((fan_in, fan_out), generator=generator) / fan_in**0.5
        self.weight = parameter(drawn)
        self.bias = parameter(torch.zeros(fan_out)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        product = x @ self.weight  # (…, fan_out)
        return product if self.bias is None else product + self.bias


class Tanh(Layer):
    """The hyperbolic tangent of every element.  Built in notebook 03 (lecture: part 3)."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x)


class ReLU(Layer):
    """Every element, or 0 where it is negative.  Built in notebook 03."""

    def forward(self, x: Tensor) -> Tensor:
        return x.clamp(min=0)


class Identity(Layer):
    """Every element as it is: where a nonlinearity is left out.  Built in notebook 03."""

    def forward(self, x: Tensor) -> Tensor:
        return x * 1  # a tensor of its own, so that it has a gradient of its own


class BatchNorm1d(Layer):
    """Each feature with mean 0 and variance 1 over the batch, then scaled and shifted.

    Inputs (B, dim), or (B, T, dim) where batch and positions count as one.  In training mode
    the batch's own mean and variance are used, and `running_mean`, `running_var` follow them by
    `momentum`; in evaluation mode these are used.  As in the lecture the variance is the
    unbiased one (divided by the count - 1) throughout, where `torch.nn.BatchNorm1d` normalises
    by the biased one, and the features stand last, where torch's stand second.  Raises
    ValueError for another shape, and in training mode for a single row, which has no variance.
    Built in notebook 03, with T in 05 (lecture: parts 3 and 5; Ioffe and Szegedy 2015).
    """

    def __init__(self, dim: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        self.dim, self.eps, self.momentum = dim, eps, momentum
        self.gamma = parameter(torch.ones(dim))
        self.beta = parameter(torch.zeros(dim))
        self.running_mean = torch.zeros(dim)
        self.running_var = torch.ones(dim)

    def forward(self, x: Tensor) -> Tensor:
        self.check(x)
        if self.training:
            dims = self.dims(x)
            mean = x.mean(dims, keepdim=True)  # (1, dim) or (1, 1, dim)
            var = x.var(dims, keepdim=True)  # the same, unbiased
            self.follow(mean, var)
        else:
            mean, var = self.running_mean, self.running_var
        normalised = (x - mean) / torch.sqrt(var + self.eps)  # the shape of x
        return self.gamma * normalised + self.beta

    def dims(self, x: Tensor) -> tuple[int, ...]:
        """The dimensions to average over: all but the features."""
        return tuple(range(x.ndim - 1))

    def check(self, x: Tensor) -> None:
        """Raises ValueError for a shape that it does not take, or a single row in training."""
        if x.ndim not in (2, 3) or x.shape[-1] != self.dim:
            wanted = f"(B, {self.dim}) or (B, T, {self.dim})"
            raise ValueError(f"BatchNorm1d({self.dim}) needs {wanted}, not {tuple(x.shape)}")
        if self.training and x.numel() < 2 * self.dim:
            raise ValueError("one row has no variance: use a larger batch or evaluation mode")

    def follow(self, mean: Tensor, var: Tensor) -> None:
        """Moves the running statistics towards those of a batch."""
        keep = 1 - self.momentum
        self.running_mean = keep * self.running_mean + self.momentum * mean.detach()
        self.running_var = keep * self.running_var + self.momentum * var.detach()


class Embedding(Layer):
    """A row of `weight` (num_embeddings, embedding_dim) for every index: (…) gives (…, dim).

    Drawn from the normal distribution.  Built in notebook 05 (lecture: part 5).
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        generator: torch.Generator | None = None,
    ) -> None:
        drawn = torch.randn((num_embeddings, embedding_dim), generator=generator)
        self.weight = parameter(drawn)

    def forward(self, x: Tensor) -> Tensor:
        return self.weight[x]


class Flatten(Layer):
    """All positions side by side: (B, T, C) gives (B, T * C).  Built in notebook 05."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1)


class FlattenConsecutive(Layer):
    """Every `n` neighbouring positions side by side: (B, T, C) gives (B, T / n, C * n).

    A single remaining position is dropped as a dimension: (B, C * n).  Raises ValueError where
    n does not divide T.  Built in notebook 05 (lecture: part 5).
    """

    def __init__(self, n: int) -> None:
        self.n = n

    def forward(self, x: Tensor) -> Tensor:
        B, T, C = x.shape
        if T % self.n:
            message = f"FlattenConsecutive({self.n}) can't group {T} positions evenly"
            raise ValueError(f"{message}: use a divisor of {T}")
        x = x.view(B, T // self.n, C * self.n)
        return x.squeeze(1) if x.shape[1] == 1 else x


class Sequential(Layer):
    """One layer after the other.  Built in notebook 05 (lecture: part 5).

    `block_size` is set where the whole is a model, see `models`.
    """

    def __init__(self, layers: list[Layer]) -> None:
        self.layers = layers

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


class LayerNorm(Layer):
    """Each row with mean 0 and variance 1 over its features, then scaled and shifted.

    Inputs (…, dim).  The same in training and evaluation: no row knows of another.
    Built in notebook 06 (Ba, Kiros and Hinton 2016).
    """

    def __init__(self, dim: int, eps: float = 1e-5) -> None:
        self.eps = eps
        self.gamma = parameter(torch.ones(dim))
        self.beta = parameter(torch.zeros(dim))

    def forward(self, x: Tensor) -> Tensor:
        centred = x - x.mean(-1, keepdim=True)  # (…, dim)
        var = (centred * centred).mean(-1, keepdim=True)  # (…, 1), biased
        return self.gamma * centred / torch.sqrt(var + self.eps) + self.beta


class RMSNorm(Layer):
    """Each row divided by its root mean square, so that its size no longer counts, then scaled.

    Inputs (…, dim).  What `LayerNorm` leaves when the mean and the shift go.  Equal to
    `torch.nn.RMSNorm`.  Built in notebook 08 (Zhang and Sennrich 2019).
    """

    def __init__(self, dim: int, eps: float = 1e-5) -> None:
        self.eps = eps
        self.gamma = parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        square = x.square().mean(-1, keepdim=True)  # (…, 1)
        return self.gamma * x / torch.sqrt(square + self.eps)


class Dropout(Layer):
    """Sets each element to 0 with probability `p` in training mode, scaling up the rest.

    In evaluation mode it does nothing.  Built in notebook 06 (Srivastava et al. 2014).
    """

    def __init__(self, p: float, generator: torch.Generator | None = None) -> None:
        if not 0 <= p < 1:
            raise ValueError(f"dropout probability is {p}: it must be at least 0 and below 1")
        self.p, self.generator = p, generator

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        return x * self.draw(x) / (1 - self.p)

    def draw(self, x: Tensor) -> Tensor:
        """For each element of x 1, or 0 with probability `p`."""
        return torch.empty_like(x).bernoulli_(1 - self.p, generator=self.generator)


class Residual(Layer):
    """x + layer(x).  Built in notebook 06 (He et al. 2015)."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layer(x)
