"""What the stored models answered on dev and test, with the weights that they are used with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmhelpers.study import sequence
from mmhelpers.study.cells import Cell, Result, usual_path
from mmhelpers.study.grid import load_study
from mmhelpers.study.store import StudyError
from mmhelpers.study.table import SEQUENCE_STORE, STORE, as_used
from mmhelpers.study.watch import unpacked

VERSIONS = ("v1", "v2", "v3", "v4", "v5", "v6")


def stored_answers(
    words: Sequence[str], scaling: Path = STORE, sequences: Path = SEQUENCE_STORE
) -> tuple[dict[str, list[dict[str, Any]]], list[str]]:
    """The runs of every stored model, by model, and a line for everything that is missing.

    A run has its losses by split, such as "dev" and "test".  Where the study is of the list of
    these words, `dev_names` and `test_names` are the losses (N,) of every name; else they are left
    out.  Raises StudyError for a file that is damaged.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    missing = []
    for number, store, pick in (("06", scaling, versions), ("08", sequences, finals)):
        done, ours = _load(store, words)
        cells = pick(done)
        there = [cell for cell in cells if cell in done and as_used(done[cell])["dev"] is not None]
        for cell in there:
            found.setdefault(cell.model, []).append(_run(as_used(done[cell]), ours))
        if lacking := sorted({cell.model for cell in set(cells) - set(there)}):
            missing.append(f"runs missing in the study of notebook {number}: {', '.join(lacking)}")
        if not cells:
            missing.append(f"the study of notebook {number} is not there: its models are missing")
        elif not ours:
            missing.append(f"the study of notebook {number} is of another list: nothing to mix")
    return found, missing


def versions(done: dict[Cell, Result]) -> list[Cell]:
    """The runs of V1 to V6 as 06 shows them, by their own recipes, that have a test loss."""
    return [
        cell
        for cell, result in done.items()
        if cell.model in VERSIONS
        and not cell.recipe
        and cell.path == usual_path(cell.model)
        and "test" in result
    ]


def finals(done: dict[Cell, Result]) -> list[Cell]:
    """The full trainings of notebook 08 and its student; none where the search is not complete.

    The students without an ingredient of the lesson are an experiment, not models of the series.
    """
    if any(cell not in done for cell in sequence.search_cells()):
        return []
    students = [cell for cell in sequence.student_cells() if cell.model == "student"]
    return [*sequence.full_cells(done), *students]


def _load(store: Path, words: Sequence[str]) -> tuple[dict[Cell, Result], bool]:
    """The results in a store, and whether they are of this list."""
    try:
        return load_study(store, words), True
    except StudyError:
        return load_study(store), False


def _run(result: Result, ours: bool) -> dict[str, Any]:
    """A run's losses, those of single names unpacked, or left out where they are not `ours`."""
    run = {key: value for key, value in result.items() if not key.endswith("_names")}
    for key in ("dev_names", "test_names"):
        if ours and key in result:
            run[key] = unpacked(result[key])
    return run
