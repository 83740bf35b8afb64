"""What a network in training looks like inside, as plain numbers.

Saturation, the ratio of gradient to data and of update to data are those of the lecture
(makemore part 3).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import UnionType

import torch
from torch import Tensor

from mmhelpers.layers import Identity, Layer, Linear, ReLU, Tanh

SATURATED = 0.97  # a tanh beyond this passes on less than 6 % of its gradient


@dataclass(frozen=True)
class Histogram:
    """Densities of values between neighbouring `edges`, one edge more than densities."""

    edges: list[float]
    density: list[float]


@dataclass(frozen=True)
class TensorStats:
    """The values of one tensor; `ratio` is std(gradient) / std(data) where it is a weight's."""

    name: str
    mean: float
    std: float
    saturated: float  # share of |value| > 0.97: means something for the outputs of tanh only
    histogram: Histogram
    ratio: float = math.nan


def histogram(values: Tensor, bins: int = 40) -> Histogram:
    """The histogram of all values of a tensor (any shape), as density."""
    flat = values.detach().flatten().float().cpu()
    density, edges = torch.histogram(flat[flat.isfinite()], bins, density=True)
    return Histogram(edges.tolist(), density.tolist())


def tensor_stats(name: str, values: Tensor, ratio: float = math.nan) -> TensorStats:
    """Mean, standard deviation, saturation and histogram of a tensor (any shape)."""
    values = values.detach()
    saturated = (values.abs() > SATURATED).float().mean().item()
    return TensorStats(
        name, values.mean().item(), values.std().item(), saturated, histogram(values), ratio
    )


def nonlinearities(model: Layer) -> Iterator[tuple[str, Layer]]:
    """Every Tanh, ReLU and Identity in order, with its name: "hidden layer 1 (Tanh)" …"""
    for i, layer in enumerate(_leaves(model, Tanh | ReLU | Identity), 1):
        yield f"hidden layer {i} ({type(layer).__name__})", layer


def _leaves(layer: Layer, kinds: UnionType | type[Layer]) -> Iterator[Layer]:
    """The sub-layers of these kinds, in order."""
    for _, child in layer.children():
        if isinstance(child, kinds):
            yield child
        else:
            yield from _leaves(child, kinds)


def weights(model: Layer) -> dict[str, Tensor]:
    """The parameters of two dimensions: embedding table and weights, without biases and gains.

    The weight of a Linear is named as one counts the layers, "hidden layer 1" … "output layer".
    """
    found = enumerate(_leaves(model, Linear), 1)
    linears = {id(linear.weight): f"hidden layer {i}" for i, linear in found}
    if linears:
        linears[list(linears)[-1]] = "output layer"
    every = {n: t for n, t in model.state_dict().items() if t.requires_grad and t.ndim == 2}
    return {linears.get(id(tensor), name): tensor for name, tensor in every.items()}


def activations(model: Layer) -> list[TensorStats]:
    """The outputs of every nonlinearity on the last batch; ValueError before the first batch."""
    _require_batch(model)
    return [tensor_stats(name, layer.out) for name, layer in nonlinearities(model)]


def gradients(model: Layer) -> list[TensorStats]:
    """The gradients of those outputs, which a `Recorder` has kept; ValueError where none has."""
    _require_batch(model)
    found = list(nonlinearities(model))
    if any(not layer.out.retains_grad or layer.out.grad is None for _, layer in found):
        raise ValueError("no gradients of outputs were kept: train with a Recorder as a hook")
    return [tensor_stats(name, layer.out.grad) for name, layer in found]


def weight_gradients(model: Layer) -> list[TensorStats]:
    """The gradient of every weight, with std(gradient) / std(weight); ValueError without any."""
    if any(w.grad is None for w in weights(model).values()):
        raise ValueError("the weights have no gradients: train the model first")
    return [
        tensor_stats(f"{name} {tuple(w.shape)}", w.grad, (w.grad.std() / w.detach().std()).item())
        for name, w in weights(model).items()
    ]


def _require_batch(model: Layer) -> None:
    if not hasattr(model, "out"):
        raise ValueError("the model has seen no batch: train it first")


def stuck_units(layer: Layer) -> list[bool]:
    """For each unit of a nonlinearity, whether no example of its last batch lets a gradient by.

    A tanh is stuck where |output| > 0.97 throughout, a ReLU where its output is 0 throughout.
    """
    out = layer.out.detach().flatten(0, -2)  # (B, units)
    if isinstance(layer, Identity):
        return [False] * out.shape[1]
    blocked = out.abs() > SATURATED if isinstance(layer, Tanh) else out <= 0
    return blocked.all(0).tolist()


@dataclass(frozen=True)
class Snapshot:
    """One step of a training run: activations, their gradients, and which units are stuck."""

    step: int
    activations: list[TensorStats]
    gradients: list[TensorStats]
    stuck: list[list[bool]]


class Hook:
    """Looks on while a model is trained; override what is needed."""

    def before_backward(self, step: int, model: Layer) -> None:
        """Called between the forward and the backward pass."""

    def after_backward(self, step: int, model: Layer) -> None:
        """Called between the backward pass and the update."""

    def after_step(self, step: int, model: Layer, lr: float) -> None:
        """Called after the update, which had the learning rate `lr`; gradients are still there."""


@dataclass
class Recorder(Hook):
    """A hook for `training.train` that keeps what `diagnose` and the plots need.

    `update_ratios` has for each weight log10(std(lr * gradient) / std(weight)) of every step
    (the size of a step of gradient descent), `snapshots` one entry every `every` steps.  The
    outputs' gradients stay on the model after every step.
    """

    every: int = 100
    update_ratios: dict[str, list[float]] = field(default_factory=dict)
    snapshots: list[Snapshot] = field(default_factory=list)

    def before_backward(self, step: int, model: Layer) -> None:
        """Asks the outputs to keep their gradients."""
        for _, layer in nonlinearities(model):
            layer.out.retain_grad()

    @torch.no_grad()
    def after_step(self, step: int, model: Layer, lr: float) -> None:
        """Notes the ratios of this step, and at every `every`-th step a snapshot."""
        for name, w in weights(model).items():
            ratio = (lr * w.grad.std() / w.std()).item()
            log = math.log10(ratio) if 0 < ratio < math.inf else math.nan
            self.update_ratios.setdefault(name, []).append(log)
        if step % self.every == 0:
            stuck = [stuck_units(layer) for _, layer in nonlinearities(model)]
            self.snapshots.append(Snapshot(step, activations(model), gradients(model), stuck))
