"""Models whose probabilities are averaged, and how much each of them should have to say."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from mmhelpers.layers import Layer
from mmhelpers.losses import softmax


class EveryPosition(Layer):
    """A model of windows, asked at every position of a name: x (B, T) gives logits (B, T, V)."""

    def __init__(self, model: Layer) -> None:
        self.model, self.block_size = model, model.block_size

    def forward(self, x: Tensor) -> Tensor:
        boundaries = x.new_zeros(len(x), self.block_size - 1)
        windows = torch.cat([boundaries, x], 1).unfold(1, self.block_size, 1)  # (B, T, block_size)
        logits = self.model(windows.flatten(0, 1).to(device_of(self.model)))
        return logits.float().to(x.device).unflatten(0, x.shape)


class Mixture(Layer):
    """The mean of models' probabilities, by weight: x (B, T) gives their logs (B, T, V).

    Of the models those of windows, such as a table of counts, are asked at every position; one at
    least reads whole names.  Raises ValueError for vocabularies of different sizes, and for
    weights that are not one for each model, 0 or more, with sum 1.  Built in notebook 09 (Jelinek
    and Mercer 1980).
    """

    def __init__(self, models: Sequence[Layer], weights: Sequence[float]) -> None:
        self.weights = [float(weight) for weight in weights]
        check_weights(self.weights, len(models))
        outputs = [output_of(model) for model in models]
        if len(sizes := {output.shape[-1] for output in outputs}) > 1:
            known = " and ".join(map(str, sorted(sizes)))
            raise ValueError(f"models of {known} characters can't be mixed: take one vocabulary")
        whole = [m.block_size for m, out in zip(models, outputs, strict=True) if out.ndim == 3]
        if not whole:
            raise ValueError("a mixture needs a model that reads whole names: all read windows")
        self.block_size = min(whole)
        self.models = [
            model if output.ndim == 3 else EveryPosition(model)
            for model, output in zip(models, outputs, strict=True)
        ]

    def forward(self, x: Tensor) -> Tensor:
        parts = zip(self.weights, self.models, strict=True)
        return sum(weight * softmax(model(x)).float() for weight, model in parts).log()


def best_weights(log_probs: Tensor, rounds: int = 300) -> Tensor:
    """The weights (K,) of the mixture that makes N things likeliest, by EM.

    `log_probs` (K, N) are what each of K models says of each thing, a letter or a whole name.
    Every round gives each model the share that it has in explaining the things, on average.
    Raises ValueError for no models, no things, or a thing that all models exclude.  Built in
    notebook 09 (Dempster et al. 1977).
    """
    if log_probs.ndim != 2 or not log_probs.numel():
        raise ValueError(f"log-probabilities {tuple(log_probs.shape)}: (models, things) are needed")
    log_probs = log_probs.double()
    if log_probs.isnan().any() or (log_probs.amax(0) == -torch.inf).any():
        raise ValueError(
            "a thing has no probability under any of the models: no weights explain it"
        )
    weights = torch.full((len(log_probs), 1), 1 / len(log_probs), dtype=torch.float64)
    for _ in range(rounds):
        weights = softmax((weights.log() + log_probs).T).mean(0)[:, None]
    return weights[:, 0]


def check_weights(weights: Sequence[float], count: int) -> None:
    """Raises ValueError for weights that `count` models can't have."""
    if len(weights) != count or not count:
        raise ValueError(f"{len(weights)} weights for {count} models: give one to each")
    if not all(0 <= weight for weight in weights) or not math.isclose(
        sum(weights), 1, rel_tol=1e-6
    ):
        shown = ", ".join(f"{weight:g}" for weight in weights)
        raise ValueError(f"the weights are {shown}: they must be 0 or more and sum to 1")


@torch.no_grad()
def output_of(model: Layer) -> Tensor:
    """What the model gives for boundary tokens alone: (1, T, V), or (1, V) for one of windows."""
    training = model.training
    blank = torch.zeros((1, model.block_size), dtype=torch.int64, device=device_of(model))
    output = model.eval()(blank)
    model.train(training)
    return output


def device_of(model: Layer) -> torch.device:
    """Where the model's tensors are."""
    return next(iter(model.state_dict().values())).device
