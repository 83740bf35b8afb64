"""What every layer and model is: a callable that knows its parameters."""

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
