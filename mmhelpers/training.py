"""Train a model and measure its loss.  Nothing here draws."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, islice

import torch
from torch import Generator, Tensor
from tqdm import tqdm

from mmhelpers.data import NameRows, in_parts, trim
from mmhelpers.diagnostics import Finding, Hook, Recorder, diagnose
from mmhelpers.layers import Layer
from mmhelpers.losses import cross_entropy
from mmhelpers.optim import SGD

Pair = tuple[Tensor, Tensor]
Data = Pair | NameRows
Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass
class History:
    """What a training run leaves: the minibatch loss of every step, in nats, and its seconds."""

    loss: list[float] = field(default_factory=list)
    seconds: float = 0.0


class DivergedError(ArithmeticError):
    """The loss became NaN or infinite; carries the optimiser's `step` and the `history`."""

    def __init__(
        self, step: int, loss: float, history: History, findings: Sequence[Finding] = ()
    ) -> None:
        named = "; ".join(f"{f.symptom} ({f.where}), try {f.rule.advice}" for f in findings)
        super().__init__(
            f"at step {step} the loss is {loss}: {named or 'try a smaller learning rate'}"
        )
        self.step, self.history = step, history


def pick_device(name: str) -> torch.device:
    """The device of that name; "auto" is CUDA or MPS where there is one, else the CPU.

    The digits of the lecture are promised on the CPU only.  Raises ValueError for a device
    that is not there.
    """
    if name == "auto":
        found = torch.accelerator.current_accelerator(check_available=True)
        return found or torch.device("cpu")
    try:
        torch.zeros(1, device=name).item()
    except (RuntimeError, AssertionError):  # torch raises either
        raise ValueError(f"device {name!r} is not there: use cpu or auto") from None
    return torch.device(name)


def minibatch(data: Data, size: int, generator: Generator | None = None) -> Pair:
    """`size` random examples of the data, drawn with replacement.  Built in notebook 02.

    Names are padded up to the longest of the minibatch only (see `data.trim`).
    """
    count = len(data) if isinstance(data, NameRows) else len(data[0])
    return examples(data, torch.randint(0, count, (size,), generator=generator))


def examples(data: Data, rows: Tensor) -> Pair:
    """The examples with these indices (B,), names padded up to the longest of them only."""
    if isinstance(data, NameRows):
        return data[rows]
    X, Y = data
    return trim(X[rows], Y[rows]) if Y.ndim == 2 else (X[rows], Y[rows])


def train(
    model: Layer,
    data: Data,
    steps: int,
    optimizer: SGD,
    batch_size: int = 32,
    generator: Generator | None = None,
    loss: Loss = cross_entropy,
    hooks: Sequence[Hook] = (),
    progress: bool = True,
) -> History:
    """The history of `steps` updates of the model on random minibatches of the data.

    data is (X, Y), X (N, T) and Y (N,) or (N, T), or `NameRows`; minibatches are drawn from
    `generator`.
    `progress` shows a bar on standard output.  Raises ValueError for steps of 0 or less, and
    DivergedError when the loss is no longer a finite number.  Built in notebook 02.
    """
    if steps < 1:
        raise ValueError(f"steps is {steps}: it must be at least 1")
    history, start = History(), time.perf_counter()
    each = updates(model, data, optimizer, history, batch_size, generator, loss, hooks)
    bar = tqdm(total=steps, disable=not progress, mininterval=0.5, file=sys.stdout)
    for _ in islice(each, steps):
        bar.update()
    bar.close()
    history.seconds = time.perf_counter() - start
    return history


def updates(
    model: Layer,
    data: Data,
    optimizer: SGD,
    history: History,
    batch_size: int = 32,
    generator: Generator | None = None,
    loss: Loss = cross_entropy,
    hooks: Sequence[Hook] = (),
) -> Iterator[float]:
    """The minibatch losses of endless updates of the model, each given when it is done.

    What `train` does, a step at a time; the losses are also kept in `history`.
    """
    for step in count():
        xb, yb = minibatch(data, batch_size, generator)
        batch_loss = loss(model(xb), yb)
        history.loss.append(batch_loss.item())
        if not math.isfinite(history.loss[-1]):
            record = next((hook for hook in hooks if isinstance(hook, Recorder)), Recorder())
            findings = diagnose(model, record, history.loss)
            raise DivergedError(optimizer.steps, history.loss[-1], history, findings)
        for hook in hooks:
            hook.before_backward(step, model)
        optimizer.zero_grad()
        batch_loss.backward()
        for hook in hooks:
            hook.after_backward(step, model)
        lr = optimizer.lr
        optimizer.step()
        for hook in hooks:
            hook.after_step(step, model, lr)
        yield history.loss[-1]


@torch.no_grad()
def evaluate(model: Layer, data: Data, batch_size: int = 8192, loss: Loss = cross_entropy) -> float:
    """The mean loss of the model over all targets of the data, in nats, in evaluation mode.

    The model sees windows in batches, so that memory stays small, and the loss all logits at
    once, so that with torch's `cross_entropy` the lecture's last digits come back.  Names go
    through model and loss in batches, the short ones first (see `data.in_parts`).  Puts the model
    back in the mode in which it found it.  Built in notebook 02.
    """
    was_training = model.training
    model.eval()
    if isinstance(data, NameRows) or data[1].ndim == 2:
        mean = _evaluate_names(model, data, batch_size, loss)
    else:
        X, Y = data
        mean = loss(torch.cat([model(x) for x in X.split(batch_size)]), Y).item()
    model.train(was_training)
    return mean


def _evaluate_names(model: Layer, data: Data, batch_size: int, loss: Loss) -> float:
    """The mean loss over all targets of names."""
    lengths = data.lengths if isinstance(data, NameRows) else (data[1] >= 0).sum(1)
    total = 0.0
    for rows in in_parts(lengths, batch_size):
        x, y = examples(data, rows)
        total += loss(model(x), y).item() * int(lengths[rows].sum())
    return total / int(lengths.sum())
