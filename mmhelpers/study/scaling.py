"""The study of notebook 06: the versions, one architecture at five widths, and V6's controls.

`run_scaling_study(words, store)` is the one call: it trains what the store lacks and stores each
result at once, so that an interrupted study goes on where it stopped.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmhelpers.study.cells import Cell, Result
from mmhelpers.study.grid import grid, run_study
from mmhelpers.study.recipes import V6, named

SEEDS = (42, 43, 44)
SEARCH_SEED = 1
# Of each family, so that it takes V5's multiply-adds or less; of V6 for each member.
STEPS = {"tree": 200_000, "wavenet": 13_500, "v6": 12_400}
WIDTHS = {"tree": (16, 32, 64, 96, 128), "wavenet": (4, 8, 16, 32, 64)}
CONTROLLED = ("v5", "wavenet 64", "v6")
KINDS = ("sgd", "adamw")
TRIES = 6  # recipes of each kind for each model
FIRST_RATE = {"sgd": 0.025, "adamw": 0.0005}  # each later one is twice the one before
DECAYS = (0.25, 0.5, 1, 2, 4, 8)  # peak rate times decay, summed over a training


def steps_of(model: str) -> int:
    """The steps of a full training."""
    return STEPS.get(model.split()[0], STEPS["tree"])


def recipes(kind: str, steps: int) -> list[str]:
    """What is tried of a kind, the same for every model: six rates, each twice the one before.

    AdamW has a weight decay beside each, paired with the rates by lot.  A decay is told by how
    often a weight without gradients would shrink by e at the peak rate kept up for the whole
    training, so that it means the same in a short and a long one (Wang and Aitchison 2024).
    """
    rates = [FIRST_RATE[kind] * 2**i for i in range(TRIES)]
    if kind == "sgd":
        return [f"sgd {rate:g}" for rate in rates]
    decays = random.Random(1).sample(DECAYS, TRIES)
    return [f"adamw {r:g} {d / r / steps:.3g}" for r, d in zip(rates, decays, strict=True)]


def search_cells() -> list[Cell]:
    """The controls' search: every recipe for every model, at a quarter of the length."""
    return [
        Cell(model, SEARCH_SEED, steps_of(model) // 4, "fast", recipe)
        for model in CONTROLLED
        for kind in KINDS
        for recipe in recipes(kind, steps_of(model) // 4)
    ]


def best(done: Mapping[Cell, Result], model: str, kind: str, averaged: bool = False) -> str:
    """The recipe for a full training whose short one had the lowest dev loss in the search."""

    def dev(recipe: str) -> float:
        result = done[Cell(model, SEARCH_SEED, steps_of(model) // 4, "fast", recipe)]
        if result["dev"] is None:  # it diverged
            return float("inf")
        return (result["averaged"] if averaged else result)["dev"]

    losses = [dev(recipe) for recipe in recipes(kind, steps_of(model) // 4)]
    return recipes(kind, steps_of(model))[losses.index(min(losses))]


def control_cells(done: Mapping[Cell, Result]) -> list[Cell]:
    """The best of each search, also by its averaged weights, at full length."""
    chosen = [
        (model, named(model, best(done, model, kind, averaged)))
        for model in CONTROLLED
        for kind, averaged in (("sgd", False), ("adamw", False), ("adamw", True))
    ]
    return [
        cell
        for model, recipe in dict.fromkeys(chosen)
        for cell in grid([model], SEEDS, steps_of(model), "fast", recipe)
    ]


def scaling_cells(done: Mapping[Cell, Result]) -> list[Cell]:
    """The tree, as the lecture trains it, and one residual WaveNet, at five widths.

    The WaveNet twice: as the controls' search would have it, and as V6's members are trained.
    """
    seeds, (trees, nets) = SEEDS[:2], WIDTHS.values()
    names = ["v5" if width == 128 else f"tree {width}" for width in trees]
    cells = grid(names, seeds, STEPS["tree"], "fast")
    names = [f"wavenet {width}" for width in nets]
    plain = best(done, "wavenet 64", "adamw")  # decays little, as a short search wants it
    cells += grid(names, seeds, STEPS["wavenet"], "fast", plain)
    return cells + grid(names, seeds, STEPS["wavenet"], "fast", V6)


def version_cells() -> list[Cell]:
    """V1 to V6 as they are, and the fast forms of those of the lecture."""
    exact = grid(["v5", "v4", "v3", "v2", "v1"], SEEDS, STEPS["tree"])
    fast = grid(["v5", "v4", "v2", "v1"], SEEDS, STEPS["tree"], "fast")
    return grid(["v6"], SEEDS, STEPS["v6"]) + exact + fast


def ingredient_cells() -> list[Cell]:
    """V6 with one thing left out at a time, all else as it is."""
    without = {
        "v6": [
            "adamw 0.008 0.15 final 0.2 average 0.04",  # the table's share of the targets
            "adamw 0.008 0.15 table 0.2",  # the end of the cosine above 0
            "adamw 0.008 0.01 final 0.2 table 0.2 average 0.04",  # nearly all of the decay
        ],
        "wavenet 64": [V6],  # the committee
    }
    return [
        cell
        for model, recipes_ in without.items()
        for recipe in recipes_
        for cell in grid([model], SEEDS, steps_of(model), "fast", recipe)
    ]


def run_scaling_study(words: Sequence[str], store: Path, jobs: int = 2) -> dict[Cell, Result]:
    """All results of the study by cell; only what `store` lacks is run (see `run_study`).

    First the search, which decides what is trained at full length, then what takes longest.
    """
    cells = search_cells()
    done = dict(zip(cells, run_study(cells, words, store, jobs), strict=True))
    cells = [*ingredient_cells(), *control_cells(done), *scaling_cells(done), *version_cells()]
    cells = list(dict.fromkeys(cells))  # some belong to two parts of it
    return done | dict(zip(cells, run_study(cells, words, store, jobs), strict=True))
