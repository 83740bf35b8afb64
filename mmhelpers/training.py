"""Train a model and measure its loss.  Nothing here draws."""

from __future__ import annotations

import math
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from numbers import Integral

import torch
from torch import Generator, Tensor
from tqdm import tqdm

from mmhelpers.data import ROOM, NameRows, in_parts, trim, work
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
        with warnings.catch_warnings(action="ignore"):  # of names that torch will give up
            device = torch.device(name)
            torch.zeros(1, device=device).item()
    except Exception:  # torch raises half a dozen kinds, according to what is missing
        raise ValueError(f"device {name!r} is not there: use cpu or auto") from None
    return device


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
    `generator`.  `progress` shows a bar on standard output.  Raises ValueError for steps that are
    no whole number or less than 1, and DivergedError when the loss is no longer a finite number.
    Built in notebook 02.
    """
    if not isinstance(steps, Integral):
        raise ValueError(f"steps is {steps!r}: give a whole number, such as 1000")
    if steps < 1:
        raise ValueError(f"steps is {steps}: it must be at least 1")
    history, start = History(), time.perf_counter()
    each = updates(model, data, optimizer, history, batch_size, generator, loss, hooks)
    # A bar left open by an interrupt would push every later one to a line of its own.
    with tqdm(total=steps, disable=not progress, mininterval=0.5, file=sys.stdout) as bar:
        for _ in islice(each, steps):
            bar.update()
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

    What `train` does, a step at a time; the losses are also kept in `history`.  Names too long
    for memory to hold a whole minibatch's pass go through the model in parts (see `parts_of`),
    whose gradients add up to the minibatch's.  A model that has `own_updates` does it its own way.
    """
    if hasattr(model, "own_updates"):
        args = data, optimizer, history, batch_size, generator, loss, hooks
        yield from model.own_updates(*args)
        return
    for step in count():
        parts = parts_of(*minibatch(data, batch_size, generator))
        total = _gradients(model, parts, optimizer, loss, hooks, step)
        history.loss.append(total)
        if not math.isfinite(total):
            record = next((hook for hook in hooks if isinstance(hook, Recorder)), Recorder())
            findings = diagnose(model, record, history.loss)
            raise DivergedError(optimizer.steps, total, history, findings)
        for hook in hooks:
            hook.after_backward(step, model)
        lr = optimizer.lr
        optimizer.step()
        for hook in hooks:
            hook.after_step(step, model, lr)
        yield total


def _gradients(
    model: Layer,
    parts: list[tuple[Tensor, Tensor, float]],
    optimizer: SGD,
    loss: Loss,
    hooks: Sequence[Hook],
    step: int,
) -> float:
    """The loss of a minibatch, whose gradients it leaves on the parameters if it is finite."""
    total = 0.0
    for i, (x, y, share) in enumerate(parts):
        part_loss = loss(model(x), y)
        if share < 1:
            part_loss = part_loss * share
        total += part_loss.item()
        if not math.isfinite(total):
            break
        for hook in hooks:
            hook.before_backward(step, model)
        if i == 0:
            optimizer.zero_grad()
        part_loss.backward()
    return total


def parts_of(x: Tensor, y: Tensor) -> list[tuple[Tensor, Tensor, float]]:
    """A minibatch in parts that memory holds, each with its share of the targets; mostly one.

    Only names x, y (B, T) of which one is very long are cut up (see `data.in_parts`).
    """
    if y.ndim == 1 or len(x) * work(x.shape[1]) <= ROOM:
        return [(x, y, 1.0)]
    lengths = (y >= 0).sum(1)
    parts, total = in_parts(lengths, len(x)), int(lengths.sum())
    return [(*examples((x, y), rows), int(lengths[rows].sum()) / total) for rows in parts]


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
    try:
        if isinstance(data, NameRows) or data[1].ndim == 2:
            return _evaluate_names(model, data, batch_size, loss)
        X, Y = data
        return loss(torch.cat([model(x) for x in X.split(batch_size)]), Y).item()
    finally:  # after an interrupt, too
        model.train(was_training)


def _evaluate_names(model: Layer, data: Data, batch_size: int, loss: Loss) -> float:
    """The mean loss over all targets of names."""
    lengths = data.lengths if isinstance(data, NameRows) else (data[1] >= 0).sum(1)
    total = 0.0
    for rows in in_parts(lengths, batch_size):
        x, y = examples(data, rows)
        total += loss(model(x), y).item() * int(lengths[rows].sum())
    return total / int(lengths.sum())
