"""Optimisers and learning-rate schedules by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

Schedule = Callable[[int], float]


class SGD:
    """Stochastic gradient descent: `p -= lr * p.grad` for every parameter.

    `lr` is a number or a schedule, a function from the step (0, 1, …) to a number.
    Built in notebook 02.
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float | Schedule) -> None:
        self.parameters = list(parameters)
        self.schedule = lr if callable(lr) else lambda step: lr
        self.steps = 0

    @property
    def lr(self) -> float:
        """The learning rate of the coming step."""
        return self.schedule(self.steps)

    def zero_grad(self) -> None:
        """Forgets the gradients of the last step."""
        for p in self.parameters:
            p.grad = None

    def step(self) -> None:
        """Moves every parameter once, against its gradient."""
        # `p.data += -lr * p.grad` for all in one go.  Product and sum are rounded each, as in the
        # lecture: `_foreach_add_(…, alpha=-lr)` would round only once.
        changes = torch._foreach_mul([p.grad for p in self.parameters], -self.lr)
        torch._foreach_add_([p.data for p in self.parameters], changes)
        self.steps += 1


def step_schedule(first: float, changes: dict[int, float]) -> Schedule:
    """A learning rate that starts at `first` and jumps at given steps.

    `step_schedule(0.1, {100_000: 0.01})` is 0.1 for the steps 0 to 99,999, then 0.01.
    Built in notebook 02.
    """

    def lr(step: int) -> float:
        return next((changes[s] for s in sorted(changes, reverse=True) if step >= s), first)

    return lr


class AdamW(SGD):
    """Adam with decoupled weight decay: steps scaled by the running size of each gradient.

    `betas` are the memories of the gradient and of its square, `weight_decay` shrinks every
    parameter, biases and gains too, as `torch.optim.AdamW` does, or with `spare` matrices only; a
    parameter without a gradient is an error; a model that only counts has no parameters.  Built
    in notebook 06 (Kingma and Ba 2015; Loshchilov and Hutter 2019).
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float | Schedule,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        spare: bool = False,
    ) -> None:
        super().__init__(parameters, lr)
        self.betas, self.eps, self.weight_decay = betas, eps, weight_decay
        self.spare = spare
        self.sizes = [p.numel() for p in self.parameters]
        self.flatten()
        self.mean, self.square = torch.zeros_like(self.flat), torch.zeros_like(self.flat)

    def flatten(self) -> None:
        """Makes every parameter a window on one long tensor (P,), which one operation changes."""
        flat = [p.detach().flatten() for p in self.parameters]
        self.flat = torch.cat(flat) if flat else torch.zeros(0)
        for p, window in zip(self.parameters, self.flat.split(self.sizes), strict=True):
            p.data = window.view_as(p)
        self.places = [p.data_ptr() for p in self.parameters]
        self.scratch = torch.empty_like(self.flat)  # saves asking for memory at every step

    @torch.no_grad()
    def step(self) -> None:
        """Moves every parameter once."""
        if self.places != [p.data_ptr() for p in self.parameters]:
            self.flatten()  # someone gave them other memory
            self.mean, self.square = self.mean.to(self.flat), self.square.to(self.flat)
        lr, (b1, b2) = self.lr, self.betas
        self.steps += 1
        # Both undo that the means start at 0.
        root = math.sqrt(1 - b2**self.steps)
        size = lr * root / (1 - b1**self.steps)
        grad = torch.cat([p.grad.flatten() for p in self.parameters], out=self.scratch)  # (P,)
        self.mean.lerp_(grad, 1 - b1)
        self.square.mul_(b2).addcmul_(grad, grad, value=1 - b2)
        sizes = torch.sqrt(self.square, out=self.scratch).add_(self.eps * root)
        changes = torch.div(self.mean, sizes, out=self.scratch)
        decaying = [p for p in self.parameters if p.ndim > 1] if self.spare else [self.flat]
        torch._foreach_mul_(decaying, 1 - lr * self.weight_decay)
        self.flat.sub_(changes, alpha=size)

    def state_dict(self) -> dict[str, object]:
        """What `load_state_dict` needs to go on as if nothing had happened."""
        return {"steps": self.steps, "mean": self.mean, "square": self.square}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Takes over copies of the state; raises ValueError where the sizes differ."""
        if not state["mean"].shape == state["square"].shape == self.mean.shape:
            raise ValueError("the optimiser's state does not fit these parameters")
        self.mean.copy_(state["mean"])
        self.square.copy_(state["square"])
        self.steps = int(state["steps"])


def cosine_schedule(peak: float, steps: int, warmup: int = 0, final: float = 0.0) -> Schedule:
    """A learning rate that rises to `peak` in `warmup` steps, then falls along half a cosine.

    It reaches `final` at step `steps` and stays there.  Built in notebook 06 (Loshchilov and
    Hutter 2017).
    """

    def lr(step: int) -> float:
        if step < warmup:
            return peak * (step + 1) / warmup
        share = min(1.0, (step - warmup) / max(1, steps - warmup))
        return final + (peak - final) * (1 + math.cos(math.pi * share)) / 2

    return lr


class WeightAverage:
    """The average of a model's weights over the last steps of its training.

    Call `update` after every step: the average moves towards the weights by `1 - decay`, so that
    it remembers about `1 / (1 - decay)` steps; until there have been so many it is the plain mean
    of all.  Running statistics are averaged too.  The model itself is left alone, but
    `with average.in_place(): …` lets it be used with the average.  `weights` fits the model's
    `load_state_dict`.  Raises ValueError for a decay that is not from 0 to below 1.
    Built in notebook 06 (Polyak and Juditsky 1992; Izmailov et al. 2018).
    """

    def __init__(self, model: Any, decay: float) -> None:
        if not 0 <= decay < 1:
            raise ValueError(f"the decay is {decay}: it must be at least 0 and below 1")
        self.model, self.decay, self.steps = model, decay, 0
        self.weights: dict[str, Tensor] = {}

    @torch.no_grad()
    def update(self) -> None:
        """Takes in the weights as they are after one more step."""
        now = self.model.state_dict()
        self.steps += 1
        if self.steps == 1:
            self.weights = {name: tensor.detach().clone() for name, tensor in now.items()}
            return
        share = max(1 - self.decay, 1 / self.steps)
        torch._foreach_lerp_(
            list(self.weights.values()), [now[name] for name in self.weights], share
        )

    @contextmanager
    @torch.no_grad()
    def in_place(self) -> Iterator[None]:
        """Inside, the model has the averaged weights; afterwards its own again."""
        tensors = self.model.state_dict()
        own = {name: tensor.clone() for name, tensor in tensors.items()}
        try:
            for name, average in self.weights.items():
                tensors[name].copy_(average)
            yield
        finally:
            for name, tensor in tensors.items():
                tensor.copy_(own[name])

    def state_dict(self) -> dict[str, object]:
        """What `load_state_dict` needs to go on as if nothing had happened."""
        return {"steps": self.steps, **self.weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes over copies of the state; raises ValueError where it fits another model."""
        mine, weights = self.model.state_dict(), {k: v for k, v in state.items() if k != "steps"}
        fits = mine.keys() == weights.keys() and all(
            weights[name].shape == tensor.shape
            for name, tensor in mine.items()
            if tensor.requires_grad  # running statistics take the shape of the first batch
        )
        if weights and not fits:
            raise ValueError("the averaged weights do not fit this model")
        self.weights = {name: tensor.to(mine[name], copy=True) for name, tensor in weights.items()}
        self.steps = int(state["steps"])
