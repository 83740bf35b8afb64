"""A model in training taken up from its checkpoint, of which nothing is believed unseen."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import torch
from torch import Tensor

from mmhelpers.data import MAX_LENGTH, Vocabulary, check_vocabulary
from mmhelpers.makemore import checkpoint
from mmhelpers.makemore.checkpoint import CheckpointError
from mmhelpers.makemore.folder import BEST, LAST
from mmhelpers.makemore.job import Job, State, characters, given_sizes
from mmhelpers.makemore.options import LIMITS, from_0, layers, natural, number, positive
from mmhelpers.makemore.sizes import parameter_shapes
from mmhelpers.models import sizes_of
from mmhelpers.models.ngram import METHODS

WRONG = (KeyError, TypeError, ValueError, AttributeError, RuntimeError, OverflowError)
most = f"a whole number from 1 to {MAX_LENGTH + 1}, the longest name and its end"
switch = number(str, ("True", "False").__contains__, "True or False")
SIZES = {
    **dict.fromkeys(("rms_norm", "rotary", "swiglu", "zero_start"), switch),
    "block_size": number(int, lambda n: 1 <= n <= MAX_LENGTH + 1, most),
    "n_members": layers,
    "n_hidden": positive,
    "method": number(str, METHODS.__contains__, f"one of {', '.join(METHODS)}"),
    "discount": number(float, lambda x: 0 <= x <= 1, "a number from 0 to 1"),
    "added": from_0,
}
OPTIMISATION = "batch_size", "learning_rate", "weight_decay", "cosine_steps"
loss = number(float, lambda x: 0 <= x < math.inf, "a loss")


def restore(path: Path, options: argparse.Namespace, device: torch.device) -> Job:
    """The job of a checkpoint; flags for the optimisation that are given replace its own.

    Raises CheckpointError where it can't be used, or where type or sizes are given and differ.
    """
    state = checkpoint.load(path)
    try:
        config = checked_config(state["config"])
        known = sizes_of(config["type"], **config["sizes"])
        check_vocabulary(state["vocabulary"])
        vocabulary = Vocabulary(state["vocabulary"])
        check_numbers(state, config, len(vocabulary))
    except WRONG as error:
        raise unfit(path, error) from None
    sizes = config["sizes"] | given_sizes(options, known)
    refuse_other(path, state, {"type": options.type or config["type"], "sizes": sizes})
    if options.average not in (None, config["average"]):
        begun = f"{path} was begun with --average {config['average']:g}"
        raise CheckpointError(f"{begun}: leave out --average")
    for name in OPTIMISATION:
        if getattr(options, name) is not None:
            config[name] = getattr(options, name)
    try:
        job = Job(config, vocabulary, device)
        job.load(state)
        check_output(job)
    except (*WRONG, MemoryError) as error:
        raise unfit(path, error) from None
    return job


def unfit(path: Path, error: Exception) -> CheckpointError:
    """The error that says in one line that the checkpoint does not fit together."""
    reason = str(error).split("\n")[0]
    return CheckpointError(f"{path} does not fit together ({reason}): take another")


def checked_config(saved: State) -> State:
    """The configuration with each entry of its kind and within the limits of the flag."""
    config = {"cosine_steps": 0, "names": "", "average": 0.0} | saved  # older ones have none
    for name in ("type", "input_file", "names"):
        config[name] = str(config[name])
    for name in ("seed", *OPTIMISATION, "average"):
        config[name] = within(name, config[name], LIMITS[name])
    for name, size in config["sizes"].items():
        if name == "dilations":
            within("the number of dilations", len(size), layers)
            [within(name, dilation, positive) for dilation in size]
        else:
            within(name, size, (LIMITS | SIZES).get(name, positive))
    return config


def within(name: str, value: object, limit: object) -> object:
    """The value as a flag would be read; raises ValueError where it does not fit."""
    try:
        return limit(str(value))
    except Exception as error:  # argparse's own kind
        raise ValueError(f"{name}: {error}") from None


def check_numbers(state: State, config: State, vocab_size: int) -> None:
    """Raises ValueError where shapes are not those of the sizes, or a number can't be."""
    shapes, model = parameter_shapes(config["type"], vocab_size, config["sizes"]), state["model"]
    for name, shape in shapes.items():
        if name not in model or tuple(model[name].shape) != shape:
            raise ValueError(f"{name} has not the shape that the sizes say")
    optimizer = state["optimizer"]
    count = (sum(map(math.prod, shapes.values())),)
    averages = config["average"] and config["type"] != "ngram"
    averaged = {**state["average"]} if averages else {}
    steps = averaged.pop("steps", 0)
    moments = ((name, optimizer[name]) for name in ("mean", "square"))
    for name, tensor in [*model.items(), *averaged.items(), *moments]:
        counts = config["type"] == "ngram" and name in model  # whole numbers are among them
        if not isinstance(tensor, Tensor) or not (tensor.dtype.is_floating_point or counts):
            raise ValueError(f"{name} is no tensor of numbers")
        if not tensor.isfinite().all():
            raise ValueError(f"{name} holds numbers that are not finite")
    if not optimizer["mean"].shape == optimizer["square"].shape == count:
        raise ValueError("the optimiser's state is not of these parameters")
    if (optimizer["square"] < 0).any():
        raise ValueError("the optimiser's mean square is below 0")
    within("step", optimizer["steps"], natural)
    if averages:
        if within("steps of the average", steps, natural) != optimizer["steps"]:
            raise ValueError("the average is of other steps")
        if steps and {n: t.shape for n, t in averaged.items()} != {
            n: t.shape for n, t in model.items()
        }:
            raise ValueError("the average is not of these parameters")
    within("best", state["best"], loss)


@torch.no_grad()
def check_output(job: Job) -> None:
    """Raises ValueError where the model's output for a first letter is not finite."""
    length = 1 if job.whole_names else job.model.block_size
    blank = torch.zeros((1, length), dtype=torch.int64, device=job.device)
    job.model.eval()
    if not job.model(blank).isfinite().all():
        raise ValueError("its output is not finite")
    job.model.train()


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


def refuse_another_model(folder: Path, job: Job) -> None:
    """Raises CheckpointError where the folder holds a model that is not of the job's kind."""
    wanted = job.config | {"vocabulary": characters(job.vocabulary)}
    for path in [folder / name for name in (LAST, BEST)]:
        if path.exists():
            refuse_other(path, checkpoint.load(path), wanted)
