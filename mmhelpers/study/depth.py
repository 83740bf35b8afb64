"""The study of notebook 03: what depth, initialisation and BatchNorm do, one varied at a time.

`run_depth_study(words, store)` is the one call: it trains what the store lacks and stores each
result at once, so that an interrupted study goes on where it stopped.  On one core it takes about
ten minutes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from mmhelpers.data import (
    ROOT,
    Vocabulary,
    build_dataset,
    split_names,
)
from mmhelpers.diagnostics import Recorder
from mmhelpers.layers import BatchNorm1d, Layer, Linear, Tanh
from mmhelpers.models import DeepMLP, deep_mlp
from mmhelpers.optim import SGD, step_schedule
from mmhelpers.study.store import load_store, save_store
from mmhelpers.training import DivergedError, Pair, evaluate, minibatch, train

DEPTH_STORE = ROOT / "assets" / "03_deep_mlp_batchnorm" / "study_lecture.json"
STEPS = 500  # of every run of the grid
SEEDS = (1, 2, 3)  # of the weights and the minibatches
DEPTHS = (5, 2, 10)
RATES = (0.01, 0.1, 0.3, 1.0, 3.0, 10.0)
GAINS = {"5/3": 5 / 3, "1": 1.0, "undivided": None}  # None: plain normal numbers
NOISE_STEPS, NOISE_SIZES = 2000, (8, 32, 512)
LONG_STEPS, LONG_SEED = 200_000, 2147483647
Result = dict[str, Any]


class TorchBatchNorm1d(BatchNorm1d):
    """BatchNorm1d for (B, dim) as torch's one operation: faster, but with the biased variance."""

    def forward(self, x: Tensor) -> Tensor:
        running = self.running_mean, self.running_var
        return F.batch_norm(
            x, *running, self.gamma, self.beta, self.training, self.momentum, self.eps
        )


@dataclass(frozen=True)
class Kind:
    """One kind of deep network in the grid."""

    depth: int
    gain: str  # of GAINS: multiplies the hidden weights, which are divided by sqrt(fan_in)
    norm: bool  # BatchNorm after every Linear
    last: float = 0.1  # multiplies the last weight, or with BatchNorm the last gamma

    def key(self, rate: float) -> str:
        """The name of this kind's result at a learning rate."""
        norm = "BatchNorm" if self.norm else "plain"
        return f"depth {self.depth}, gain {self.gain}, {norm}, last {self.last}, rate {rate}"

    def build(self, vocab_size: int, generator: Generator) -> DeepMLP:
        """The network before its first step."""
        gain, norm = GAINS[self.gain], TorchBatchNorm1d if self.norm else None
        sizes = {"depth": self.depth, "norm": norm, "gain": gain or 1.0, "last": self.last}
        model = deep_mlp(vocab_size, generator=generator, **sizes)
        hidden = [layer for layer in model.layers if isinstance(layer, Linear)][:-1]
        for linear in hidden if gain is None else ():
            linear.weight.data *= len(linear.weight) ** 0.5
        return model


def kinds() -> list[Kind]:
    """Every kind of the grid; the factor of the last layer is varied at the first depth."""
    return [
        Kind(depth, gain, norm, last)
        for depth in DEPTHS
        for last in ((0.1, 1.0) if depth == DEPTHS[0] else (0.1,))
        for norm in (False, True)
        for gain in GAINS
    ]


def run_kind(
    kind: Kind, rate: float, seed: int, vocab_size: int, data: Pair, dev: Pair, steps: int = STEPS
) -> tuple[float | None, float | None]:
    """The dev loss after `steps` steps and log10 of the last update:data, median of the weights.

    Both are None where the loss became no number, the second where a weight no longer moves.
    """
    g, record = torch.Generator().manual_seed(seed), Recorder(every=steps)
    model = kind.build(vocab_size, g)
    optimizer, options = SGD(model.parameters(), rate), {"loss": F.cross_entropy}
    try:
        if steps > 1:
            train(model, data, steps - 1, optimizer, 32, g, progress=False, **options)
        train(model, data, 1, optimizer, 32, g, hooks=[record], progress=False, **options)
        dev_loss = evaluate(model, dev, **options)
    except DivergedError:
        return None, None
    ratio = median(ratios[-1] for ratios in record.update_ratios.values())
    return round(dev_loss, 5), round(ratio, 5) if math.isfinite(ratio) else None


def one_hidden_layer(vocab_size: int, generator: Generator) -> DeepMLP:
    """A single hidden layer of 200 with BatchNorm, started with care."""
    C = torch.randn((vocab_size, 10), generator=generator)
    hidden = Linear(30, 200, bias=False, generator=generator)
    last = Linear(200, vocab_size, generator=generator)
    last.weight.data *= 0.1
    return DeepMLP(C, [hidden, BatchNorm1d(200), Tanh(), last])


def run_noise(
    size: int, seed: int, vocab_size: int, data: Pair, dev: Pair, steps: int = NOISE_STEPS
) -> Result:
    """Train and dev loss where BatchNorm's statistics come from `size` examples in training.

    The loss is that of the same 32 examples whatever the size: of 8 each group of eight is
    normalised for itself, for 512 there are 480 others that only help with the statistics.
    For the evaluation the statistics are those of all of the data.
    """
    g, others = (torch.Generator().manual_seed(seed + shift) for shift in (0, 1000))
    model = one_hidden_layer(vocab_size, g)
    optimizer = SGD(model.parameters(), step_schedule(0.1, {steps // 2: 0.01}))
    for _ in range(steps):
        x, y = minibatch(data, 32, g)
        helpers = minibatch(data, max(0, size - 32), others)[0]
        groups = torch.cat([x, helpers]).split(size)
        logits = torch.cat([model(group) for group in groups])[:32]
        optimizer.zero_grad()
        F.cross_entropy(logits, y).backward()
        optimizer.step()
    with torch.no_grad():
        model.train().layers[1].momentum = 1.0
        model(data[0])
    losses = {"train": evaluate(model, data), "dev": evaluate(model, dev)}
    return {name: round(value, 5) for name, value in losses.items()}


def second_network(
    vocab_size: int, generator: Generator, norm: type[Layer] = BatchNorm1d, n_hidden: int = 100
) -> DeepMLP:
    """The lecture's second deep network: biases, gain 5/3, no BatchNorm after the first Linear."""
    C = torch.randn((vocab_size, 10), generator=generator)
    layers: list[Layer] = [Linear(30, n_hidden, generator=generator), Tanh()]
    for _ in range(4):
        layers += [Linear(n_hidden, n_hidden, generator=generator), norm(n_hidden), Tanh()]
    layers += [Linear(n_hidden, vocab_size, generator=generator), norm(vocab_size)]
    for layer in layers:
        if isinstance(layer, Linear):
            layer.weight.data *= 5 / 3
    layers[-1].gamma.data *= 0.1
    return DeepMLP(C, layers)


def run_second(vocab_size: int, data: Pair, dev: Pair, steps: int = LONG_STEPS) -> Result:
    """Train and dev loss of the second deep network after a run as long as the ladder's."""
    g = torch.Generator().manual_seed(LONG_SEED)
    model = second_network(vocab_size, g, TorchBatchNorm1d)
    optimizer = SGD(model.parameters(), step_schedule(0.1, {max(1, steps // 2): 0.01}))
    train(model, data, steps, optimizer, 32, g, F.cross_entropy, progress=False)
    return {"train": evaluate(model, data), "dev": evaluate(model, dev)}


def tasks(vocab_size: int, data: Pair, dev: Pair) -> Iterator[tuple[str, Callable[[], Result]]]:
    """Every result of the study: its name, and what computes it."""

    def grid_point(kind: Kind, rate: float) -> Result:
        runs = [run_kind(kind, rate, seed, vocab_size, data, dev) for seed in SEEDS]
        return {"dev": [loss for loss, _ in runs], "ratio": [ratio for _, ratio in runs]}

    def noise(size: int) -> Result:
        tenth = tuple(tensor[: len(tensor) // 10] for tensor in data)
        runs = [run_noise(size, seed, vocab_size, tenth, dev) for seed in SEEDS]
        return {name: [run[name] for run in runs] for name in ("train", "dev")}

    for kind in kinds():
        for rate in RATES:
            yield kind.key(rate), lambda kind=kind, rate=rate: grid_point(kind, rate)
    for size in NOISE_SIZES:
        yield f"noise of {size}", lambda size=size: noise(size)


def run_depth_study(words: Sequence[str], store: Path) -> dict[str, Result]:
    """All results by name; what `store`, a JSON file, lacks is run and stored one by one.

    Raises StudyError where the file is damaged or of another list.
    """
    torch.set_num_threads(1)
    vocabulary, done = Vocabulary(words), load_depth_study(store, words)
    data, dev, _ = (build_dataset(part, vocabulary, 3) for part in split_names(words))
    for name, run in tasks(len(vocabulary), data, dev):
        if name not in done:
            done[name] = run()
            save_store(store, "results", done, words)
    return done


def load_depth_study(store: Path, words: Sequence[str] | None = None) -> dict[str, Result]:
    """The stored results by name, none where there is no file; without `words` of any list.

    Raises StudyError where the file is damaged or of another list.
    """
    return load_store(store, "results", words, "give a file that does not exist yet")
