"""One notebook through papermill, in a process of its own.

`mmhelpers.runs.runner` starts this module once per notebook:
`python -m mmhelpers.notebooks NOTEBOOK FOLDER PARAMETERS`, the parameters as JSON. The executed
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

from mmhelpers.runs.files import has_tag

FAILED = 1
INTERRUPTED = 130


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
    """Runs a notebook and gives the exit status: 0, `FAILED` or `INTERRUPTED`."""
    position = Position()
    try:
        papermill.execute_notebook(
            _literal(notebook),
            _literal(folder / notebook.name),
            parameters=parameters,
            kernel_name="python3",
            language="python",
            kernel_manager_class=OwnKernel,
            shutdown_kernel="immediate",
            progress_bar=False,
            on_cell_start=position.start,
            on_cell_executed=position.finish,
        )
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # a dead kernel, a full disk: whatever it is, say where it was
        (folder / "error.txt").write_text(_describe(error, position), encoding="utf-8")
        return FAILED
    return 0


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
    return f"cell [{position.number}]\n{rule}\n{position.source}\n{rule}\n{strip_color(message)}\n"


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
