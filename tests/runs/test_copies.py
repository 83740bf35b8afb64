"""Copies to work on and to hand out, and which exercises are solved in them."""

import os

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from notebook_list import STEMS

from mmhelpers import __main__
from mmhelpers.runs import copies
from mmhelpers.runs.files import ROOT, has_tag, read_notebook, write_notebook

HIDDEN = {"jupyter": {"source_hidden": True}}


def check(said: str) -> nbformat.NotebookNode:
    return new_code_cell("print(verdict(check, mine))", outputs=[new_output("stream", text=said)])


@pytest.fixture
def series(here, monkeypatch):
    """Gives a project with one notebook: two exercises and a summary."""
    monkeypatch.setattr(copies, "ROOT", here.root)
    path = here.add("01_one", "1")
    notebook = read_notebook(path)
    notebook.cells += [
        new_markdown_cell("## Exercises\n\n### Exercise 1: easy\n\nwhat to do"),
        check("not tried yet\n"),
        new_code_cell("# Solution\n1", metadata=HIDDEN),
        new_markdown_cell("And the other way:"),
        new_code_cell("# Solution\n2", metadata=HIDDEN),
        new_markdown_cell("### Exercise 2: hard"),
        check("a: right\nb: not tried yet\n"),
        new_code_cell("# Solution\n3", metadata=HIDDEN),
        new_markdown_cell("### What our solutions found"),
        new_markdown_cell("a lot"),
        check("right"),
        new_markdown_cell("## Summary"),
    ]
    write_notebook(notebook, path)
    return here


def sources(path) -> list[str]:
    return [cell.source for cell in read_notebook(path).cells]


def test_student_copies(series, capsys):
    (series.root / "build/student").mkdir(parents=True)
    (series.root / "build/student/09_gone.ipynb").touch()
    assert __main__.call(["student"]) == 0
    assert [path.name for path in (series.root / "build/student").iterdir()] == ["01_one.ipynb"]
    left = sources(series.root / "build/student/01_one.ipynb")
    assert 'output_dir = "build/plots/01_one"' in left[0]
    asked = "print(verdict(check, mine))"
    assert left[2:] == [
        *[
            "## Exercises\n\n### Exercise 1: easy\n\nwhat to do",
            asked,
            "### Exercise 2: hard",
            asked,
            "## Summary",
        ]
    ]
    assert "build/student" in capsys.readouterr().out


def test_work_is_kept(series, capsys):
    stored, mine = series.root / "notebooks/01_one.ipynb", series.root / "work/01_one.ipynb"
    before = stored.read_bytes()
    assert __main__.call(["work"]) == 0
    assert stored.read_bytes() == before and len(sources(mine)) == len(sources(stored))
    assert 'output_dir = "build/plots/01_one"' in sources(mine)[0]
    mine.write_text("my attempts")
    assert __main__.call(["work"]) == 0
    assert mine.read_text() == "my attempts" and not capsys.readouterr().err
    os.utime(mine, (0, 0))
    assert __main__.call(["work"]) == 0
    assert mine.read_text() == "my attempts"
    assert "01_one.ipynb has changed since you saved yours" in capsys.readouterr().err


def test_what_is_solved(series, capsys):
    assert __main__.call(["solved"]) == 2
    assert "make lab opens them there" in capsys.readouterr().err
    __main__.call(["work"])
    assert __main__.call(["solved"]) == 0
    assert capsys.readouterr().out == f"{'01_one':<24} 0 of 2 solved\n"
    mine = series.root / "work/01_one.ipynb"
    notebook = read_notebook(mine)
    for cell in notebook.cells[3], notebook.cells[8]:
        cell.outputs[0].text = "the shape: right\n"
    notebook.cells[8].outputs[0].text += "the sum: not yet: too large\n"
    write_notebook(notebook, mine)
    __main__.call(["solved"])
    assert capsys.readouterr().out == f"{'01_one':<24} 1 of 2 solved: 1\n"
    notebook.cells[8].outputs = []  # a check that has not run, beside one that says right
    notebook.cells.insert(9, check("right\n"))
    write_notebook(notebook, mine)
    __main__.call(["solved"])
    assert capsys.readouterr().out == f"{'01_one':<24} 1 of 2 solved: 1\n"


@pytest.mark.parametrize("stem", STEMS)
def test_copies_of_the_series(stem):
    notebook = copies.copy_of(ROOT / "notebooks" / f"{stem}.ipynb")
    parameters = next(cell for cell in notebook.cells if has_tag(cell, "parameters"))
    assert f'output_dir = "build/plots/{stem}"' in parameters.source
    numbers = list(copies.verdicts(notebook))
    assert numbers == [str(number + 1) for number in range(len(numbers))] and len(numbers) >= 3
    left = copies.without_solutions(notebook)
    assert "# Solution" not in "\n".join(cell.source for cell in left.cells)
    assert list(copies.verdicts(left)) == numbers
