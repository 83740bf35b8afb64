"""The checks of the exercises, tried with wrong and with other right attempts.

How the notebooks' own checks take theirs is seen in the one run of each, in `test_notebooks`.
"""

import re
from pathlib import Path

import nbformat
import pytest
from exercises import (
    ATTEMPTS,
    OF_A_WRONG_TYPE,
    find_exercises,
    judge,
    read_attempts,
    too_few,
    with_attempts,
)
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from notebook_list import STEMS


def tried(notebook: nbformat.NotebookNode, attempts: str, folder: Path) -> list[str]:
    """Runs a notebook with the attempts of a text; gives what is wrong with its checks."""
    exercises = find_exercises(notebook)
    read_attempts(attempts, exercises)
    run = with_attempts(notebook, exercises, folder)
    NotebookClient(run, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    return too_few(exercises) + judge(folder, exercises)


def test_every_notebook_has_attempts():
    assert {path.stem for path in ATTEMPTS.glob("*.py")} == set(STEMS)


CHECK = """from mmhelpers.reference import verdict
def check_double(attempt):
    value = attempt(3)
    if value != 6:
        return f"for 3 it gives {value}"
print(verdict(check_double, double))"""
RIGHT = """# %% Exercise 1: right
double = lambda n: 2 * n
# %% Exercise 1: right
def double(n):
    return n + n
"""
WRONG = """# %% Exercise 1: wrong, says "for 3"
double = lambda n: n * n
# %% Exercise 1: wrong, says "it gives 5"
double = lambda n: n + 2
# %% Exercise 1: never says "2 * n"
"""


def tiny(check: str = CHECK) -> nbformat.NotebookNode:
    markdown, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    hidden = {"jupyter": {"source_hidden": True}}
    return nbformat.v4.new_notebook(
        cells=[
            markdown("## Exercises"),
            markdown("### Exercise 1: twice"),
            code("double = None  # your function"),
            code(check),
            code("# Solution\ndoubled = 2 * 3", metadata=hidden),
            markdown("## Summary"),
            code("assert double is None"),
        ]
    )


def test_a_tiny_notebook_passes(tmp_path):
    assert tried(tiny(), RIGHT + WRONG, tmp_path) == []


@pytest.mark.parametrize(
    ("check", "attempts", "fault"),
    [
        (CHECK.replace("value != 6", "value != 9"), RIGHT + WRONG, "a right attempt is refused"),
        (CHECK.replace("value != 6", "value > 7"), RIGHT + WRONG, "a wrong attempt is accepted"),
        (CHECK.replace("for 3 it", "it"), RIGHT + WRONG, "no hint holds 'for 3'"),
        (CHECK.replace("for 3 it", "2 * n, for 3 it"), RIGHT + WRONG, "a hint gives '2 * n' away"),
        (
            CHECK.replace("verdict(check_double, double)", "check_double(double) or 'right'"),
            RIGHT + WRONG,
            "no verdict",
        ),
        (CHECK, RIGHT, "Exercise 1 has 0 wrong attempts, of two needed"),
        (CHECK, WRONG, "Exercise 1 has 0 right attempts, of two needed"),
        (CHECK, RIGHT + WRONG.rpartition("# %%")[0], "does not say what its hints must not give"),
    ],
)
def test_a_tiny_notebook_fails(tmp_path, check, attempts, fault):
    if "check_double(double) or" in check:
        check = check.replace("value = attempt(3)", "value = attempt(3) if attempt else 0")
    found = tried(tiny(check), attempts, tmp_path)
    assert any(fault in line for line in found), found


def test_a_cell_that_needs_a_solution(tmp_path):
    notebook = tiny()
    notebook.cells[-1].source = "doubled"
    with pytest.raises(CellExecutionError, match="'doubled' is not defined"):
        tried(notebook, RIGHT + WRONG, tmp_path)


def test_the_notebook_goes_on_as_if_nothing_had_been(tmp_path):
    notebook = tiny()
    notebook.cells[2].source = "import torch\nstart = torch.random.get_rng_state()\ndouble = None"
    notebook.cells[-1].source += "\nassert torch.equal(start, torch.random.get_rng_state())"
    drawn = "# %% Exercise 1: right\ndouble = lambda n: [n + n, torch.rand(n)][0]\n"
    assert tried(notebook, drawn + RIGHT + WRONG, tmp_path) == []


def test_a_check_that_crashes(tmp_path):
    found = tried(tiny(CHECK.replace("print(", "print(double and double(3), ")), RIGHT, tmp_path)
    assert any("crashed: TypeError" in line for line in found), found


@pytest.mark.parametrize(
    ("attempts", "message"),
    [
        ("# %% Exercise 7: right\nx = 1\n", "there is no Exercise 7; there are: Exercise 1"),
        ("# %% Exercise 1: nearly right\nx = 1\n", "none of the three kinds"),
    ],
)
def test_attempts_that_can_not_be_read(attempts, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        read_attempts(attempts, find_exercises(tiny()))


def test_parts_of_an_exercise_have_letters():
    notebook = tiny()
    again = [nbformat.from_dict(cell) for cell in notebook.cells[2:5]]
    notebook.cells[5:5] = again
    exercises = find_exercises(notebook)
    assert [exercise.name for exercise in exercises] == ["Exercise 1a", "Exercise 1b"]
    assert exercises[0].blanks == ["double"]
    read_attempts("", exercises)
    assert [len(exercise.attempts) for exercise in exercises] == [len(OF_A_WRONG_TYPE)] * 2
