"""The notebooks as files: which there are, what parameters they take, and how they are cleaned.

Nothing here runs a notebook; `mmhelpers.runs.notebook` and `mmhelpers.runs.runner` do.
"""

import ast
import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from mmhelpers.data import ROOT, write_whole
from mmhelpers.runs import NotebookError

QUICK_STEPS = 50  # training steps of a quick run: enough for every cell to do its work
SEEDS = 2**63  # what torch's generators take, and room for a notebook to add to it
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
KINDS = {int: "a whole number", float: "a number", bool: "True or False", str: "a text"}
WIDGET = "application/vnd.jupyter.widget-view+json"
MACHINE_PATH = re.compile(r"(?:/(?:home|root|Users|tmp|private/var)/|[A-Z]:\\\\?Users)[^\s'\"]*")


def find_notebooks(numbers: list[int] | None = None) -> list[Path]:
    """Gives the notebooks with these numbers, in order; all of them where none is named.

    Raises `NotebookError` for a number that no notebook has, or that two have.
    """
    known: dict[int, list[Path]] = {}
    for path in sorted(ROOT.glob("notebooks/[0-9][0-9]_*.ipynb")):
        known.setdefault(int(path.name[:2]), []).append(path)
    for number in numbers or known:
        if number not in known:
            there = " ".join(map(str, known)) or "none yet"
            raise NotebookError(f"there is no notebook {number}; there are: {there}")
        if len(known[number]) > 1:
            names = " and ".join(path.name for path in known[number])
            message = f"the number {number} is taken twice, by {names}: give each its own"
            raise NotebookError(message)
    return [paths[0] for number, paths in known.items() if not numbers or number in numbers]


def read_notebook(path: Path) -> NotebookNode:
    """Gives the notebook in a file; raises `NotebookError` where it holds none."""
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, AttributeError, nbformat.ValidationError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise NotebookError(f"{path.name} can't be read as a notebook: {reason[:200]}") from error


def write_notebook(notebook: NotebookNode, path: Path) -> None:
    """Writes a notebook as JSON with an indent of 1, whole or not at all."""
    text = nbformat.writes(notebook)
    write_whole(path, (text.rstrip("\n") + "\n").encode())


def has_tag(cell: NotebookNode, tag: str) -> bool:
    """Tells whether a cell carries a tag."""
    return tag in cell.metadata.get("tags", [])


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Gives the code cells that a notebook runs: those that are not empty."""
    return [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]


def read_parameters(path: Path) -> dict[str, object]:
    """Gives name and default of every parameter, from the cell tagged `parameters`."""
    cells = [cell for cell in read_notebook(path).cells if has_tag(cell, "parameters")]
    if not cells:
        raise NotebookError(f"{path.name} has no cell tagged 'parameters': tag the one that is")
    try:
        statements = ast.parse(cells[0].source).body
        return {s.targets[0].id: ast.literal_eval(s.value) for s in statements}
    except (SyntaxError, ValueError, AttributeError) as error:
        message = "the 'parameters' cell may hold only assignments of plain values"
        raise NotebookError(f"{path.name}: {message}") from error


def convert_parameter(path: Path, name: str, text: str) -> object:
    """Gives a parameter's value, of its default's type, from the text of the command line."""
    defaults = read_parameters(path)
    if name not in defaults:
        known = ", ".join(defaults)
        raise NotebookError(f"{path.name} has no parameter {name!r}; it has: {known}")
    kind = type(defaults[name])
    try:
        value = ast.literal_eval(text.capitalize()) if kind is bool else kind(text)
    except (ValueError, SyntaxError, TypeError):
        value = None
    if not isinstance(value, kind):
        raise NotebookError(f"{path.name}: {name} takes {KINDS[kind]}, not {text!r}")
    return value


def check_parameters(path: Path, values: dict[str, object]) -> None:
    """Raises `NotebookError` for numbers that no run can take, given or in the notebook itself."""
    steps, seed = values.get("steps", 1), values.get("seed", 0)
    if not isinstance(steps, int) or steps < 1:
        raise NotebookError(f"{path.name}: steps must be 1 or more, not {steps!r}")
    if not isinstance(seed, int) or not 0 <= seed < SEEDS:
        raise NotebookError(f"{path.name}: seed must be from 0 to {SEEDS - 1}, not {seed!r}")


def clean(notebook: NotebookNode) -> NotebookNode:
    """Gives the notebook without what changes from run to run or belongs to one machine.

    The sources, the cell ids, the tags and the static outputs with their alt texts stay. Cleaning
    twice is cleaning once.
    """
    from ipykernel.ipkernel import IPythonKernel  # takes a moment, as nbconvert does

    kept = [c for c in notebook.cells if not has_tag(c, "injected-parameters")]
    notebook.cells = kept
    count = 0
    for cell in kept:
        cell.metadata = _clean_metadata(cell.metadata)
        if cell.cell_type == "code":
            ran = bool(cell.source.strip())
            count += ran
            cell.execution_count = count if ran else None
            _clean_outputs(cell)
    own = {key: notebook.metadata[key] for key in ["minutes"] if key in notebook.metadata}
    # All that JupyterLab would write on opening it, which would mark it as changed.
    language = IPythonKernel.language_info
    own |= {"kernelspec": KERNELSPEC, "language_info": language}
    notebook.metadata = nbformat.from_dict(own)
    return notebook


def _clean_metadata(metadata: NotebookNode) -> NotebookNode:
    """Gives a cell's tags and what JupyterLab hides of it; nothing else.

    That outputs are hidden JupyterLab notes a second time, as older programs read it.
    """
    jupyter = metadata.get("jupyter", {})
    hidden = jupyter.get("outputs_hidden")
    kept = {"tags": metadata.get("tags"), "jupyter": jupyter, "collapsed": hidden}
    empty: tuple = (None, {}, [])
    return nbformat.from_dict({key: value for key, value in kept.items() if value not in empty})


def _clean_outputs(cell: NotebookNode) -> None:
    """Leaves a cell's static outputs, neighbouring text joined and overwritten progress left out.

    nbval joins and leaves out by the same rule, so that what is stored is equal to a fresh output.
    """
    from nbconvert.preprocessors import CoalesceStreamsPreprocessor

    cell.outputs = [output for output in cell.outputs if WIDGET not in output.get("data", {})]
    CoalesceStreamsPreprocessor().preprocess_cell(cell, {}, 0)
    for output in cell.outputs:
        if output.output_type == "execute_result":
            output.execution_count = cell.execution_count


def faults(notebook: NotebookNode, stored: NotebookNode) -> list[str]:
    """Gives why a fresh, clean notebook must not replace the stored one; empty where it may."""
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    warnings = [output.text.strip() for output in outputs if output.get("name") == "stderr"]
    found = [f"shows a warning, {text.splitlines()[0]}" for text in warnings if text]
    found += [f"shows a path of this machine, {path}" for path in machine_paths(notebook)]
    now, before = pictures(notebook), pictures(stored)
    return found + [f"shows {now} pictures where {before} are stored"] * (now < before)


def pictures(notebook: NotebookNode) -> int:
    """Gives the number of pictures among a notebook's outputs."""
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    return sum("image/png" in output.get("data", {}) for output in outputs)


def machine_paths(notebook: NotebookNode) -> list[str]:
    """Gives the paths of somebody's machine that stand in a notebook's text outputs."""
    texts = [text for cell in code_cells(notebook) for text in output_texts(cell)]
    return MACHINE_PATH.findall("\n".join(texts))


def output_texts(cell: NotebookNode) -> list[str]:
    """Gives all text in a code cell's outputs; pictures are none."""
    texts = []
    for output in cell.outputs:
        texts += [output.get("text", ""), *output.get("traceback", [])]
        data = output.get("data", {}).items()
        texts += [str(text) for mime, text in data if not mime.startswith("image/")]
    return texts
