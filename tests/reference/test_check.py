"""The expected figures and the checks against them."""

import csv
import html
import json
import math
import sys
from types import SimpleNamespace

import pytest

from mmhelpers.reference import Checker, figures
from mmhelpers.reference import check as reference_check
from mmhelpers.reference import table as reference

TABLE = """name,list,steps,seed,value,tolerance,source
x/loss,lecture,300,7,2.4815,0.002,lecture
x/loss,bundled,300,7,2.5880,0.002,measured
x/dev,lecture,300,7,2.51,0.002,lecture's code
x/floor,lecture,,,2.4540,0.0001,lecture
x/small,lecture,,,2.6407e-03,1e-6,lecture
x/names,lecture,,7,mor. axx.,0,lecture
x/count,lecture,,,47024,0,lecture
"""
MANY = {"loss": 2.4815, "dev": 2.51, "floor": 2.454, "small": 2.6407e-3, "count": 47024}


@pytest.fixture(autouse=True)
def table(tmp_path, monkeypatch):
    path = tmp_path / "figures.csv"
    path.write_text(TABLE, encoding="utf-8")
    monkeypatch.setattr(reference, "TABLE", path)


def checker(names="lecture", steps=300, seed=7):
    return Checker("01_bigram", names, steps=steps, seed=seed)


def notebook(monkeypatch, **parameters):
    """A kernel with these parameters; gives what it displays."""
    shown = []
    shell = SimpleNamespace(user_ns=parameters)
    module = SimpleNamespace(get_ipython=lambda: shell)
    display = SimpleNamespace(display=lambda data, raw: shown.append(data))
    monkeypatch.setitem(sys.modules, "IPython", module)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return shown


@pytest.mark.parametrize(
    ("names", "values", "line"),
    [
        ("lecture", {"loss": 2.48149}, "loss 2.4815 (expected 2.4815) · printed in the lecture"),
        ("bundled", {"loss": 2.589}, "loss 2.5890 (expected 2.5880) · measured by us before"),
        ("lecture", {"count": 47024}, "count 47024 (expected 47024) · printed in the lecture"),
        (
            "lecture",
            {"small": 2.6411e-3},
            "small 2.6411e-03 (expected 2.6407e-03) · printed in the lecture",
        ),
        (
            "lecture",
            {"names": "mor. axx."},
            "names 'mor. axx.' as expected · printed in the lecture",
        ),
        (
            "lecture",
            {"loss": 2.4816, "dev": 2.51},
            "2 values, 1 to the last digit: loss 2.4816 (expected 2.4815), dev 2.51 (expected 2.51)"
            " · printed in the lecture: 1, given by the lecture's code: 1",
        ),
        (
            "bundled",
            {"loss": 2.588, "floor": 2.5},
            "2 values, 1 to the last digit, 1 not known here: loss 2.5880 (expected 2.5880),"
            " floor 2.5 · measured by us before",
        ),
    ],
)
def test_few_values_stand_beside_what_is_expected(capsys, names, values, line):
    checker(names)("x", **values)
    assert capsys.readouterr().out == f"✓ x: {line}\n"


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({}, "5 values, all to the last digit"),
        (
            {"loss": 2.48161},
            "5 values, 4 to the last digit: the furthest 1 unit of it away,"
            " loss 2.4816 (expected 2.4815)",
        ),
        (
            {"loss": 2.4816, "small": 2.6411e-3},
            "5 values, 3 to the last digit: the furthest 4 units of it away,"
            " small 2.6411e-03 (expected 2.6407e-03)",
        ),
    ],
)
def test_many_values_are_one_line(capsys, changed, line):
    checker()("x", **MANY | changed)
    said = "printed in the lecture: 4, given by the lecture's code: 1"
    assert capsys.readouterr().out == f"✓ x: {line} · {said}\n"


def test_the_line_of_many_opens_in_a_notebook(monkeypatch, capsys):
    shown = notebook(monkeypatch, steps=300)
    checker()("x", **MANY)
    assert capsys.readouterr().out == ""
    (data,) = shown
    line = data["text/plain"]
    assert line.startswith("✓ x: 5 values, all to the last digit · ")
    assert f"<summary>{html.escape(line)}</summary>" in data["text/html"]
    assert data["text/html"].count("<tr>") == 1 + len(MANY)
    assert "<td>loss</td><td>2.4815</td><td>2.4815 ± 0.002</td>" in data["text/html"]


@pytest.mark.parametrize("value", [2.4790, 2.4836, math.nan, math.inf])
def test_outside_the_tolerance(value):
    with pytest.raises(AssertionError) as error:
        checker()("x", loss=value, floor=2.454)
    message = str(error.value)
    assert message.startswith(f"x: loss measured {value:.4f}, expected 2.4815 ± 0.002 (")
    assert "(for the lecture's list, 300 steps, seed 7)" in message
    assert "floor" not in message and "\n" not in message


def test_all_that_is_missed_is_named():
    with pytest.raises(AssertionError, match=r"x: loss .*, floor .*, names measured mor. axx, exp"):
        checker()("x", loss=3.0, floor=2.5, names="mor. axx", dev=2.51)


def test_a_failure_says_to_run_setup_again():
    with pytest.raises(AssertionError, match="If you changed a parameter.*run the Setup cell"):
        checker()("x", loss=3.0)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"steps": 50}, "steps was 300 and is 50: run the Setup cell again"),
        ({"seed": 1}, "seed was 7 and is 1: run the Setup cell again"),
        (
            {"names": "my.txt", "steps": 50},
            "names was 'auto' and is 'my.txt', steps was 300 and is 50: run the Setup cell again",
        ),
    ],
)
def test_a_failure_names_the_parameters_that_changed_since_setup(monkeypatch, changed, said):
    parameters = {"names": "auto", "steps": 300, "seed": 7}
    notebook(monkeypatch, **parameters)
    check = checker()
    notebook(monkeypatch, **parameters | changed)
    with pytest.raises(AssertionError) as error:
        check("x", loss=3.0)
    assert f"Since the Setup cell ran, {said}" in str(error.value)


@pytest.mark.parametrize(
    ("run", "values", "known"),
    [
        ({"steps": 10}, {"loss": 99.0}, "bundled list or the lecture's list, 300 steps, seed 7"),
        ({"seed": 8}, {"loss": 99.0}, "bundled list or the lecture's list, 300 steps, seed 7"),
        ({"seed": 8}, {"names": "a. b."}, "lecture's list, seed 7"),
        ({"names": "other"}, {"floor": 99.0}, "lecture's list"),
    ],
)
def test_what_is_not_known_is_one_line(capsys, run, values, known):
    checker(**run)("x", **values)
    ((name, value),) = values.items()
    value = f"{value:.5g}" if isinstance(value, float) else value
    said = f"nothing to compare with: known for the {known}"
    assert capsys.readouterr().out == f"· x: {name} {value} ({said})\n"


def test_many_that_are_not_known_are_one_line(capsys):
    checker("other")("x", **MANY)
    out = capsys.readouterr().out
    assert out.startswith("· x: 5 values (nothing to compare with: known for ")
    assert out.count("\n") == 1


@pytest.mark.parametrize("run", [{"steps": 10}, {"seed": 8}])
def test_what_holds_for_any_steps_and_seed(run):
    with pytest.raises(AssertionError, match=r"floor .* \(for the lecture's list\)"):
        checker(**run)("x", floor=2.5)


def test_unknown_name():
    with pytest.raises(KeyError, match="x/typo is not in figures.csv"):
        checker()("x", typo=1.0)


@pytest.mark.parametrize("steps", ["50", 2.0, 0, -1, True, None])
def test_steps_that_no_run_can_have(steps):
    with pytest.raises(ValueError, match=r"^steps must be a whole number, 1 or more, not .*$"):
        checker(steps=steps)


@pytest.mark.parametrize("seed", ["7", 7.0, 2**64, -(2**63) - 1, None])
def test_seeds_that_no_run_can_have(seed):
    with pytest.raises(ValueError, match=r"^seed must be a whole number of 64 bits, not .*$"):
        checker(seed=seed)


def test_what_a_headless_run_collects(tmp_path, monkeypatch):
    path = tmp_path / "metrics.json"
    monkeypatch.setenv("MAKEMORE_METRICS", str(path))
    check = checker()
    check("x", loss=2.48149, small=2.6411e-03)
    check("x", names="mor. axx.")
    for _ in range(2):  # a cell that is run again
        with pytest.raises(AssertionError):
            check("x", floor=3.0)
    found = json.loads(path.read_text(encoding="utf-8"))
    assert (found["names"], found["steps"], found["seed"]) == ("lecture", 300, 7)
    assert found["checks"][0] == {
        "name": "x/loss",
        "value": 2.48149,
        "expected": "2.4815",
        "tolerance": 0.002,
        "exact": True,
        "passed": True,
    }
    assert [c["name"] for c in found["checks"]] == ["x/loss", "x/small", "x/names", "x/floor"]
    assert [c["exact"] for c in found["checks"]] == [True, False, True, False]
    assert [c["passed"] for c in found["checks"]] == [True, True, True, False]


def test_what_is_not_known_is_not_judged(tmp_path, monkeypatch):
    path = tmp_path / "metrics.json"
    monkeypatch.setenv("MAKEMORE_METRICS", str(path))
    checker("other")("x", loss=1.0)
    (check,) = json.loads(path.read_text(encoding="utf-8"))["checks"]
    assert (check["expected"], check["tolerance"], check["passed"]) == (None, None, None)
    assert check["exact"] is False


def test_the_table_itself(monkeypatch):
    monkeypatch.undo()
    rows = list(csv.DictReader(reference.TABLE.open(newline="", encoding="utf-8")))
    keys = [(row["name"], row["list"], row["steps"], row["seed"]) for row in rows]
    assert len(set(keys)) == len(keys), "a figure stands twice"
    for figure in figures():
        assert figure.names in reference.LISTS
        assert figure.source in reference_check.SAID
        assert figure.steps is None or figure.seed is not None, f"{figure.name}: no seed"
        if figure.tolerance:
            assert figure.met_by(float(figure.value))
            assert figure.printed(float(figure.value)) == figure.value
