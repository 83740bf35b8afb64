"""Copies of the notebooks: one to work on, one without solutions, and how far a learner is."""

import re
import shutil
from pathlib import Path

from nbformat import NotebookNode

from mmhelpers.data import ROOT
from mmhelpers.runs import NotebookError
from mmhelpers.runs.files import clean, find_notebooks, has_tag, read_notebook, write_notebook
from mmhelpers.runs.report import say, tell

WORK, STUDENT = "work", "build/student"  # where the copies lie in the project
HEADING = re.compile(r"^(#+) (.*)", re.MULTILINE)
FOUND = "What our solutions found"  # a section that goes with the solutions
VERDICT = re.compile(r"(?:^|(?<=\s))(right|not tried yet|not yet: .+)$", re.MULTILINE)


def is_solution(cell: NotebookNode) -> bool:
    """Tells whether a cell is a folded solution."""
    return bool(cell.metadata.get("jupyter", {}).get("source_hidden"))


def heading_of(cell: NotebookNode) -> re.Match | None:
    """Gives the first heading of a cell of text: its marks and its title."""
    return HEADING.search(cell.source) if cell.cell_type == "markdown" else None


def without_solutions(notebook: NotebookNode) -> NotebookNode:
    """Gives a notebook without solutions, the words that lead to them, and what they found."""
    kept, left_out = [], 0  # how deep the heading is whose section is being left out
    following = [*notebook.cells[1:], NotebookNode(metadata={})]
    for cell, after in zip(notebook.cells, following, strict=True):
        heading = heading_of(cell)
        if heading and len(heading[1]) <= (left_out or len(heading[1])):
            left_out = len(heading[1]) if heading[2] == FOUND else 0
        leads_to_one = cell.cell_type == "markdown" and not heading and is_solution(after)
        if not (left_out or leads_to_one or is_solution(cell)):
            kept.append(cell)
    notebook.cells = kept
    return notebook


def copy_of(path: Path) -> NotebookNode:
    """Gives a notebook whose plots go to build/plots/, so that running it leaves assets/ alone."""
    notebook = read_notebook(path)
    for cell in notebook.cells:
        if has_tag(cell, "parameters"):
            plots = f'output_dir = "build/plots/{path.stem}"'
            cell.source = re.sub('^output_dir = ""', plots, cell.source, flags=re.MULTILINE)
    return notebook


def lay_out_work() -> None:
    """Copies to work/ each notebook that has no copy there; a copy that is there stays."""
    for path in find_notebooks():
        copy = ROOT / WORK / path.name
        if not copy.exists():
            copy.parent.mkdir(exist_ok=True)
            write_notebook(copy_of(path), copy)
        elif copy.stat().st_mtime < path.stat().st_mtime:
            say(f"{path.name} has changed since you saved yours; rename yours to get the new one")


def lay_out_student() -> None:
    """Writes copies without solutions to build/student, in place of those that are there."""
    folder = ROOT / STUDENT
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in find_notebooks():
        write_notebook(clean(without_solutions(copy_of(path))), folder / path.name)
    tell(f"copies without solutions are in {STUDENT}")


def verdicts(notebook: NotebookNode) -> dict[str, set[str]]:
    """Gives what the checks of each exercise said last, by its number."""
    number, said = None, {}
    for cell in notebook.cells:
        if heading_of(cell):
            found = re.search(r"^#+ Exercise (\d+)", cell.source, re.MULTILINE)
            number = found and found[1]
        elif number and cell.cell_type == "code" and not is_solution(cell):
            printed = "".join(output.get("text", "") for output in cell.outputs)
            silent = {"no verdict"} if "verdict(" in cell.source else set()
            said.setdefault(number, set()).update(VERDICT.findall(printed) or silent)
    return said


def tell_solved() -> None:
    """Prints which exercises are solved in work/, as the notebooks are saved there."""
    copies = sorted((ROOT / WORK).glob("*.ipynb"))
    if not copies:
        raise NotebookError(f"there are no notebooks in {WORK}/ yet: make lab opens them there")
    for path in copies:
        said = verdicts(read_notebook(path))
        right = [number for number, found in said.items() if found == {"right"}]
        numbers = f": {' '.join(right)}" if right else ""
        tell(f"{path.stem:<24} {len(right)} of {len(said)} solved{numbers}")
