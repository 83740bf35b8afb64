"""What a run will do: which notebooks, with which parameters, and where what they make goes.

Whatever can't be run is refused here, before anything starts.
"""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mmhelpers.runs.files import (
    QUICK_STEPS,
    ROOT,
    NotebookError,
    convert_parameter,
    find_notebooks,
    read_notebook,
    read_parameters,
)


@dataclass(frozen=True)
class Job:
    """A notebook to run: what to pass to it, and where what it makes goes."""

    notebook: Path
    folder: Path
    parameters: dict[str, object]
    plots_to: Path | None = None  # where the plots go after success; None leaves them in `plots`
    minutes: float = 0.0  # how long the notebook says that it takes, to start the longest first

    @property
    def name(self) -> str:
        """Gives the notebook's name, such as 01_bigram."""
        return self.notebook.stem

    @property
    def plots(self) -> Path:
        """Gives the folder in which the plots are made."""
        return self.folder / "plots"

    @property
    def metrics(self) -> Path:
        """Gives the file of what the checks found."""
        return self.folder / "metrics.json"

    @property
    def error(self) -> Path:
        """Gives the file that says at which cell the notebook failed, if it did."""
        return self.folder / "error.txt"

    @property
    def log(self) -> Path:
        """Gives the file of what the notebook's process printed."""
        return self.folder / "run.log"

    @property
    def executed(self) -> Path:
        """Gives the executed copy."""
        return self.folder / self.notebook.name


def plan(
    numbers: list[int],
    settings: list[tuple[str, str]],
    quick: bool = False,
    output: Path | None = None,
) -> list[Job]:
    """Gives the jobs of a run, the longest first; refuses what can't be run before any starts."""
    jobs = []
    for notebook in find_notebooks(numbers):
        values = read_parameters(notebook) | ({"steps": QUICK_STEPS} if quick else {})
        given = {name: convert_parameter(notebook, name, text) for name, text in settings}
        folder = (output or ROOT / "build").absolute() / notebook.stem
        plots_to = None if quick or output else ROOT / "assets" / notebook.stem
        if "output_dir" in given:  # relative to the project, as in the notebook itself
            plots_to = ROOT / str(given["output_dir"])
        if choice := given.get("names") or os.environ.get("MAKEMORE_NAMES"):
            _require_list(str(choice))
        values |= given | {"output_dir": _from_root(folder / "plots")}
        minutes = read_notebook(notebook).metadata.get("minutes", 0.0)
        jobs.append(Job(notebook, folder, values, plots_to, minutes))
    if not jobs:
        raise NotebookError(f"there are no notebooks in {ROOT / 'notebooks'}")
    for job in jobs:
        for folder in filter(None, [job.plots, job.plots_to]):
            require_writable(folder)
    return sorted(jobs, key=lambda job: -job.minutes)


def _require_list(names: str) -> None:
    """Raises `NotebookError` where there is no such list of names."""
    from mmhelpers import data  # torch comes with it: only where it is needed

    try:
        data.load_names(names)
    except data.DataError as error:
        raise NotebookError(str(error)) from error


def _from_root(path: Path) -> str:
    """Gives a path relative to the project where it lies in it, so that no machine's name shows."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def require_writable(folder: Path) -> None:
    """Makes a folder; raises `NotebookError` where it can't be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        message = f"can't write to {folder}: {reason}; choose another output directory"
        raise NotebookError(message) from error
