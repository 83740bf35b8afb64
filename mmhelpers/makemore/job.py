"""A model in training, made from the flags."""

from __future__ import annotations

import argparse
import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, fields

import torch
from torch import Tensor

from mmhelpers.data import NameRows, Vocabulary, build_dataset
from mmhelpers.fast import faster, has_faster
from mmhelpers.makemore.options import DEFAULTS, MODEL_FLAGS
from mmhelpers.makemore.sizes import check_memory, parameter_shapes
from mmhelpers.models import NAME_MODELS, NGram, build, sizes_of
from mmhelpers.optim import AdamW, Schedule, WeightAverage, cosine_schedule
from mmhelpers.sampling import MAX_LENGTH
from mmhelpers.training import Data

BETAS = (0.9, 0.99)
State = dict[str, object]


class Job:
    """A model with its configuration, vocabulary, optimiser and random numbers.

    `config` holds the type, the sizes and what `DEFAULTS` lists; `best` is the lowest loss on
    the held-out names so far.  `average` follows the weights where the configuration asks for it,
    and is then what is evaluated and sampled.  `quick` is the model's fast form where it has one,
    with the same parameters: that is what is trained.  Counts are kept on the CPU, in float64,
    which not every device has.  Raises ValueError for sizes that memory can't hold.
    """

    def __init__(self, config: State, vocabulary: Vocabulary, device: torch.device) -> None:
        self.config, self.vocabulary = config, vocabulary
        kind, sizes, size = config["type"], config["sizes"], len(vocabulary)
        self.device = torch.device("cpu") if kind == "ngram" else device
        check_memory(config, size, parameter_shapes(kind, size, sizes))
        torch.manual_seed(config["seed"])  # for dropout
        self.generator = torch.Generator().manual_seed(config["seed"])
        self.model = build(kind, size, self.generator, **sizes).to(self.device)
        self.optimizer = AdamW(
            self.model.parameters(),
            learning_rate(config),
            BETAS,
            weight_decay=config["weight_decay"],
        )
        averaged = config["average"] and kind != "ngram"
        self.average = WeightAverage(self.model, config["average"]) if averaged else None
        self.best = math.inf
        self.whole_names = reads_names(kind)
        self.quick = faster(self.model) if has_faster(self.model) else self.model

    @property
    def counted(self) -> bool:
        """Whether there is nothing more to learn: a table of counts has counted its list."""
        return isinstance(self.model, NGram) and self.model.fitted

    @property
    def limit(self) -> int:
        """The most letters of a name that is drawn, as of `sampling.Reader`."""
        return self.model.block_size - 1 if self.whole_names else MAX_LENGTH

    def data(self, words: list[str]) -> Data:
        """The examples of the words for this model: names, or windows."""
        if self.whole_names:
            return NameRows(words, self.vocabulary, self.model.block_size).to(self.device)
        X, Y = build_dataset(words, self.vocabulary, self.model.block_size)
        return X.to(self.device), Y.to(self.device)

    def in_use(self) -> AbstractContextManager[None]:
        """Inside, the model has the weights that it is evaluated and sampled with."""
        return self.average.in_place() if self.average else nullcontext()

    def state(self) -> State:
        """All that `restore` needs."""
        average = {"average": self.average.state_dict()} if self.average else {}
        return average | {
            "config": self.config,
            "vocabulary": characters(self.vocabulary),
            "model": {name: t.detach() for name, t in self.model.state_dict().items()},
            "optimizer": self.optimizer.state_dict(),
            "random": [self.generator.get_state(), *random_states(self.device)],
            "best": self.best,
        }

    def load(self, state: State) -> None:
        """Goes on from where the state was taken."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.average:
            self.average.load_state_dict(state["average"])
        self.best = float(state["best"])
        own, *others = state["random"]
        self.generator.set_state(own)
        torch.set_rng_state(others[0])
        if len(others) > 1 and self.device.type != "cpu":
            torch.get_device_module(self.device).set_rng_state(others[1], self.device)


def reads_names(kind: str) -> bool:
    """Whether a model of that name reads whole names; the others read windows."""
    return kind in NAME_MODELS or kind == "v6"


def learning_rate(config: State) -> float | Schedule:
    """The constant learning rate, or the cosine that rises to it in a hundredth of its steps."""
    peak, steps = config["learning_rate"], config["cosine_steps"]
    return cosine_schedule(peak, steps, warmup=steps // 100) if steps else peak


def random_states(device: torch.device) -> list[Tensor]:
    """The states of torch's own random numbers: the CPU's and the device's."""
    states = [torch.get_rng_state()]
    if device.type != "cpu":
        states.append(torch.get_device_module(device).get_rng_state(device))
    return states


def characters(vocabulary: Vocabulary) -> str:
    """All characters but the boundary, in order."""
    return "".join(list(vocabulary.itos.values())[1:])


def fresh(options: argparse.Namespace, words: list[str], device: torch.device) -> Job:
    """A job at step 0; raises ValueError for sizes that can't be."""
    config = {
        name: default if getattr(options, name) is None else getattr(options, name)
        for name, default in DEFAULTS.items()
    }
    own = sizes_of(config["type"])
    sizes = given_sizes(options, own)
    if reads_names(config["type"]):
        sizes["block_size"] = max(map(len, words)) + 1
    config["sizes"] = asdict(sizes_of(config["type"], **sizes))
    return Job(config, Vocabulary(words), device)


def given_sizes(options: argparse.Namespace, known: object) -> State:
    """The sizes among the flags that were given and that the model has; others don't matter."""
    names = {field.name for field in fields(known)} & set(MODEL_FLAGS)
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}
