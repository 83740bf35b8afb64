"""A model in training, made from the flags or taken up from its checkpoint."""

from __future__ import annotations

import argparse
import math
from dataclasses import asdict, fields
from pathlib import Path

import torch
from torch import Tensor

from mmhelpers.data import Vocabulary, build_dataset, check_words, pad_names
from mmhelpers.makemore import checkpoint
from mmhelpers.makemore.checkpoint import CheckpointError
from mmhelpers.makemore.options import DEFAULTS, MODEL_FLAGS
from mmhelpers.models import NAME_MODELS, build, sizes_of
from mmhelpers.optim import AdamW, Schedule, cosine_schedule
from mmhelpers.sampling import Reader

BEST, LAST = "model.pt", "last.pt"
BETAS = (0.9, 0.99)
State = dict[str, object]


class Job:
    """A model with its configuration, vocabulary, optimiser and random numbers.

    `config` holds the type, the sizes and what `DEFAULTS` lists; `best` is the lowest loss on
    the held-out names so far.
    """

    def __init__(self, config: State, vocabulary: Vocabulary, device: torch.device) -> None:
        self.config, self.vocabulary, self.device = config, vocabulary, device
        torch.manual_seed(config["seed"])  # for dropout
        self.generator = torch.Generator().manual_seed(config["seed"])
        size = len(vocabulary)
        self.model = build(config["type"], size, self.generator, **config["sizes"]).to(device)
        self.optimizer = AdamW(
            self.model.parameters(),
            learning_rate(config),
            BETAS,
            weight_decay=config["weight_decay"],
        )
        self.best = math.inf
        self.model.eval()
        self.whole_names = Reader(self.model).whole_names
        self.model.train()

    def data(self, words: list[str]) -> tuple[Tensor, Tensor]:
        """The examples of the words for this model: padded names, or windows."""
        make = pad_names if self.whole_names else build_dataset
        X, Y = make(words, self.vocabulary, self.model.block_size)
        return X.to(self.device), Y.to(self.device)

    def state(self) -> State:
        """All that `restore` needs."""
        return {
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
        self.best = float(state["best"])
        own, *others = state["random"]
        self.generator.set_state(own)
        torch.set_rng_state(others[0])
        if len(others) > 1 and self.device.type != "cpu":
            torch.get_device_module(self.device).set_rng_state(others[1], self.device)


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
    """A job at step 0.

    Raises ValueError for sizes that can't be, and CheckpointError where the work directory
    holds another model's checkpoint, which would be lost.
    """
    config = {
        name: default if getattr(options, name) is None else getattr(options, name)
        for name, default in DEFAULTS.items()
    }
    own = sizes_of(config["type"])
    sizes = given_sizes(options, own)
    if config["type"] in (*NAME_MODELS, "v6"):
        sizes["block_size"] = max(map(len, words)) + 1
    config["sizes"] = asdict(sizes_of(config["type"], **sizes))
    job = Job(config, Vocabulary(words), device)
    for path in [Path(options.work_dir, name) for name in (LAST, BEST)]:
        if path.exists():
            state = checkpoint.load(path)
            refuse_other(path, state, config | {"vocabulary": characters(job.vocabulary)})
    return job


def given_sizes(options: argparse.Namespace, known: object) -> State:
    """The sizes among the flags that were given and that the model has; others don't matter."""
    names = {field.name for field in fields(known)} & set(MODEL_FLAGS)
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}


def refuse_other(path: Path, state: State, wanted: State) -> None:
    """Raises CheckpointError where the checkpoint's type, sizes or vocabulary differ."""
    config = state.get("config")
    has = config if isinstance(config, dict) else {}
    has = has | {"vocabulary": state.get("vocabulary")}
    for name in ("type", "sizes", "vocabulary"):
        if name in wanted and has.get(name) != wanted[name]:
            what = f"{name} {describe(has.get(name))}, not {describe(wanted[name])}"
            raise CheckpointError(f"{path} is another model's checkpoint ({what}): change -o")


def describe(value: object) -> str:
    """The value on one line."""
    if isinstance(value, dict):
        return " ".join(f"{key}={number}" for key, number in value.items())
    return ascii(value)


def restore(path: Path, options: argparse.Namespace, device: torch.device) -> Job:
    """The job of a checkpoint; flags for the optimisation that are given replace its own.

    Raises CheckpointError where it can't be used, or where type or sizes are given and differ.
    """
    state = checkpoint.load(path)
    try:
        kinds = {name: type(value) for name, value in DEFAULTS.items()}
        config = {"cosine_steps": 0, "names": ""} | state["config"]  # older ones have none
        config |= {name: kind(config[name]) for name, kind in kinds.items()}
        config |= {name: str(config[name]) for name in ("input_file", "names")}
        known = sizes_of(config["type"], **config["sizes"])
        check_words(state["vocabulary"], [state["vocabulary"]], "the vocabulary")
        vocabulary = Vocabulary(state["vocabulary"])
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} does not fit together ({error}): take another") from None
    sizes = config["sizes"] | given_sizes(options, known)
    wanted = {"type": options.type or config["type"], "sizes": sizes}
    refuse_other(path, state, wanted)
    for name in ("batch_size", "learning_rate", "weight_decay", "cosine_steps"):
        if getattr(options, name) is not None:
            config[name] = getattr(options, name)
    try:
        job = Job(config, vocabulary, device)
        job.load(state)
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError, MemoryError) as error:
        reason = str(error).split("\n")[0]
        raise CheckpointError(f"{path} does not fit together ({reason}): take another") from None
    return job
