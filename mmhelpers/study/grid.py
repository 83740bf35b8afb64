"""A study: a grid of models and seeds, trained anywhere joblib reaches.

Every finished cell of the grid is stored at once, so that an interrupted study goes on where
it stopped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator

from mmhelpers.data import Vocabulary, build_dataset, fingerprint, pad_names, split_names
from mmhelpers.fast import train_fast
from mmhelpers.layers import Layer, Sequential
from mmhelpers.losses import cross_entropy
from mmhelpers.models import Committee, build, multiply_adds
from mmhelpers.optim import SGD, step_schedule
from mmhelpers.study.recipes import RECIPES, Recipe, room_for
from mmhelpers.training import Data, History, evaluate, train

CURVE_POINTS = 100


FAST = ("v1", "v2", "v4", "v5")  # the models that have a fast path


RESULT = {"parameters", "multiply_adds", "predictions", "train", "dev", "seconds", "curve"}


class StudyError(ValueError):
    """A stored study that can't be used; the message says how to mend it."""


@dataclass(frozen=True)
class Cell:
    """One training run of the grid."""

    model: str  # "v1" to "v6", or one of RECIPES
    seed: int  # of the weights and the minibatches
    steps: int  # of V6: of each member
    path: str = "exact"  # "exact": the lecture's digits; "fast": without autograd


def grid(
    models: Sequence[str], seeds: Sequence[int], steps: int, path: str = "exact"
) -> list[Cell]:
    """The cells of every model with every seed."""
    return [Cell(model, seed, steps, path) for model in models for seed in seeds]


def run_cell(cell: Cell, words: Sequence[str]) -> dict[str, Any]:
    """What one run gives: the cell's fields, sizes, losses, seconds and the loss curve.

    `predictions` is how many characters the model was trained to predict, counting repeats.
    Raises ValueError for a path that the model does not have.
    """
    if cell.path != "exact" and (cell.path != "fast" or cell.model not in FAST):
        known = f"all have 'exact', {', '.join(FAST)} 'fast' too"
        raise ValueError(f"{cell.model} has no path {cell.path!r}: {known}")
    torch.set_num_threads(1)  # several cells at once would only get in each other's way
    vocabulary = Vocabulary(words)
    generator = torch.Generator().manual_seed(cell.seed)
    dataset, batch_size, loss = pad_names, 128, cross_entropy
    if recipe := RECIPES.get(cell.model):
        model, train_model = recipe.build(cell.model, words, generator), train_recipe
        work = multiply_adds(model) // model.block_size  # for one of its predictions
    else:
        sizes = {"block_size": room_for(words)} if cell.model == "v6" else {}
        model = build(cell.model, len(vocabulary), generator, **sizes)
        train_model, work = train_committee, multiply_adds(model)
        if not isinstance(model, Committee):
            train_model = train_windows
            dataset, batch_size, loss = build_dataset, 32, F.cross_entropy
    train_data, dev_data, _ = (
        dataset(part, vocabulary, model.block_size) for part in split_names(words)
    )
    history = train_model(model, train_data, cell, batch_size, generator)
    targets = int((train_data[1] >= 0).sum())
    points = min(CURVE_POINTS, cell.steps)
    return asdict(cell) | {
        "parameters": sum(p.numel() for p in model.parameters()),
        "multiply_adds": work,
        "predictions": round(cell.steps * batch_size * targets / len(train_data[0])),
        "train": evaluate(model, train_data, loss=loss),
        "dev": evaluate(model, dev_data, loss=loss),
        "seconds": history.seconds,
        "curve": [float(part.mean()) for part in np.array_split(history.loss, points)],
    }


def train_windows(
    model: Sequential, data: Data, cell: Cell, batch_size: int, generator: Generator
) -> History:
    """V1 to V5 as the lecture trains them: rate 0.1, and 0.01 for the last quarter."""
    lr = step_schedule(0.1, {cell.steps * 3 // 4: 0.01})
    if cell.path == "fast":
        return train_fast(model, data, cell.steps, lr, batch_size, generator, progress=False)
    optimizer = SGD(model.parameters(), lr)
    return train(
        model,
        data,
        cell.steps,
        optimizer,
        batch_size,
        generator,
        loss=F.cross_entropy,
        progress=False,
    )


def train_committee(
    model: Committee, data: Data, cell: Cell, batch_size: int, generator: Generator
) -> History:
    """V6: every member for itself, with AdamW and a cosine; the history is the members' mean."""
    histories = []
    for member in model.members:
        optimizer = Recipe({}, lr=8e-3).optimizer(member, cell.steps)
        histories.append(
            train(member, data, cell.steps, optimizer, batch_size, generator, progress=False)
        )
    losses = np.mean([history.loss for history in histories], 0).tolist()
    return History(losses, sum(history.seconds for history in histories))


def train_recipe(
    model: Layer, data: Data, cell: Cell, batch_size: int, generator: Generator
) -> History:
    """The models of notebook 07, by their recipes."""
    torch.manual_seed(cell.seed)  # dropout draws from the global generator
    optimizer = RECIPES[cell.model].optimizer(model, cell.steps)
    return train(model, data, cell.steps, optimizer, batch_size, generator, progress=False)


def run_study(
    cells: Sequence[Cell], words: Sequence[str], store: Path, jobs: int = 2, anew: bool = False
) -> list[dict[str, Any]]:
    """The results of all cells, in their order; only those that `store` lacks are run.

    `store` is a JSON file, rewritten as each cell finishes.  The cells run on `jobs` local
    processes, or wherever a surrounding `joblib.parallel_config(backend=...)` sends them
    ("dask", "ray").  With `anew` these cells are run even where they are stored, and a file that
    can't be used is replaced; to go on after an interruption leave `anew` out.  Raises StudyError
    where the file is damaged or belongs to another list.
    """
    try:
        done = load_study(store, words)
    except StudyError:
        if not anew:
            raise
        done = {}
    if anew:
        done = {cell: result for cell, result in done.items() if cell not in cells}
        _save(done, words, store)
    missing = [cell for cell in cells if cell not in done]
    tasks = (joblib.delayed(_labelled)(cell, list(words)) for cell in missing)
    for cell, result in _as_they_finish(tasks, jobs):
        done[cell] = result
        _save(done, words, store)
    return [done[cell] for cell in cells]


def _as_they_finish(tasks: Iterator[Any], jobs: int) -> Iterator[Any]:
    backend, _ = joblib.parallel.get_active_backend()
    if backend.supports_return_generator:
        yield from joblib.Parallel(jobs, return_as="generator_unordered")(tasks)
        return
    while some := list(islice(tasks, joblib.effective_n_jobs(jobs))):  # Ray gives all or nothing
        yield from joblib.Parallel(jobs)(some)


def _labelled(cell: Cell, words: list[str]) -> tuple[Cell, dict[str, Any]]:
    return cell, run_cell(cell, words)


def load_study(store: Path, words: Sequence[str] | None = None) -> dict[Cell, dict[str, Any]]:
    """The stored results by cell, none where there is no file; without `words` of any list.

    Raises StudyError where the file is damaged or belongs to another list.
    """
    if not store.exists():
        return {}
    try:
        stored = json.loads(store.read_text(encoding="utf-8"))
        of_list, results = stored["list"], stored["cells"]
        if any(RESULT - r.keys() for r in results):
            raise KeyError
        done = {Cell(*[r[k] for k in ("model", "seed", "steps", "path")]): r for r in results}
    except (ValueError, KeyError, TypeError) as error:
        raise StudyError(
            f"{store.name} is damaged ({type(error).__name__}): run the study anew (anew=True)"
        ) from None
    if words is not None and of_list != fingerprint(words):
        mend = "run the study anew (anew=True)"
        raise StudyError(f"{store.name} is of another list of names: {mend}")
    return done


def _save(done: dict[Cell, dict[str, Any]], words: Sequence[str], store: Path) -> None:
    """Writes the file whole or not at all."""
    store.parent.mkdir(parents=True, exist_ok=True)
    unfinished = store.with_name(f".{store.name}")
    content = {"list": fingerprint(words), "cells": list(done.values())}
    unfinished.write_text(json.dumps(content, indent=1), encoding="utf-8")
    os.replace(unfinished, store)
