"""Every notebook: what it shows is what its code gives, and it is built as all of them are.

A class of tests for each notebook, so that pytest-xdist can run notebooks side by side.
"""

import re
import statistics
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from exercises import ATTEMPTS, find_exercises, judge, read_attempts, too_few, with_attempts
from nbformat.v4 import new_code_cell, new_output

from mmhelpers.runs.environment import kernel_environment
from mmhelpers.runs.files import (
    QUICK_STEPS,
    ROOT,
    code_cells,
    find_notebooks,
    has_tag,
    machine_paths,
    output_texts,
    read_notebook,
    read_parameters,
    write_notebook,
)
from mmhelpers.runs.notebook import START_SECONDS, quick_copy

PARAMETERS = ["names", "steps", "seed", "device", "output_dir"]


def nbval(notebook: Path) -> subprocess.CompletedProcess:
    """Runs a notebook under strict nbval, in the environment that the runner gives to notebooks."""
    options = ["--nbval", "--nbval-current-env", "-p", "no:xdist", "-p", "no:cacheprovider"]
    options += ["--nbval-kernel-startup-timeout", str(START_SECONDS)]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "--color=no", *options, notebook.name],
        cwd=notebook.parent,
        # The folders of several notebooks lie side by side, and what they share beside them.
        env=kernel_environment(notebook.parents[1] / ".kernel"),
        capture_output=True,
        encoding="utf-8",
    )


def quick(path: Path, folder: Path) -> Path:
    """Gives a copy of a notebook for a short run on the bundled list."""
    plots = str(folder / "plots")
    dest = folder / path.name
    return quick_copy(path, dest, names="bundled", steps=QUICK_STEPS, output_dir=plots)


def is_compared(cell: nbformat.NotebookNode) -> bool:
    """Tells whether nbval compares some text of a cell's output."""
    ignored = {"nbval-ignore-output", "nbval-skip"} & set(cell.metadata.get("tags", []))
    return cell.cell_type == "code" and any(output_texts(cell)) and not ignored


def add_liar(path: Path) -> None:
    """Adds a last cell that has stored what its code does not give."""
    notebook = read_notebook(path)
    stored = new_output("stream", text="something else\n")
    notebook.cells.append(new_code_cell("print('this')", execution_count=1, outputs=[stored]))
    write_notebook(notebook, path)


class NotebookTests:
    """The tests of one notebook; `path` is given by the subclass."""

    path: Path

    @pytest.fixture
    def notebook(self):
        return read_notebook(self.path)

    def test_gives_what_it_shows_and_its_checks_judge_rightly(self, notebook, tmp_path):
        assert any(is_compared(cell) for cell in notebook.cells)
        copy = quick(self.path, tmp_path)
        short = read_notebook(copy)
        exercises = find_exercises(short)
        read_attempts((ATTEMPTS / f"{self.path.stem}.py").read_text(encoding="utf-8"), exercises)
        write_notebook(with_attempts(short, exercises, tmp_path), copy)
        add_liar(copy)  # it alone must be red: nbval compares, and all others are as they show
        ran = nbval(copy)
        cells = 1 + len(exercises) + sum(cell.cell_type == "code" for cell in notebook.cells)
        assert f"1 failed, {cells} passed" in ran.stdout, ran.stdout + ran.stderr
        assert "Cell outputs differ" in ran.stdout and "something else" in ran.stdout
        faults = too_few(exercises) + judge(tmp_path, exercises)
        assert not faults, "\n".join(faults)

    def test_parameters(self):
        defaults = read_parameters(self.path)
        assert list(defaults) == PARAMETERS
        assert defaults["names"] == "auto"
        assert defaults["output_dir"] == ""  # plots_folder says where the plots go

    def test_ran_from_top_to_bottom(self, notebook):
        counts = [cell.execution_count for cell in code_cells(notebook)]
        assert counts == list(range(1, len(counts) + 1))

    def test_outputs_are_clean(self, notebook):
        for cell in code_cells(notebook):
            for output in cell.outputs:
                assert output.output_type != "error"
                assert output.get("name") != "stderr"
        assert not machine_paths(notebook)

    def test_metadata_is_clean(self, notebook):
        assert not {"papermill", "widgets"} & set(notebook.metadata)
        for cell in notebook.cells:
            assert not {"papermill", "execution"} & set(cell.metadata)
            assert not has_tag(cell, "injected-parameters")

    def test_no_section_lost_its_heading(self, notebook):
        prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
        numbers = re.findall(r"^## (\d+)\. ", "\n".join(prose), re.MULTILINE)
        assert numbers == [str(i + 1) for i in range(len(numbers))]
        referred = re.findall(r"\bsections? (\d+)\b", "\n".join(prose))
        assert not numbers or {int(number) for number in referred} <= {*range(1, len(numbers) + 1)}

    def test_plots_are_there(self, notebook):
        shown = "\n".join(text for cell in code_cells(notebook) for text in output_texts(cell))
        there = {plot.name for plot in (ROOT / "assets" / self.path.stem).glob("*.png")}
        assert there
        assert set(re.findall(r"[\w-]+\.png", shown)) <= there

    def test_cells_are_short(self, notebook):
        lines = [len(cell.source.splitlines()) for cell in code_cells(notebook)]
        assert max(lines) <= 40
        assert statistics.median(lines) <= 8

    def test_prose_carries_the_code(self, notebook):
        kinds = "".join(cell.cell_type[0] for cell in notebook.cells)
        assert "cccc" not in kinds, "more than three code cells in a row without prose"
        prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
        words = len(" ".join(prose).split()) / len(code_cells(notebook))
        assert 30 <= words <= 80

    def test_plots_are_read_out(self, notebook):
        after = [*notebook.cells[1:], None]
        for cell, following in zip(notebook.cells, after, strict=True):
            outputs = cell.get("outputs", [])
            if any("image/png" in output.get("data", {}) for output in outputs):
                assert following is not None and following.cell_type == "markdown", cell.source

    def test_exercises_have_checks_and_solutions(self, notebook):
        exercises = split_at_exercises(notebook)
        assert 3 <= len(exercises) <= 6
        for title, cells in exercises.items():
            code = [cell for cell in cells if cell.cell_type == "code"]
            hidden = [c for c in code if c.metadata.get("jupyter", {}).get("source_hidden")]
            assert hidden, f"{title}: no solution in a collapsed code cell"
            # JupyterLab shows the first line of a collapsed cell.
            assert all(cell.source.startswith("# Solution") for cell in hidden)
            checked = any(re.search(r"check|assert", cell.source) for cell in cells)
            assert checked and len(code) > len(hidden), f"{title}: nothing to check it with"


def split_at_exercises(notebook: nbformat.NotebookNode) -> dict[str, list[nbformat.NotebookNode]]:
    """Gives the cells of each exercise by its heading, up to the next cell with a heading."""
    exercises, current = {}, None
    for cell in notebook.cells:
        heading = re.search(r"^#+ .*", cell.source, re.MULTILINE)
        if cell.cell_type == "markdown" and heading:
            current = heading[0] if re.search(r"\bExercise\b", heading[0]) else None
        if current:
            exercises.setdefault(current, []).append(cell)
    return exercises


for _path in find_notebooks():
    _name = f"Test{_path.stem}"
    globals()[_name] = type(_name, (NotebookTests,), {"path": _path})


def test_every_notebook_has_a_number_of_its_own():
    assert find_notebooks() == sorted((ROOT / "notebooks").glob("*.ipynb"))
