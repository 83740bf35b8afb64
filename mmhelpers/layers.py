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
        """Every tensor of the layer and its sub-layers by dotted name, without `.out`."""
        own = {k: v for k, v in vars(self).items() if isinstance(v, Tensor) and k != "out"}
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
            tensor.data = state[name].to(tensor.device, copy=True)

    def parameters(self) -> list[Tensor]:
        """The tensors that training changes, in the order in which they were assigned."""
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


class BatchNorm1d(Layer):
    """Each feature with mean 0 and variance 1 over the batch, then scaled and shifted.

    Inputs (B, dim).  In training mode the batch's own mean and variance are used, and
    `running_mean`, `running_var` follow them by `momentum`; in evaluation mode these are used.
    As in the lecture the variance is the unbiased one (divided by B - 1) throughout, where
    `torch.nn.BatchNorm1d` normalises by the biased one.  Raises ValueError for another shape,
    and for a batch of one in training mode, which has no variance.
    Built in notebook 03 (lecture: part 3; Ioffe and Szegedy 2015).
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
            mean = x.mean(0, keepdim=True)  # (1, dim)
            var = x.var(0, keepdim=True)  # (1, dim), unbiased
            self._follow(mean, var)
        else:
            mean, var = self.running_mean, self.running_var
        normalised = (x - mean) / torch.sqrt(var + self.eps)  # (B, dim)
        return self.gamma * normalised + self.beta

    def _check(self, x: Tensor) -> None:
        if x.ndim != 2 or x.shape[-1] != self.dim:
            raise ValueError(f"BatchNorm1d({self.dim}) needs (B, {self.dim}), not {tuple(x.shape)}")
        if self.training and len(x) < 2:
            raise ValueError(
                "a batch of one has no variance: use a larger batch or evaluation mode"
            )

    @torch.no_grad()
    def _follow(self, mean: Tensor, var: Tensor) -> None:
        keep = 1 - self.momentum
        self.running_mean = keep * self.running_mean + self.momentum * mean
        self.running_var = keep * self.running_var + self.momentum * var
