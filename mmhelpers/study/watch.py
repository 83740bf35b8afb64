"""What is measured of a model while and after it is trained."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmhelpers.data import NameRows, Vocabulary, build_dataset, in_parts, split_names
from mmhelpers.diagnostics import Hook
from mmhelpers.layers import Layer, Sequential
from mmhelpers.losses import cross_entropy
from mmhelpers.optim import WeightAverage
from mmhelpers.training import Data, evaluate

DEV_POINTS = 16  # of the curve of the dev loss


class Splits:
    """The splits of a list as a model reads them: windows, or whole names."""

    def __init__(self, words: Sequence[str], vocabulary: Vocabulary, model: Layer) -> None:
        windows = isinstance(model, Sequential)
        self.batch_size, self.loss = (32, F.cross_entropy) if windows else (128, cross_entropy)
        train, dev, test = split_names(words)
        known = set(train)
        new = [word for word in dev if word not in known]
        parts = {"train": train, "dev": dev, "test": test, "dev_new": new}
        dataset = build_dataset if windows else NameRows
        self.data = {
            name: dataset(part, vocabulary, model.block_size)
            for name, part in parts.items()
            if part
        }
        own = self.data["train"]
        self.targets_each = 1 if windows else int(own.lengths.sum()) / len(own)  # of an example

    def measure(self, model: Layer) -> dict[str, float]:
        """The loss of the model on every split, and on the dev names that are not in train."""
        return {name: evaluate(model, data, loss=self.loss) for name, data in self.data.items()}


@torch.no_grad()
def outputs(model: Layer, data: Data) -> tuple[Tensor, Tensor, Tensor]:
    """The logits (N, V) of every target, the targets (N,), and the name that each belongs to.

    In evaluation mode; the model is put back in the mode in which it was found.
    """
    was_training = model.training
    model.eval()
    if isinstance(data, NameRows):
        logits, targets, owners = [], [], []
        for rows in in_parts(data.lengths, 4096):
            X, Y = data[rows]
            logits.append(model(X)[Y >= 0])
            targets.append(Y[Y >= 0])
            owners.append(rows.repeat_interleave((Y >= 0).sum(1)))
    else:
        X, Y = data
        logits, targets = [model(x) for x in X.split(8192)], [Y]
        owners = [(Y == 0).cumsum(0) - (Y == 0).long()]  # a name ends with a 0
    model.train(was_training)
    return torch.cat(logits), torch.cat(targets), torch.cat(owners)


class Watch(Hook):
    """Follows the logits of a model on the dev split, and the average of its weights.

    Weights are averaged where a `decay` is given.
    """

    def __init__(self, dev: Data, steps: int, decay: float | None = None) -> None:
        self.dev, self.decay = dev, decay
        self.points = sorted({steps * (i + 1) // DEV_POINTS for i in range(DEV_POINTS)} - {0})
        self.logits: dict[tuple[int, bool], Tensor] = {}  # by point and whether averaged
        self.average: WeightAverage | None = None
        self.seconds = 0.0  # what the measuring took

    def after_step(self, step: int, model: Layer, lr: float) -> None:
        """Takes in the weights, and at the points of the curve the logits."""
        if self.decay is not None:
            self.average = self.average or WeightAverage(model, self.decay)
            self.average.update()
        if step + 1 not in self.points:
            return
        start = time.perf_counter()
        self.logits[step + 1, False], self.targets, _ = outputs(model, self.dev)
        if self.average:
            with self.average.in_place():
                self.logits[step + 1, True], _, _ = outputs(model, self.dev)
        self.seconds += time.perf_counter() - start


def dev_curve(watches: Sequence[Watch], averaged: bool = False) -> list[list[float]]:
    """Pairs of step and dev loss of a model, or of the committee that was watched."""
    curve = []
    for point, which in watches[0].logits:
        if which == averaged:
            logits = torch.stack([watch.logits[point, which] for watch in watches]).mean(0)
            curve.append([point, F.cross_entropy(logits, watches[0].targets).item()])
    return curve


@contextmanager
def averages_in_place(watches: Sequence[Watch]) -> Iterator[None]:
    """Inside, all models that were watched have their averaged weights."""
    with ExitStack() as stack:
        for watch in watches:
            stack.enter_context(watch.average.in_place())
        yield


def name_losses(model: Layer, data: Data) -> np.ndarray:
    """The loss of every name (N,): the sum over its characters and its end, in nats."""
    logits, targets, owners = outputs(model, data)
    losses = F.cross_entropy(logits, targets, reduction="none").double()
    return torch.zeros(int(owners.max()) + 1).double().index_add(0, owners, losses).numpy()


def packed(losses: np.ndarray) -> str:
    """Losses of names as text, in thousandths of a nat (of at most 65.535 nats)."""
    return base64.b64encode((losses * 1000).round().clip(0, 65535).astype("<u2")).decode()


def unpacked(text: str) -> np.ndarray:
    """The losses (N,) that were `packed`, in nats."""
    return np.frombuffer(base64.b64decode(text), "<u2") / 1000
