"""The study of notebook 08: seven models under one search, what a Transformer needs, a student.

`run_sequence_study(words, store)` is the one call: it trains what the store lacks and stores each
result at once, so that an interrupted study goes on where it stopped.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmhelpers.study.cells import Cell, Result
from mmhelpers.study.grid import grid, load_study, run_study
from mmhelpers.study.recipes import named
from mmhelpers.study.student import STUDENTS, TEACHER_STEPS, networks_of
from mmhelpers.study.variants import ABLATIONS, PARTS

MODELS = ("mlp", "rnn", "gru", "lstm", "cnn", "transformer", "modern")
SEEDS = (42, 43, 44)
SEARCH_SEED = 1
STEPS = 12_000  # of a full training; the search, the ablations and the parts have a quarter
STUDENT_STEPS = 10_000
# What is tried of each; six recipes take every value once.
RATES = (0.001, 0.0015, 0.002, 0.003, 0.004, 0.006)
DROPOUTS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4)
DECAYS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.4)


def recipes() -> list[str]:
    """What is tried, the same for every model: rates with dropouts and decays drawn by lot."""
    lot = random.Random(1)
    dropouts, decays = (lot.sample(values, len(values)) for values in (DROPOUTS, DECAYS))
    return [
        f"adamw {rate:g} {decay:g} dropout {dropout:g}"
        for rate, decay, dropout in zip(RATES, decays, dropouts, strict=True)
    ]


def search_cells() -> list[Cell]:
    """Every recipe for every model, at a quarter of the length."""
    return [
        Cell(model, SEARCH_SEED, STEPS // 4, recipe=recipe)
        for model in MODELS
        for recipe in recipes()
    ]


def best(done: Mapping[Cell, Result], model: str) -> str:
    """The recipe whose short training had the lowest dev loss."""

    def dev(recipe: str) -> float:
        loss = done[Cell(model, SEARCH_SEED, STEPS // 4, recipe=recipe)]["dev"]
        return float("inf") if loss is None else loss  # it diverged

    return min(recipes(), key=dev)


def full_cells(done: Mapping[Cell, Result]) -> list[Cell]:
    """The best of every model at full length.

    Where that is the model's own recipe, the losses of every name are stored (see `run_cell`).
    """
    return [
        cell
        for model in MODELS
        for cell in grid([model], SEEDS, STEPS, recipe=named(model, best(done, model)))
    ]


def ablation_cells(done: Mapping[Cell, Result]) -> list[Cell]:
    """The Transformer of GPT-2 with one thing left out at a time, at a quarter of the length."""
    names = ["transformer", *(f"transformer {what}" for what in ABLATIONS)]
    return grid(names, SEEDS, STEPS // 4, recipe=best(done, "transformer"))


def part_cells(done: Mapping[Cell, Result]) -> list[Cell]:
    """The Transformer of GPT-2 with one thing of today at a time, and with all, likewise.

    All are trained by the recipe that is the best for GPT-2's; the averaged weights are in every
    result.
    """
    names = [*(f"transformer {part}" for part in PARTS), "modern"]
    return grid(names, SEEDS, STEPS // 4, recipe=best(done, "transformer"))


def student_cells() -> list[Cell]:
    """The student, and each without one ingredient of its lesson."""
    return grid(STUDENTS, SEEDS, STUDENT_STEPS)


def run_sequence_study(words: Sequence[str], store: Path, jobs: int = 2) -> dict[Cell, Result]:
    """All results of the study by cell; only what `store` lacks is run (see `run_study`).

    First the search, which decides what is trained at full length; the teacher's networks are
    trained before the students.
    """
    cells = search_cells()
    done = dict(zip(cells, run_study(cells, words, store, jobs), strict=True))
    cells = list(dict.fromkeys([*full_cells(done), *part_cells(done), *ablation_cells(done)]))
    done |= dict(zip(cells, run_study(cells, words, store, jobs), strict=True))
    students = student_cells()
    if set(students) - load_study(store, words).keys():
        networks_of(words, TEACHER_STEPS, jobs)
    return done | dict(zip(students, run_study(students, words, store, jobs), strict=True))
