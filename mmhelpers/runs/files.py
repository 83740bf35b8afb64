"""The notebooks as files: which there are, what parameters they take, and how they are cleaned.

Nothing here runs a notebook; `mmhelpers.runs.notebook` and `mmhelpers.runs.runner` do.
"""

import ast
import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[2]
QUICK_STEPS = 200  # training steps of a quick run: enough for every cell to do its work
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
KINDS = {int: "a whole number", float: "a number", bool: "True or False", str: "a text"}
WIDGET = "application/vnd.jupyter.widget-view+json"
# What stands before the last carriage return of a line is what a progress bar has overwritten.
# It is nbval's own rule, so that a collapsed output is equal to a fresh one.
OVERWRITTEN = re.compile(r"^.*\r(?=[^\n])", re.MULTILINE)
MACHINE_PATH = re.compile(r"(?:/(?:home|root|Users|tmp|private/var)/|[A-Z]:\\\\?Users)[^\s'\"]*")


class NotebookError(ValueError):
    """One line that says what is wrong with a notebook or a request to run it."""


def find_notebooks(numbers: list[int] | None = None) -> list[Path]:
    """Gives the notebooks with these numbers, in order; all of them where none is named."""
    known = {int(path.name[:2]): path for path in sorted(ROOT.glob("notebooks/[0-9][0-9]_*.ipynb"))}
    for number in numbers or []:
        if number not in known:
            there = " ".join(map(str, known)) or "none yet"
            raise NotebookError(f"there is no notebook {number}; there are: {there}")
    return [path for number, path in known.items() if not numbers or number in numbers]


def read_notebook(path: Path) -> NotebookNode:
    """Gives the notebook in a file; raises `NotebookError` where it holds none."""
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, AttributeError, nbformat.ValidationError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise NotebookError(f"{path.name} can't be read as a notebook: {reason[:200]}") from error


def write_notebook(notebook: NotebookNode, path: Path) -> None:
    """Writes a notebook as JSON with an indent of 1, whole or not at all."""
    part = path.with_name(path.name + ".part")
    nbformat.write(notebook, part)
    part.replace(path)


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
    if name == "steps" and value < 1:
        raise NotebookError(f"{path.name}: steps must be 1 or more, not {value}")
    return value


def quick_copy(path: Path, dest: Path, **parameters: object) -> Path:
    """Writes a copy of a notebook that has its stored outputs and other parameters.

    Under nbval it shows whether a short run gives what a full one has stored. The cell with the
    parameters is put where papermill puts it; it has never run, so nbval compares nothing there.
    """
    notebook = read_notebook(path)
    unknown = set(parameters) - set(read_parameters(path))
    if unknown:
        raise NotebookError(f"{path.name} has no parameter {sorted(unknown)[0]!r}")
    source = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": ["injected-parameters"]})
    place = next(i for i, c in enumerate(notebook.cells) if has_tag(c, "parameters"))
    notebook.cells.insert(place + 1, cell)
    write_notebook(notebook, dest)
    return dest


def clean(notebook: NotebookNode) -> NotebookNode:
    """Gives the notebook without what changes from run to run or belongs to one machine.

    The sources, the cell ids, the tags and the static outputs stay. Cleaning twice is cleaning
    once.
    """
    kept = [c for c in notebook.cells if not has_tag(c, "injected-parameters")]
    notebook.cells = kept
    count = 0
    for cell in kept:
        cell.metadata = _clean_metadata(cell.metadata)
        if cell.cell_type == "code":
            ran = bool(cell.source.strip())
            count += ran
            cell.execution_count = count if ran else None
            cell.outputs = _clean_outputs(cell.outputs, cell.execution_count)
    own = {key: notebook.metadata[key] for key in ["minutes"] if key in notebook.metadata}
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}, **own}
    )
    return notebook


def _clean_metadata(metadata: NotebookNode) -> NotebookNode:
    """Gives a cell's tags and what JupyterLab hides of it; nothing else."""
    kept = {"tags": metadata.get("tags"), "jupyter": metadata.get("jupyter")}
    return nbformat.from_dict({key: value for key, value in kept.items() if value})


def _clean_outputs(outputs: list[NotebookNode], count: int | None) -> list[NotebookNode]:
    """Gives the static outputs, neighbouring text joined and overwritten progress left out."""
    cleaned: list[NotebookNode] = []
    for output in outputs:
        if WIDGET in output.get("data", {}):
            continue
        last = cleaned[-1] if cleaned else {}
        if output.output_type == "stream" and last.get("name") == output.name:
            last.text += output.text
            continue
        if output.output_type == "execute_result":
            output.execution_count = count
        cleaned.append(output)
    for output in cleaned:
        if output.output_type == "stream":
            output.text = OVERWRITTEN.sub("", output.text)
    return cleaned


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
