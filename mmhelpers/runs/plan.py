"""What a run will do: which notebooks, with which parameters, and where what they make goes.

Whatever can't be run is refused here, before anything starts.
"""

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mmhelpers.data import (
    ROOT,
    DataError,
    NameList,
    fingerprint,
    load_names,
    printable,
    split_names,
    write_whole,
)
from mmhelpers.runs import NotebookError
from mmhelpers.runs.files import (
    QUICK_STEPS,
    check_parameters,
    convert_parameter,
    find_notebooks,
    read_notebook,
    read_parameters,
)
from mmhelpers.runs.report import say

# A quick run on a longer list sees part of it: more than the bundled list and the lecture's have.
QUICK_NAMES, QUICK_LETTERS = 40_000, 400_000


@dataclass(frozen=True)
class Job:
    """A notebook to run: what to pass to it, and where what it makes goes."""

    notebook: Path
    folder: Path
    parameters: dict[str, object]
    names: Path  # the list that was found to be usable
    plots_to: Path | None = None  # where the plots go after success; None leaves them in `plots`
    replace: bool = False  # in that place, remove the plots that are no longer made
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
    settings: Sequence[tuple[str, str]] = (),
    quick: bool = False,
    output: Path | None = None,
    refresh: bool = False,
) -> list[Job]:
    """Gives the jobs of a run, the longest first; refuses what can't be run before any starts.

    Plots go to assets/ only from a full run with the default parameters, and from `refresh`; an
    `output_dir` that is given is obeyed, with a folder for each notebook where there are several.
    """
    notebooks = find_notebooks(numbers)
    if not notebooks:
        raise NotebookError(f"there are no notebooks in {ROOT / 'notebooks'}")
    into = _absolute(output) if output else ROOT / "build"
    jobs = []
    for notebook in notebooks:
        defaults = read_parameters(notebook)
        given = {name: convert_parameter(notebook, name, text) for name, text in settings}
        values = defaults | ({"steps": QUICK_STEPS} if quick else {}) | given
        check_parameters(notebook, values)
        publish = refresh or not (quick or output) and values == defaults
        plots_to = ROOT / "assets" / notebook.stem if publish else None
        if chosen := given.get("output_dir"):  # relative to the project, as in the notebook itself
            plots_to = ROOT / str(chosen) / (notebook.stem if len(notebooks) > 1 else "")
        names = _usable_list(values.get("names", "auto"), into if quick else None)
        jobs.append(_job(notebook, into / notebook.stem, values, names, plots_to, publish))
    for job in jobs:
        for folder in filter(None, [job.plots, job.plots_to]):
            require_writable(folder)
    return sorted(jobs, key=lambda job: -job.minutes)


def _job(notebook: Path, folder: Path, values: dict, names: Path, *plots: object) -> Job:
    """Gives the job of a notebook, its parameters fit for a process that runs elsewhere."""
    minutes = read_notebook(notebook).metadata.get("minutes", 0.0)
    if values.get("names", "auto") not in ("auto", "bundled", "lecture"):
        values = values | {"names": str(names)}
    values = values | {"output_dir": _from_root(folder / "plots")}
    return Job(notebook, folder, values, names, *plots, minutes)


@cache  # each notebook asks for the same list
def _usable_list(choice: str, quick_copies: Path | None) -> Path:
    """Gives the file of the list that is to be used, after a look at whether it can be.

    With a folder for `quick_copies`, a list that is too long for a quick run is cut down there.
    """
    try:
        names = load_names(choice)
        if quick_copies:
            names = _cut_down(names, quick_copies)
        split_names(names.words)
    except DataError as error:
        raise NotebookError(str(error)) from error
    return _absolute(names.path)


def _cut_down(names: NameList, folder: Path) -> NameList:
    """Gives names taken evenly from a list so that a quick run takes about a minute on them."""
    words = names.words
    letters = sum(map(len, words))
    every = max(math.ceil(len(words) / QUICK_NAMES), math.ceil(letters / QUICK_LETTERS))
    if every == 1:
        return names
    kept = words[::every]
    path = folder / f"quick-{fingerprint(kept)}.txt"
    require_writable(folder)
    write_whole(path, "\n".join([*kept, ""]).encode())
    shown = printable(names.path.name)
    say(f"quick: takes one in {every} of the {len(words):,} names of {shown}")
    return load_names(str(path))


def _absolute(path: Path) -> Path:
    """Gives a path that counts from the working directory, as one that counts from anywhere."""
    try:
        return path.absolute()
    except OSError as error:
        message = f"{path} counts from the working directory, which was removed: change to another"
        raise NotebookError(message) from error


def _from_root(path: Path) -> str:
    """Gives a path relative to the project where it lies in it, so that no machine's name shows."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def require_writable(folder: Path) -> None:
    """Makes a folder; raises `NotebookError` where it can't be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\n" * 4096)  # a full disk takes an empty one
    except OSError as error:
        reason = error.strerror or type(error).__name__
        message = f"can't write to {folder}: {reason}; choose another output directory"
        raise NotebookError(message) from error
