"""A study: a grid of models and seeds, trained anywhere joblib reaches.

Every finished cell of the grid is stored at once, so that an interrupted study goes on where
it stopped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator

from mmhelpers.data import (
    NameRows,
    Vocabulary,
    build_dataset,
    fingerprint,
    split_names,
    write_whole,
)
from mmhelpers.fast import faster, has_faster
from mmhelpers.layers import Layer
from mmhelpers.losses import cross_entropy
from mmhelpers.models import WINDOW_MODELS, Committee, build, multiply_adds
from mmhelpers.optim import SGD, step_schedule
from mmhelpers.study.recipes import RECIPES, Recipe, room_for
from mmhelpers.training import Data, History, evaluate, train

CURVE_POINTS = 100
PATHS = "exact", "fast"
RESULT = {"parameters", "multiply_adds", "predictions", "train", "dev", "seconds", "curve"}


class StudyError(ValueError):
    """A stored study that can't be used; the message says how to mend it."""


@cache
def usual_path(model: str) -> str:
    """How a model is trained where nothing else is asked for: "exact" or "fast".

    V1 to V5 exactly as the lecture does, of the others the fast form where there is one.
    """
    return "fast" if model not in WINDOW_MODELS and has_faster(build(model, 27)) else "exact"


@dataclass(frozen=True)
class Cell:
    """One training run of the grid.

    `path` says what runs: "exact", the model as it is built (of V1 to V5 that gives the lecture's
    digits), or "fast", its form of `mmhelpers.fast`; where it is left out, the usual one.
    """

    model: str  # "v1" to "v6", or one of RECIPES
    seed: int  # of the weights and the minibatches
    steps: int  # of V6: of each member
    path: str = ""

    def __post_init__(self) -> None:
        if not self.path:
            object.__setattr__(self, "path", usual_path(self.model))


def grid(models: Sequence[str], seeds: Sequence[int], steps: int, path: str = "") -> list[Cell]:
    """The cells of every model with every seed; `path` as in `Cell`."""
    return [Cell(model, seed, steps, path) for model in models for seed in seeds]


def run_cell(cell: Cell, words: Sequence[str]) -> dict[str, Any]:
    """What one run gives: the cell's fields, sizes, losses, seconds and the loss curve.

    `predictions` is how many characters the model was trained to predict, counting repeats.
    Raises ValueError for a path that the model does not have.
    """
    torch.set_num_threads(1)  # several cells at once would only get in each other's way
    generator = torch.Generator().manual_seed(cell.seed)
    model, train_model = prepare(cell, words, generator)
    windows = cell.model in WINDOW_MODELS
    batch_size, loss = (32, F.cross_entropy) if windows else (128, cross_entropy)
    vocabulary, dataset = Vocabulary(words), build_dataset if windows else NameRows
    train_data, dev_data, _ = (
        dataset(part, vocabulary, model.block_size) for part in split_names(words)
    )
    history = train_model(model, train_data, cell, batch_size, generator)
    examples = len(train_data[0]) if windows else len(train_data)
    targets = examples if windows else int(train_data.lengths.sum())
    points = min(CURVE_POINTS, cell.steps)
    return asdict(cell) | {
        "parameters": sum(p.numel() for p in model.parameters()),
        "multiply_adds": multiply_adds(model),
        "predictions": round(cell.steps * batch_size * targets / examples),
        "train": evaluate(model, train_data, loss=loss),
        "dev": evaluate(model, dev_data, loss=loss),
        "seconds": history.seconds,
        "curve": [float(part.mean()) for part in np.array_split(history.loss, points)],
    }


def prepare(cell: Cell, words: Sequence[str], generator: Generator) -> tuple[Layer, Any]:
    """The model of a cell and the function that trains it; raises ValueError for its path."""
    if recipe := RECIPES.get(cell.model):
        model, train_model = recipe.build(cell.model, words, generator), train_recipe
    else:
        sizes = {"block_size": room_for(words)} if cell.model == "v6" else {}
        model = build(cell.model, len(Vocabulary(words)), generator, **sizes)
        train_model = train_committee if cell.model == "v6" else train_windows
    known = PATHS if has_faster(model) else PATHS[:1]
    if cell.path not in known:
        paths = " and ".join(map(repr, known))
        raise ValueError(f"{cell.model} has no path {cell.path!r}, only {paths}")
    return model, train_model


def form_for(model: Layer, cell: Cell) -> Layer:
    """What is trained on the cell's path: the model, or its fast form."""
    return faster(model) if cell.path == "fast" else model


def train_windows(
    model: Layer, data: Data, cell: Cell, batch_size: int, generator: Generator
) -> History:
    """V1 to V5 as the lecture trains them: rate 0.1, and 0.01 for the last quarter."""
    lr = step_schedule(0.1, {cell.steps * 3 // 4: 0.01})
    optimizer, form = SGD(model.parameters(), lr), form_for(model, cell)
    return train(
        form, data, cell.steps, optimizer, batch_size, generator, F.cross_entropy, progress=False
    )


def train_committee(
    model: Committee, data: Data, cell: Cell, batch_size: int, generator: Generator
) -> History:
    """V6: every member for itself, with AdamW and a cosine; the history is the members' mean."""
    histories = []
    for member in model.members:
        optimizer, form = Recipe({}, lr=8e-3).optimizer(member, cell.steps), form_for(member, cell)
        histories.append(
            train(form, data, cell.steps, optimizer, batch_size, generator, progress=False)
        )
    losses = np.mean([history.loss for history in histories], 0).tolist()
    return History(losses, sum(history.seconds for history in histories))


def train_recipe(
    model: Layer, data: Data, cell: Cell, batch_size: int, generator: Generator
) -> History:
    """The models of notebook 07, by their recipes."""
    torch.manual_seed(cell.seed)  # dropout draws from the global generator
    optimizer, form = RECIPES[cell.model].optimizer(model, cell.steps), form_for(model, cell)
    return train(form, data, cell.steps, optimizer, batch_size, generator, progress=False)


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
    content = {"list": fingerprint(words), "cells": list(done.values())}
    write_whole(store, json.dumps(content, indent=1).encode())
