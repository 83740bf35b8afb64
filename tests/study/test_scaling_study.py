"""The study of notebook 06: what is tried, what is chosen, and its one call."""

import importlib
from dataclasses import asdict

import pytest

from mmhelpers.data import load_names
from mmhelpers.models import multiply_adds
from mmhelpers.study import Cell, load_study, scaling
from mmhelpers.study.cells import build_net, members_of
from mmhelpers.study.recipes import recipe_for
from mmhelpers.study.table import STORE

grid_module = importlib.import_module("mmhelpers.study.grid")
NAMES = 25_626  # of the lecture's training split
TARGETS = 182_625


def result(cell, dev=2.0, averaged=None):
    """Gives what `run_cell` would, without running it."""
    sizes = dict.fromkeys(("parameters", "multiply_adds", "predictions", "seconds"), 1)
    fields = {name: getattr(cell, name) for name in grid_module.FIELDS}
    averages = {} if averaged is None else {"averaged": {"dev": averaged}}
    return fields | sizes | {"train": dev, "dev": dev, "curve": []} | averages


def test_every_model_is_given_the_same_search():
    cells = scaling.search_cells()
    for kind in scaling.KINDS:
        rates = {}
        for cell in cells:
            if cell.recipe.startswith(kind):
                recipe = recipe_for(cell.model, cell.recipe)
                decay = getattr(recipe, "weight_decay", 0) * recipe.lr * cell.steps
                rates.setdefault(cell.model, []).append((recipe.lr, decay))
        assert set(rates) == set(scaling.CONTROLLED)
        first, *others = rates.values()
        assert len(first) == scaling.TRIES
        assert all([r for r, _ in first] == [r for r, _ in other] for other in others)
        for tried in rates.values():
            decays = sorted(decay for _, decay in tried)
            assert decays == pytest.approx(scaling.DECAYS if kind == "adamw" else [0] * 6, rel=0.01)


@pytest.mark.parametrize("model", ["v5", "wavenet 64", "v6"])
def test_no_one_has_more_than_v5(model):
    net, members = build_net(model, 27), members_of(model)
    work = members * multiply_adds(net) * scaling.steps_of(model)
    work *= 32 if model == "v5" else 128 * TARGETS / NAMES
    assert work <= 126_336 * 32 * 200_000
    assert members * sum(p.numel() for p in net.parameters()) <= 76_579


def test_the_best_of_a_search_is_taken_to_the_full_length():
    done = {}
    for cell in scaling.search_cells():
        tried = scaling.recipes("adamw", cell.steps)
        dev = {1: 1.9, 2: 1.95}.get(tried.index(cell.recipe), 2.0) if cell.recipe in tried else 2.0
        averaged = 1.8 if cell.recipe in tried and tried.index(cell.recipe) == 2 else 1.99
        done[cell] = result(cell, dev, averaged)
    first = scaling.search_cells()[0]
    done[first]["dev"] = None  # it diverged
    plain, averaged = (scaling.best(done, "v5", "adamw", which) for which in (False, True))
    steps = scaling.steps_of("v5")
    assert [plain, averaged] == scaling.recipes("adamw", steps)[1:3]
    assert recipe_for("v5", plain).lr == 0.001
    assert scaling.best(done, "v5", "sgd") == scaling.recipes("sgd", steps)[1]
    cells = scaling.control_cells(done)
    assert Cell("v5", 43, steps, "fast", plain) in cells
    assert len(cells) == len(set(cells)) == 3 * 3 * len(scaling.CONTROLLED)


def test_the_one_call_runs_what_is_missing_only(tmp_path, monkeypatch):
    ran = []

    def run_cell(cell, words):
        ran.append(cell)
        return result(cell, averaged=2.0)

    monkeypatch.setattr(grid_module, "run_cell", run_cell)
    words, store = load_names("bundled").words[:9], tmp_path / "study.json"
    done = scaling.run_scaling_study(words, store, jobs=1)
    assert len(ran) == len(set(ran)) == len(done) == len(load_study(store, words))
    ran.clear()
    assert scaling.run_scaling_study(words, store, jobs=1).keys() == done.keys()
    assert ran == []


def test_what_is_stored_belongs_to_the_study():
    """Every stored cell of the controls is one that the call would run."""
    done = load_study(STORE)
    search = [cell for cell in scaling.search_cells() if cell in done]
    assert {cell.model for cell in search} >= {"v5", "wavenet 64"}
    for cell, stored in done.items():
        if cell.recipe or " " in cell.model:
            assert stored["dev"] is None or {"test", "dev_new", "dev_curve"} <= stored.keys()


@pytest.mark.parametrize(
    ("label", "fields"),
    [
        ("the names alone teach", {"table"}),
        ("cosine to 0, no average", {"final", "average"}),
        ("decay 0.01 for 0.15", {"weight_decay"}),
        ("one net of 64", set()),
    ],
)
def test_a_part_is_left_out_and_all_else_is_v6(label, fields):
    assert len(scaling.PARTS) == 4
    model, recipe = scaling.PARTS[label]
    own, other = asdict(recipe_for("v6")), asdict(recipe_for(model, recipe))
    assert {name for name in own if own[name] != other[name]} == fields
    assert (model == "v6") == bool(fields)
