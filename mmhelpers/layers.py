"""The building blocks of the networks, each small enough to read in one sitting."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor


class Layer:
    """Base of every layer and model: a callable that knows its parameters.

    A subclass assigns its tensors and sub-layers to attributes and writes `forward`.
    The last output stays in `.out`, so that one can look inside a network after a pass.
    """

    training = True
    left_by_pass = ("out",)  # tensors kept to be looked at, which are no part of the layer's state

    def __call__(self, *inputs: Tensor) -> Tensor:
        self.out = self.forward(*inputs)
        return self.out

    def forward(self, *inputs: Tensor) -> Tensor:
        """The output of the layer for these inputs."""
        raise NotImplementedError(f"{type(self).__name__} defines no forward")

    def children(self) -> Iterator[tuple[str, Layer]]:
        """The direct sub-layers with their names, in the order in which they were assigned."""
        for name, value in vars(self).items():
            if isinstance(value, Layer):
                yield name, value
            elif isinstance(value, list):
                yield from ((f"{name}.{i}", v) for i, v in enumerate(value) if isinstance(v, Layer))

    def state_dict(self) -> dict[str, Tensor]:
        """Every tensor of the layer and its sub-layers by dotted name, its own first."""
        tensors = {k: v for k, v in vars(self).items() if isinstance(v, Tensor)}
        own = {k: v for k, v in tensors.items() if k not in self.left_by_pass}
        for name, child in self.children():
            own |= {f"{name}.{key}": value for key, value in child.state_dict().items()}
        return own

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Takes over copies of the tensors of `state`.

        Raises ValueError where a name or a parameter's shape differs from this layer's.
        """
        mine = self.state_dict()
        if differing := mine.keys() ^ state.keys():
            raise ValueError(f"state_dict does not fit this model: {', '.join(sorted(differing))}")
        for name, tensor in mine.items():
            # Running statistics may differ in shape: they take that of the first batch they see.
            if tensor.requires_grad and tensor.shape != state[name].shape:
                expected, got = tuple(tensor.shape), tuple(state[name].shape)
                raise ValueError(f"{name}: shape {got} instead of {expected}")
        for name, tensor in mine.items():
            tensor.data = state[name].to(tensor, copy=True)  # to its device and dtype

    def parameters(self) -> list[Tensor]:
        """The tensors that training changes, in the order of `state_dict`."""
        return [t for t in self.state_dict().values() if t.requires_grad]

    def train(self, mode: bool = True) -> Layer:
        """Puts the layer and its sub-layers in training mode (or evaluation mode)."""
        self.training = mode
        for _, child in self.children():
            child.train(mode)
        return self

    def eval(self) -> Layer:
        """Puts the layer and its sub-layers in evaluation mode."""
        return self.train(False)

    def to(self, device: str | torch.device) -> Layer:
        """Moves every tensor of the layer to `device`."""
        for tensor in self.state_dict().values():
            tensor.data = tensor.data.to(device)
        return self


def parameter(tensor: Tensor) -> Tensor:
    """The same tensor, marked as one that training changes."""
    return tensor.requires_grad_()


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
        self._check(x)
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

    def _check(self, x: Tensor) -> None:
        if x.ndim not in (2, 3) or x.shape[-1] != self.dim:
            wanted = f"(B, {self.dim}) or (B, T, {self.dim})"
            raise ValueError(f"BatchNorm1d({self.dim}) needs {wanted}, not {tuple(x.shape)}")
        if self.training and x.numel() < 2 * self.dim:
            raise ValueError("one row has no variance: use a larger batch or evaluation mode")

    def follow(self, mean: Tensor, var: Tensor) -> None:
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
