"""The expected figures and the checks against them."""

import csv
import json
import math

import pytest

from mmhelpers.reference import Checker, figures
from mmhelpers.reference import check as reference

TABLE = """name,list,steps,value,tolerance,source
x/loss,lecture,300,2.4815,0.002,lecture
x/loss,bundled,300,2.5880,0.002,measured
x/floor,lecture,,2.4540,0.0001,lecture
x/small,lecture,,2.6407e-03,1e-6,lecture
x/names,lecture,,mor. axx.,0,lecture
"""


@pytest.fixture
def table(tmp_path, monkeypatch):
    path = tmp_path / "reference.csv"
    path.write_text(TABLE, encoding="utf-8")
    monkeypatch.setattr(reference, "TABLE", path)


def test_the_figure_of_the_list_is_the_one_that_counts(table, capsys):
    Checker("lecture", 300)("x/loss", 2.48149)
    Checker("bundled", 300)("x/loss", 2.58801)
    assert capsys.readouterr().out == "✓ x/loss: 2.4815 ± 0.002\n✓ x/loss: 2.5880 ± 0.002\n"


@pytest.mark.parametrize("value", [2.4790, 2.4836, math.nan, math.inf])
def test_outside_the_tolerance(table, value):
    with pytest.raises(AssertionError, match="x/loss: .*, expected 2.4815 ± 0.002"):
        Checker("lecture", 300)("x/loss", value)


def test_other_steps_and_other_lists_have_no_figure(table, capsys):
    Checker("lecture", 10)("x/loss", 99.0)
    Checker("other", 300)("x/loss", 99.0)
    assert capsys.readouterr().out.count("no figure for this list") == 2


def test_another_seed_has_no_figures_of_training(table, capsys):
    check = Checker("lecture", 300, default_seed=False)
    check("x/loss", 99.0)
    assert (
        capsys.readouterr().out == "· x/loss: no figure for this list at 300 steps and this seed\n"
    )
    with pytest.raises(AssertionError):
        check("x/floor", 2.5)


def test_without_steps_it_holds_for_any(table):
    with pytest.raises(AssertionError):
        Checker("lecture", 10)("x/floor", 2.5)


def test_unknown_name(table):
    with pytest.raises(KeyError, match="x/typo"):
        Checker("lecture", 300)("x/typo", 1.0)


def test_text(table, capsys):
    check = Checker("lecture", 300)
    check("x/names", "mor. axx.")
    assert capsys.readouterr().out == "✓ x/names: mor. axx.\n"
    with pytest.raises(AssertionError, match="x/names: mor. axx, expected mor. axx."):
        check("x/names", "mor. axx")


def test_what_a_headless_run_collects(table, tmp_path, monkeypatch):
    path = tmp_path / "metrics.json"
    monkeypatch.setenv("MAKEMORE_METRICS", str(path))
    check = Checker("lecture", 300)
    check("x/loss", 2.48149)
    check("x/small", 2.6411e-03)
    check("x/names", "mor. axx.")
    with pytest.raises(AssertionError):
        check("x/floor", 3.0)
    found = json.loads(path.read_text(encoding="utf-8"))
    assert [c["exact"] for c in found["checks"]] == [True, False, True, False]
    assert [c["passed"] for c in found["checks"]] == [True, True, True, False]


def test_the_table_itself():
    rows = list(csv.DictReader(reference.TABLE.open(newline="", encoding="utf-8")))
    keys = [(row["name"], row["list"], row["steps"]) for row in rows]
    assert len(set(keys)) == len(keys), "a figure stands twice"
    for figure in figures():
        assert figure.names in {"lecture", "bundled"}
        assert figure.source in {"lecture", "lecture's code", "measured"}
        if figure.tolerance:
            assert figure.met_by(float(figure.value))
            assert figure.printed(float(figure.value)) == figure.value
