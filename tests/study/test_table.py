"""The summary of the study, the table of it in README.md, and its figures."""

import json
import re
import sys

import matplotlib.pyplot as plt
import pytest
from PIL import Image

from mmhelpers import __main__
from mmhelpers.data import ROOT
from mmhelpers.plotting import plot_curves
from mmhelpers.study import StudyError, load_study, table
from mmhelpers.study.table import (
    BEGIN,
    END,
    README,
    STORE,
    ladder,
    spread,
    summarise,
    versions_table,
    with_table,
    write_table,
)


def result(model="v1", seed=42, dev=2.0, path="exact"):
    sizes = {"parameters": 12_097, "multiply_adds": 11_400, "predictions": 1_000_000}
    losses = {"train": dev - 0.1, "dev": dev, "curve": [3.0, dev], "seconds": 1.0}
    return {"model": model, "seed": seed, "steps": 9, "path": path} | sizes | losses


RESULTS = [
    result("v6", 42, 8.0, path="fast")  # its usual one; it is used with the averaged weights
    | {"averaged": {"train": 1.85, "dev": 1.95}},
    result("v6", 42, 9.0),
    result(seed=44, dev=2.3),
    result(seed=42, dev=2.1),
    result(seed=42, dev=9.0, path="fast"),
    result("tree 16", 42, 9.0),  # a family's
    result(seed=42, dev=9.0) | {"recipe": "sgd 0.2"},
]
TABLE = """\
| | what is new | parameters | billion multiply-adds | train | dev | lecture's dev |
|---|---|---|---|---|---|---|
| V1 | one hidden layer with BatchNorm, 3 characters | 12,097 | 11 | 2.1000 ± 0.1414 \
| 2.2000 ± 0.1414 | 2.105 |
| V6 | ours: two residual WaveNets, taught by names and by the table | 12,097 | 11 \
| 1.8500 | 1.9500 |  |"""


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Gives a README with markers and a store, which the command takes for the real ones."""
    readme, store = tmp_path / "README.md", tmp_path / "study.json"
    readme.write_text(f"# Title\n\n{BEGIN}\nold\n{END}\n\nmore\n", encoding="utf-8")
    store.write_text(json.dumps({"list": "x", "cells": RESULTS}), encoding="utf-8")
    monkeypatch.setattr(table.write_table, "__defaults__", (readme, store))
    monkeypatch.setattr(table.draw_ladder, "__defaults__", (tmp_path / "assets",))
    monkeypatch.setattr(sys, "argv", ["mmhelpers", "table"])
    return readme, store


def test_summarise():
    summaries = summarise(RESULTS)
    assert list(summaries) == ["v1", "v6"]
    v1 = summaries["v1"]
    assert v1.dev == (2.1, 2.3)  # in the order of the seeds
    assert v1.compute == 11_400_000_000
    assert v1.curves == ((3.0, 2.1), (3.0, 2.3))
    assert summarise(RESULTS, "fast")["v1"].dev == (9.0,)


def test_spread():
    assert spread([1.0, 2.0, 3.0]) == "2.0000 ± 1.0000"
    assert spread([1.5]) == "1.5000"


def test_the_command_writes_the_table(files, capsys):
    readme, _ = files
    for _ in range(2):  # a second time it replaces what it wrote
        assert __main__.main() == 0
        text = readme.read_text(encoding="utf-8")
        assert text == f"# Title\n\n{BEGIN}\n{TABLE}\n{END}\n\nmore\n"
    assert "README.md" in capsys.readouterr().out
    assert (readme.parent / "assets" / "ladder.png").exists()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda readme, store: readme.write_text("no markers"), "write <!-- versions -->"),
        (lambda readme, store: store.unlink(), "there is no study in study.json"),
        (lambda readme, store: store.write_text("{"), "study.json is damaged"),
        (lambda readme, store: readme.unlink(), "README.md"),
    ],
)
def test_the_command_refuses(files, capsys, spoil, message):
    readme, _ = files
    spoil(*files)
    before = readme.read_text(encoding="utf-8") if readme.exists() else None
    assert __main__.main() == 1
    assert message in capsys.readouterr().err
    assert before == (readme.read_text(encoding="utf-8") if readme.exists() else None)


def test_a_marker_alone_is_no_place():
    for text in (BEGIN, END, f"{END}\n{BEGIN}"):
        with pytest.raises(StudyError, match="needs a place"):
            with_table(text, "table")


def test_the_table_in_the_readme_is_current():
    text, summaries = README.read_text(encoding="utf-8"), summarise(load_study(STORE).values())
    assert list(summaries) == ["v1", "v2", "v3", "v4", "v5", "v6"]
    table = versions_table(summaries)
    assert with_table(text, table) == text, "run: python -m mmhelpers table"


def test_the_ladder():
    steps, best_table = ladder()
    assert list(steps.values()) == sorted(steps.values(), reverse=True)
    assert steps["02 · MLP"] == 2.1655 and best_table == 1.9835
    told = [step.split()[0] for step in steps]
    alt = Image.open(ROOT / "assets" / "ladder.png").text["Description"]
    assert re.findall(r"in (\d\d)", alt) == told, "run: python -m mmhelpers table"


def test_without_words_a_study_of_any_list_is_read(files):
    _, store = files
    assert len(load_study(store)) == len(RESULTS)
    with pytest.raises(StudyError, match="another list"):
        load_study(store, ["emma"])


def test_write_table_takes_other_files(tmp_path):
    with pytest.raises(StudyError, match="no study in missing.json"):
        write_table(tmp_path / "README.md", tmp_path / "missing.json")


def test_plot_curves():
    ax = plot_curves({"V1": [[3.0, 2.0], [3.2, 2.2]], "V5": [[2.0]]}, {"V1": 100, "V5": 10})
    line, other = ax.get_lines()
    assert line.get_xdata().tolist() == [25, 75]
    assert line.get_ydata().tolist() == pytest.approx([3.1, 2.1])
    assert other.get_xdata().tolist() == [5]
    plt.close(ax.figure)
