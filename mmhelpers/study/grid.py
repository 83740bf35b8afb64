"""A study: a grid of models and seeds, trained anywhere joblib reaches.

Every finished cell of the grid is stored at once, so that an interrupted study goes on where
it stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import joblib

from mmhelpers.study.cells import Cell, run_cell
from mmhelpers.study.store import StudyError, load_store, save_store
from mmhelpers.study.student import STUDENTS, run_student

RESULT = {"parameters", "multiply_adds", "predictions", "train", "dev", "seconds", "curve"}
FIELDS = "model", "seed", "steps", "path", "recipe"  # of a cell


def grid(
    models: Sequence[str], seeds: Sequence[int], steps: int, path: str = "", recipe: str = ""
) -> list[Cell]:
    """The cells of every model with every seed; `path` and `recipe` as in `Cell`."""
    return [Cell(model, seed, steps, path, recipe) for model in models for seed in seeds]


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
        save_store(store, "cells", list(done.values()), words)
    missing = [cell for cell in cells if cell not in done]
    tasks = (joblib.delayed(_labelled)(cell, list(words)) for cell in missing)
    for cell, result in _as_they_finish(tasks, jobs):
        done[cell] = result
        save_store(store, "cells", list(done.values()), words)
    return [done[cell] for cell in cells]


def _as_they_finish(tasks: Iterator[Any], jobs: int) -> Iterator[Any]:
    backend, _ = joblib.parallel.get_active_backend()
    if backend.supports_return_generator:
        yield from joblib.Parallel(jobs, return_as="generator_unordered")(tasks)
        return
    while some := list(islice(tasks, joblib.effective_n_jobs(jobs))):  # Ray gives all or nothing
        yield from joblib.Parallel(jobs)(some)


def _labelled(cell: Cell, words: list[str]) -> tuple[Cell, dict[str, Any]]:
    run = run_student if cell.model in STUDENTS else run_cell
    return cell, run(cell, words)


def load_study(store: Path, words: Sequence[str] | None = None) -> dict[Cell, dict[str, Any]]:
    """The stored results by cell, none where there is no file; without `words` of any list.

    Raises StudyError where the file is damaged or belongs to another list.
    """
    return load_store(store, "cells", words, "run the study anew (anew=True)", _by_cell)


def _by_cell(results: list[dict[str, Any]]) -> dict[Cell, dict[str, Any]]:
    if any(RESULT - r.keys() for r in results):
        raise KeyError
    return {Cell(*[{"recipe": "", **r}[k] for k in FIELDS]): r for r in results}
