"""What a run will do, and what is refused before anything starts."""

import math
import os
import shutil
import sys
from pathlib import Path

import pytest

from mmhelpers import __main__
from mmhelpers.data import load_names
from mmhelpers.runs import NotebookError, plan
from mmhelpers.runs.files import QUICK_STEPS, find_notebooks

ASSETS = "assets/01_one"


@pytest.mark.parametrize(
    ("options", "place", "replace"),
    [
        ({}, ASSETS, True),
        ({"settings": [("steps", "1000")]}, ASSETS, True),  # which is the default
        ({"settings": [("output_dir", "")]}, ASSETS, True),
        ({"settings": [("steps", "5")]}, None, False),
        ({"settings": [("seed", "2")]}, None, False),
        ({"settings": [("device", "auto")]}, None, False),
        ({"settings": [("names", "bundled")]}, None, False),
        ({"quick": True}, None, False),
        ({"quick": True, "settings": [("output_dir", "")]}, None, False),
        ({"quick": True, "settings": [("steps", "1000")]}, None, False),
        ({"output": Path("mine")}, None, False),
        ({"output": Path("build")}, None, False),
        ({"settings": [("steps", "5"), ("output_dir", ASSETS)]}, ASSETS, False),
        ({"quick": True, "settings": [("output_dir", "my/plots")]}, "my/plots", False),
        ({"settings": [("names", "bundled")], "refresh": True}, ASSETS, True),
    ],
)
def test_where_plots_go(here, options, place, replace):
    here.add("01_one")
    job = plan.plan([1], **options)[0]
    assert job.plots_to == (place and here.root / place) and job.replace == replace
    assert job.parameters["output_dir"] == f"{options.get('output', 'build')}/01_one/plots"
    assert job.parameters["steps"] == int(
        dict(options.get("settings", [])).get("steps", QUICK_STEPS if "quick" in options else 1000)
    )


def test_plots_of_several_notebooks_go_to_several_folders(here):
    for name in "01_one", "02_two", "03_three":
        here.add(name)
    jobs = plan.plan([], [("output_dir", "mine")])
    places = {job.name: job.plots_to for job in jobs}
    assert places == {name: here.root / "mine" / name for name in ["01_one", "02_two", "03_three"]}
    jobs = plan.plan([1, 3], [("output_dir", str(here.root / "x"))], quick=True)
    assert [job.plots_to for job in jobs] == [here.root / "x/01_one", here.root / "x/03_three"]


@pytest.mark.parametrize("copy", ["01_one_mine", "01_one-Copy1", "01_zwei", "01_", "01_one (2)"])
def test_a_number_taken_twice(here, copy):
    for name in "01_one", "02_two", copy:
        here.add(name)
    for numbers in [], [1], [2, 1]:
        with pytest.raises(NotebookError) as caught:
            plan.plan(numbers)
        message = str(caught.value)
        assert "the number 1 is taken twice" in message
        assert "01_one.ipynb" in message and f"{copy}.ipynb" in message
    assert [path.name for path in find_notebooks([2])] == ["02_two.ipynb"]


REFUSED = [
    (["run", "9"], "there is no notebook 9; there are: 1 2"),
    (["run", "-p", "step", "5"], "01_one.ipynb has no parameter 'step'; it has: names, steps"),
    (["run", "-p", "steps", "0"], "steps must be 1 or more, not 0"),
    (["run", "-p", "steps", "-5"], "steps must be 1 or more, not -5"),
    (["run", "-p", "steps", "many"], "steps takes a whole number, not 'many'"),
    (["run", "-p", "steps", "1e3"], "steps takes a whole number, not '1e3'"),
    (["run", "-p", "seed", "-1"], "seed must be from 0 to 9223372036854775807, not -1"),
    (["run", "-p", "seed", str(2**63)], "seed must be from 0 to 9223372036854775807"),
    (["run", "-p", "seed", str(2**64)], "seed must be from 0 to 9223372036854775807"),
    (["run", "--quick", "-p", "seed", "9" * 23], "seed must be from 0 to 9223372036854775807"),
    (["run", "-p", "seed", "9" * 5000], "seed takes a whole number"),
    (["run", "-p", "device", "gpu"], "device 'gpu' is not there: use cpu or auto"),
    (["run", "-p", "device", "cuda:77"], "device 'cuda:77' is not there"),
    (["run", "-p", "device", "hpu"], "device 'hpu' is not there"),
    (["run", "--quick", "-p", "device", ""], "device '' is not there"),
    (["run", "-p", "names", ""], "names is ''"),
    (["run", "-p", "names", " "], "names is ' '"),
    (["run", "-p", "names", "no.txt"], "no.txt is not in"),
    (["run", "-p", "names", "notebooks"], "notebooks is a directory"),
    (["run", "-p", "names", "two.txt"], "2 name(s) can't be split into 3 parts"),
    (["run", "--quick", "-p", "names", "two.txt"], "2 name(s) can't be split into 3 parts"),
    (["run", "-p", "names", "none.txt"], "none.txt holds no names"),
    (["run", "-p", "names", "lecture"], "names-lecture.txt is not there"),
    (["run", "--jobs", "0"], "--jobs: must be a whole number of 1 or more, not 0"),
    (["run", "--jobs", "x"], "--jobs: must be a whole number of 1 or more, not x"),
    (["run", "--jobs", "1.5"], "--jobs: must be a whole number of 1 or more, not 1.5"),
    (["run", "--output", "names.txt/x"], "can't write to"),
    (["run", "-p", "output_dir", "names.txt/x"], "can't write to"),
    (["run", "one"], "invalid int value: 'one'"),
    (["refresh"], "names-lecture.txt is not there"),
]


def refused(here, arguments, monkeypatch, capsys) -> str:
    """Gives the line by which a command is refused, after a look that it is but one."""
    before = here.assets()
    monkeypatch.setattr(sys, "argv", ["mmhelpers", *arguments])
    assert __main__.main() == 2
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert not out and (len(lines) == 1 or lines[0].startswith("usage:"))
    assert here.assets() == before
    assert not list(here.root.glob("build/*/*.ipynb")) and not list(here.root.glob("build/*/*.log"))
    return lines[-1]


@pytest.mark.parametrize(("arguments", "message"), REFUSED, ids=lambda v: " ".join(v)[:40])
def test_refused_before_anything_runs(here, arguments, message, monkeypatch, capsys):
    here.add("01_one", here.WORK)
    here.add("02_two", here.WORK)
    (here.root / "two.txt").write_text("anna\nbo\n")
    (here.root / "none.txt").write_text("\n\n")
    assert message in refused(here, arguments, monkeypatch, capsys)


@pytest.mark.parametrize("arguments", [["run"], ["run", "--quick"], ["run", "-p", "names", "auto"]])
def test_refused_without_the_bundled_list(here, arguments, monkeypatch, capsys):
    here.add("01_one", here.WORK)
    (here.root / "names.txt").unlink()
    assert "names.txt is not there" in refused(here, arguments, monkeypatch, capsys)


@pytest.mark.parametrize(
    ("default", "changed", "message"),
    [
        ("steps = 1000 ", "steps = '50' ", "01_one.ipynb: steps must be 1 or more, not '50'"),
        ("seed = 1", f"seed = {2**64}", "01_one.ipynb: seed must be from 0"),
        ('"cpu"', '"gpu"', "device 'gpu' is not there"),
        ('"auto"', '"no.txt"', "no.txt is not in"),
    ],
)
def test_refused_for_what_its_cell_says(here, default, changed, message, monkeypatch, capsys):
    path = here.add("01_one", here.WORK)
    parameters = path.read_text(encoding="utf-8")
    escaped = [text.replace('"', r"\"") for text in (default, changed)]
    assert escaped[0] in parameters
    path.write_text(parameters.replace(*escaped), encoding="utf-8")
    assert message in refused(here, ["run"], monkeypatch, capsys)


@pytest.mark.parametrize(
    ("tag", "parameters", "message"),
    [
        ("parameter", "steps = 3", "02_two.ipynb has no cell tagged 'parameters'"),
        ("parameters", "steps = int(3)", "02_two.ipynb: the 'parameters' cell may hold only"),
        ("parameters", "", "02_two.ipynb can't be read as a notebook"),
    ],
)
def test_notebook_that_takes_no_parameters(here, tag, parameters, message, monkeypatch, capsys):
    here.add("01_one", here.WORK)
    path = here.add("02_two", tag=tag, parameters=parameters)
    if not parameters:
        path.write_text("{}")
    assert message in refused(here, ["run"], monkeypatch, capsys)


def test_a_list_is_looked_for_here_and_in_the_project(here, monkeypatch):
    here.add("01_one")
    elsewhere = here.root / "else where"
    elsewhere.mkdir()
    shutil.copy(here.root / "names.txt", here.root / "in-root.txt")
    shutil.copy(here.root / "names.txt", elsewhere / "here.txt")
    monkeypatch.chdir(elsewhere)
    for given, found in [("in-root.txt", here.root), ("here.txt", elsewhere)]:
        job = plan.plan([1], [("names", given)])[0]
        assert job.parameters["names"] == str(job.names) == str(found / given)
        monkeypatch.setenv("MAKEMORE_NAMES", given)
        plan._usable_list.cache_clear()
        job = plan.plan([1])[0]
        assert job.parameters["names"] == "auto" and job.names == found / given
        assert job.plots_to == here.root / ASSETS
        monkeypatch.delenv("MAKEMORE_NAMES")
        plan._usable_list.cache_clear()


@pytest.mark.skipif(sys.platform == "win32", reason="a folder that is in use can't be removed")
def test_working_directory_that_was_removed(here, monkeypatch, capsys):
    here.add("01_one")
    gone = here.root / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    job = plan.plan([1])[0]
    assert job.names == here.root / "names.txt" and job.folder == here.root / "build" / "01_one"
    for option in [["--output", "mine"], ["-p", "names", "mine.txt"]]:
        assert "mine" in refused(here, ["run", *option], monkeypatch, capsys)
    os.chdir(here.root)


def words(count: int, letters: int) -> list[str]:
    """Gives different words in order, each with so many letters."""
    digits = math.ceil(math.log(count, 26))
    alphabet = [chr(97 + i) for i in range(26)]
    texts = ["".join(alphabet[n // 26**d % 26] for d in range(digits)) for n in range(count)]
    return sorted(text.ljust(letters, "x") for text in texts)


@pytest.mark.parametrize(
    ("count", "letters", "kept"),
    [
        (100_000, 6, 33_334),  # one in three
        (40_001, 4, 20_001),
        (40_000, 6, 40_000),
        (1_000, 900, 334),  # long ones, fewer of them
        (400, 1_000, 400),
    ],
)
def test_quick_run_on_a_long_list_takes_part_of_it(here, capsys, count, letters, kept):
    here.add("01_one")
    here.add("02_two")
    path = here.root / "long.txt"
    path.write_text("\n".join(words(count, letters)))
    assert {job.names for job in plan.plan([], [("names", "long.txt")])} == {path}
    first, second = plan.plan([], [("names", "long.txt")], quick=True, output=here.root / "mine")
    assert first.names == second.names
    every = math.ceil(count / kept)
    assert load_names(str(first.names)).words == words(count, letters)[::every]
    assert len(load_names(str(first.names)).words) == kept
    said = capsys.readouterr().err
    if every == 1:
        assert first.names == path and not said
    else:
        assert first.names.parent == here.root / "mine" and first.parameters["names"] == str(
            first.names
        )
        assert said == f"quick: takes one in {every} of the {count:,} names of long.txt\n"


def test_quick_run_takes_the_known_lists_whole():
    assert plan.QUICK_NAMES > 32_033 and plan.QUICK_LETTERS > 250_000
