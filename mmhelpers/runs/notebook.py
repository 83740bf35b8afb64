"""One notebook through papermill, in a process of its own.

`mmhelpers.runs.runner` starts this module once per notebook:
`python -m mmhelpers.runs.notebook NOTEBOOK FOLDER PARAMETERS`, the parameters as JSON. The executed
copy is written to FOLDER after every cell, so that a run that fails or is stopped leaves it
half-executed; where a cell fails, FOLDER/error.txt says which, with its source and its error.
"""

import _thread
import json
import os
import signal
import sys
import threading
from pathlib import Path

import papermill
from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from papermill.exceptions import PapermillExecutionError, strip_color
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from mmhelpers.data import write_whole
from mmhelpers.runs import NotebookError
from mmhelpers.runs.files import has_tag, read_parameters, write_notebook

FAILED = 1
INTERRUPTED = 130
START_SECONDS = 600  # what a kernel is given to start: a busy machine takes minutes
PYTHON = {"kernel_name": "python3", "language": "python"}


class OwnKernel(AsyncKernelManager):
    """A kernel of the interpreter that runs this, whichever kernels are installed elsewhere."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """Gives how the kernel is started."""
        return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())


class Position:
    """Where a run is: the code cell that started last, and its number as Jupyter shows it."""

    def __init__(self) -> None:
        self.number = 0
        self.source = ""

    def start(self, cell, cell_index: int) -> None:
        """Takes note of a cell that starts; the injected parameters are not counted."""
        if cell.cell_type == "code" and cell.source.strip():
            self.number += not has_tag(cell, "injected-parameters")
            self.source = cell.source

    def finish(self, cell, cell_index: int, execute_reply) -> None:
        """Prints the line by which the runner counts the cells that are done."""
        print("cell done", flush=True)


def execute(notebook: Path, folder: Path, parameters: dict[str, object]) -> int:
    """Runs a notebook and gives the exit status: 0, `FAILED` or `INTERRUPTED`.

    Where the error can't even be written down, the status is the number of the reason (`errno`).
    """
    position = Position()
    try:
        papermill.execute_notebook(
            _literal(notebook),
            _literal(folder / notebook.name),
            parameters=parameters,
            kernel_manager_class=OwnKernel,
            start_timeout=START_SECONDS,
            shutdown_kernel="immediate",
            progress_bar=False,
            on_cell_start=position.start,
            on_cell_executed=position.finish,
            **PYTHON,
        )
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # a dead kernel, a full disk: whatever it is, say where it was
        try:
            text = _describe(error, position).encode(errors="backslashreplace")
            write_whole(folder / "error.txt", text)
        except OSError as reason:
            return reason.errno or FAILED
        return FAILED
    return 0


def quick_copy(path: Path, dest: Path, **parameters: object) -> Path:
    """Writes a copy of a notebook that has its stored outputs and other parameters.

    Under nbval it shows whether a short run gives what a full one has stored. The cell with the
    parameters is papermill's own; it has never run, so nbval compares nothing there.
    """
    unknown = set(parameters) - set(read_parameters(path))
    if unknown:
        raise NotebookError(f"{path.name} has no parameter {sorted(unknown)[0]!r}")
    notebook = load_notebook_node(str(path))
    write_notebook(parameterize_notebook(notebook, parameters, **PYTHON), dest)
    return dest


def _literal(path: Path) -> str:
    """Gives a path as papermill wants it, which takes braces in it for a template's."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _describe(error: Exception, position: Position) -> str:
    """Gives the cell's number, its source and its error, as plain text."""
    if isinstance(error, PapermillExecutionError):
        message = "\n".join(error.traceback) or f"{error.ename}: {error.evalue}"
    else:
        message = f"{type(error).__name__}: {error}"
    rule = "-" * 72
    where = f"in cell [{position.number}]" if position.number else "before its first cell"
    return f"{where}\n{rule}\n{position.source}\n{rule}\n{strip_color(message)}\n"


def _stop_with_the_runner() -> None:
    """Interrupts this process when its standard input ends: the runner stopped it, or is gone."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    _thread.interrupt_main()


def main() -> int:
    """Runs the notebook that the command line names."""
    # A shell starts background jobs with SIGINT ignored, and the kernel would be left running.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=_stop_with_the_runner, daemon=True).start()
    notebook, folder, parameters = sys.argv[1:]
    return execute(Path(notebook), Path(folder), json.loads(parameters))


if __name__ == "__main__":
    sys.exit(main())
