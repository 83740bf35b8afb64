"""Optimisers and learning-rate schedules by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable

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
        lr = self.lr
        for p in self.parameters:
            # Two roundings, as in the lecture: `add_(grad, alpha=-lr)` rounds only once.
            p.data += -lr * p.grad
        self.steps += 1


def step_schedule(first: float, changes: dict[int, float]) -> Schedule:
    """A learning rate that starts at `first` and jumps at given steps.

    `step_schedule(0.1, {100_000: 0.01})` is 0.1 for the steps 0 to 99,999, then 0.01.
    Built in notebook 02.
    """

    def lr(step: int) -> float:
        return next((changes[s] for s in sorted(changes, reverse=True) if step >= s), first)

    return lr
