import importlib
import json
import os
import signal
import threading
import time

import joblib
import pytest
from distributed import Client, LocalCluster

from mmhelpers.data import load_names
from mmhelpers.layers import Sequential
from mmhelpers.models import RecurrentModel, WaveNet
from mmhelpers.study import (
    RECIPES,
    Cell,
    StudyError,
    grid,
    load_study,
    run_cell,
    run_study,
    usual_path,
)

study = importlib.import_module("mmhelpers.study.grid")  # `study.grid` is the function
cells_module = importlib.import_module("mmhelpers.study.cells")
WORDS = load_names("bundled").words[::40]
CELLS = grid(["v1", "v4"], seeds=[1, 2], steps=20)


def without_seconds(results):
    """Gives the results without what the clock says."""
    return [{**result, "seconds": 0} for result in results]


@pytest.fixture
def cluster(monkeypatch):
    monkeypatch.setenv("DASK_DISTRIBUTED__WORKER__DAEMON", "False")
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            yield client


def test_grid():
    assert CELLS[1] == Cell("v1", 2, 20, "exact")
    assert len(grid(["v1", "v2", "v5"], range(4), 10, "fast")) == 12


def test_results_are_stored_and_not_run_again(tmp_path, monkeypatch):
    store = tmp_path / "folder" / "study.json"
    first = run_study(CELLS[:2], WORDS, store, jobs=1)
    assert [result["seed"] for result in first] == [1, 2]
    assert first[0]["parameters"] == 12_097
    assert first[0]["dev"] != first[1]["dev"]
    ran = []
    real = study.run_cell
    monkeypatch.setattr(
        study, "run_cell", lambda cell, words: ran.append(cell) or real(cell, words)
    )
    assert run_study(CELLS[:2], WORDS, store, jobs=1) == first
    assert ran == []
    run_study(CELLS, WORDS, store, jobs=1)
    assert ran == CELLS[2:]
    run_study(CELLS[:1], WORDS, store, jobs=1, anew=True)
    assert ran == CELLS[2:] + CELLS[:1]
    assert set(load_study(store, WORDS)) == set(CELLS)  # the others stay


def test_an_interrupted_study_keeps_what_is_done(tmp_path, monkeypatch):
    store, real = tmp_path / "study.json", study.run_cell

    def breaks(cell, words):
        if cell == CELLS[2]:
            raise KeyboardInterrupt
        return real(cell, words)

    monkeypatch.setattr(study, "run_cell", breaks)
    with pytest.raises(KeyboardInterrupt):
        run_study(CELLS, WORDS, store, jobs=1)
    assert list(load_study(store, WORDS)) == CELLS[:2]


def test_an_interrupted_study_anew_goes_on_without_anew(tmp_path, monkeypatch):
    store, real = tmp_path / "study.json", study.run_cell
    run_study(CELLS[:2], WORDS, store, jobs=1)

    def breaks(cell, words):
        raise KeyboardInterrupt

    monkeypatch.setattr(study, "run_cell", breaks)
    with pytest.raises(KeyboardInterrupt):
        run_study(CELLS[:1], WORDS, store, jobs=1, anew=True)
    ran = []
    monkeypatch.setattr(
        study, "run_cell", lambda cell, words: ran.append(cell) or real(cell, words)
    )
    run_study(CELLS[:2], WORDS, store, jobs=1)
    assert ran == CELLS[:1]


@pytest.mark.parametrize(
    ("cell", "known"),
    [
        (Cell("v1", 1, 2, "fats"), "'exact' and 'fast'"),
        (Cell("v3", 1, 2, "fast"), "'exact'"),
        (Cell("mlp", 1, 2, "fast"), "'exact'"),
    ],
)
def test_a_path_that_the_model_does_not_have(cell, known):
    with pytest.raises(ValueError, match=f"{cell.model} has no path '{cell.path}', only {known}$"):
        run_cell(cell, WORDS)


def test_the_usual_paths():
    exact = [name for name in ("v1", "v2", "v3", "v4", "v5", "v6", *RECIPES)
             if Cell(name, 1, 1).path == "exact"]  # fmt: skip
    assert exact == ["v1", "v2", "v3", "v4", "v5", "mlp", "bow"]
    assert {cell.path for cell in grid(["rnn", "v6"], [1, 2], 3)} == {"fast"}
    assert Cell("rnn", 1, 1, "exact").path == usual_path("v1") == "exact"


def test_what_a_cell_says_is_what_ran(monkeypatch):
    asked = []
    real = cells_module.faster
    monkeypatch.setattr(
        cells_module, "faster", lambda model: asked.append(type(model)) or real(model)
    )
    for path in cells_module.PATHS:
        run_cell(Cell("v1", 1, 2, path), WORDS)
        run_cell(Cell("v6", 1, 2, path), WORDS)
        run_cell(Cell("rnn", 1, 2, path), WORDS)
    assert asked == [Sequential, *[WaveNet] * 2, RecurrentModel]


def test_v6_trains_each_member(tmp_path):
    (result,) = run_study([Cell("v6", 1, 30)], WORDS, tmp_path / "study.json", jobs=1)
    assert result["parameters"] == 76_054
    assert result["dev"] < 3.0
    names, letters = len(WORDS), sum(map(len, WORDS))
    assert result["predictions"] == pytest.approx(30 * 128 * (1 + letters / names), rel=0.05)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_gives_the_same_twice_and_learns(name):
    first, second = (run_cell(Cell(name, 1, 20), WORDS) for _ in range(2))
    assert without_seconds([first]) == without_seconds([second])
    assert 195_000 <= first["parameters"] <= 205_000
    assert first["dev"] < 3.0
    assert first["multiply_adds"] < 250_000  # of one prediction, not of a whole name


def test_v6_has_room_for_long_names():
    assert run_cell(Cell("v6", 1, 1), [*WORDS, "a" * 30])["steps"] == 1


def test_a_recipe_has_room_for_long_names():
    assert RECIPES["rnn"].build("rnn", ["a" * 30]).block_size == 31
    assert RECIPES["rnn"].build("rnn", ["abc"]).block_size == 16


def test_the_fast_path_is_near_the_exact_one(tmp_path):
    exact, fast = (
        run_study(grid(["v1"], [1], 300, path), WORDS, tmp_path / f"{path}.json", jobs=1)[0]
        for path in ("exact", "fast")
    )
    assert fast["dev"] == pytest.approx(exact["dev"], abs=0.1)


def test_two_local_processes_give_what_one_gives(tmp_path):
    one = run_study(CELLS[:2], WORDS, tmp_path / "one.json", jobs=1)
    two = run_study(CELLS[:2], WORDS, tmp_path / "two.json", jobs=2)
    assert without_seconds(one) == without_seconds(two)


def test_a_backend_that_gives_all_or_nothing(tmp_path):
    store = tmp_path / "study.json"
    with joblib.parallel_config(backend="multiprocessing"):  # Ray's is derived from it
        results = run_study(CELLS[:3], WORDS, store, jobs=2)
    here = run_study(CELLS[:3], WORDS, tmp_path / "here.json", jobs=1)
    assert without_seconds(results) == without_seconds(here)
    assert list(load_study(store, WORDS)) == CELLS[:3]


def test_a_real_cluster_whose_worker_is_killed_loses_no_cell(tmp_path, cluster):
    store = tmp_path / "study.json"
    cells = grid(["v1"], seeds=range(6), steps=200)
    workers = {address: pid for address, pid in cluster.run(os.getpid).items()}
    killed = []

    def kill():
        """Kills the worker that is at work on something once the first cell is stored."""
        while not (store.exists() and any(cluster.processing().values())):
            time.sleep(0.02)
        victim = next(address for address, tasks in cluster.processing().items() if tasks)
        os.kill(workers[victim], signal.SIGKILL)
        killed.append(len(json.loads(store.read_text())["cells"]))

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    with joblib.parallel_config(backend="dask"):
        results = run_study(cells, WORDS, store)
    killer.join(timeout=60)
    assert killed and killed[0] < len(cells), "no worker was killed, or too late to matter"
    assert [result["seed"] for result in results] == list(range(6))
    assert sorted(c["seed"] for c in json.loads(store.read_text())["cells"]) == list(range(6))
    here = run_study(cells[-2:], WORDS, tmp_path / "here.json", jobs=1)
    assert without_seconds(here) == without_seconds(results[-2:])


@pytest.mark.parametrize("content", ["", "{", "[]", '{"list": 1}', '{"list": "x", "cells": [{}]}'])
def test_a_damaged_store(tmp_path, content):
    store = tmp_path / "study.json"
    store.write_text(content)
    with pytest.raises(StudyError, match=r"study.json is damaged .*: run the study anew"):
        load_study(store, WORDS)
    assert store.read_text() == content
    (result,) = run_study(CELLS[:1], WORDS, store, jobs=1, anew=True)
    assert list(load_study(store, WORDS).values()) == [result]


def test_a_store_of_another_list(tmp_path):
    store = tmp_path / "study.json"
    run_study(CELLS[:1], WORDS, store, jobs=1)
    with pytest.raises(StudyError, match="another list"):
        load_study(store, WORDS[1:])
    anew = run_study(CELLS[:1], WORDS[1:], store, jobs=1, anew=True)
    assert list(load_study(store, WORDS[1:]).values()) == anew
