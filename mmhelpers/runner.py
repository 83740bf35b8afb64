"""Runs the notebooks: several at once, one process and one thread each, with plots and a table.

What a run leaves in its folder (`build/NN_name/` unless told otherwise): the executed copy, its
plots in `plots/`, what its checks found in `metrics.json` and what it printed in `run.log`.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mmhelpers.notebook_files import (
    QUICK_STEPS,
    ROOT,
    NotebookError,
    clean,
    convert_parameter,
    find_notebooks,
    machine_paths,
    read_notebook,
    read_parameters,
    write_notebook,
)
from mmhelpers.run_report import Progress, failure, shown_path, table

# These models are so small that a second thread slows them down, two notebooks at once even more.
ONE_THREAD = ["OMP", "MKL", "OPENBLAS", "VECLIB_MAXIMUM", "NUMEXPR"]
STOP_SECONDS = 15  # what a stopped notebook is given to end its kernel


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
        if "names" in given:
            _require_list(str(given["names"]))
        folder = (output or ROOT / "build").absolute() / notebook.stem
        plots_to = None if quick or output else ROOT / "assets" / notebook.stem
        if "output_dir" in given:  # relative to the project, as in the notebook itself
            plots_to = ROOT / str(given["output_dir"])
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


class Running:
    """A job that is running."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.started = time.monotonic()
        for stale in [job.metrics, job.error, *job.plots.glob("*.png")]:
            stale.unlink(missing_ok=True)
        with job.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mmhelpers.notebooks", job.notebook, job.folder]
                + [json.dumps(job.parameters)],
                # Held open while the notebook may run: it stops when this ends.
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=_environment(job),
                # Ctrl-C is for the runner, which then stops the notebooks in order.
                start_new_session=True,
            )

    def cells_done(self) -> int:
        """Gives the number of code cells that are done."""
        log = self.job.log.read_text(encoding="utf-8", errors="replace")
        return log.splitlines().count("cell done")

    def finished(self) -> bool:
        """Tells whether the notebook has ended, well or not."""
        return self.process.poll() is not None

    def stop(self) -> None:
        """Ends the notebook and its kernel."""
        self.process.stdin.close()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def result(self, status: str | None = None) -> dict:
        """Gives what the run found, and writes it to `metrics.json`."""
        try:
            found = json.loads(self.job.metrics.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            found = {}  # no check was made
        result = {
            "notebook": self.job.name,
            "status": status or ("failed" if self.process.wait() else "ok"),
            "seconds": round(time.monotonic() - self.started, 1),
            "parameters": self.job.parameters,
            **found,
        }
        self.job.metrics.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        return result


def _environment(job: Job) -> dict[str, str]:
    """Gives the environment of a notebook's process and its kernel."""
    threads = {f"{name}_NUM_THREADS": "1" for name in ONE_THREAD}
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        **threads,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONUTF8": "1",
        "MAKEMORE_METRICS": str(job.metrics.absolute()),
    }


def run_jobs(jobs: list[Job], at_once: int, then: Callable[[Job], None]) -> int:
    """Runs the jobs and prints what they found; gives the number that failed.

    `then` is called with each job that succeeded. Ctrl-C stops the notebooks that are running.
    """
    waiting, running, results = list(jobs), [], []
    with Progress({job.name: _cell_count(job) for job in jobs}) as progress:
        try:
            while waiting or running:
                while waiting and len(running) < at_once:
                    progress.start(waiting[0].name)
                    running.append(Running(waiting.pop(0)))
                for run in running:
                    progress.update(run.job.name, run.cells_done())
                for run in [run for run in running if run.finished()]:
                    running.remove(run)
                    results.append(_conclude(run, then))
                    progress.finish(results[-1])
                time.sleep(0.2)
        except BaseException:
            for run in running:
                run.stop()
                run.result("interrupted")
            raise
    return _report(jobs, results)


def _conclude(run: Running, then: Callable[[Job], None]) -> dict:
    """Gives what a run found; where it succeeded and `then` can't do its part, it failed too."""
    result = run.result()
    try:
        if result["status"] == "ok":
            then(run.job)
    except (NotebookError, OSError) as error:
        run.job.error.write_text(f"its last step: {error}\n", encoding="utf-8")
        result = run.result("failed")
    return result


def _cell_count(job: Job) -> int:
    """Gives the number of code cells that will run, with that of the injected parameters."""
    cells = read_notebook(job.notebook).cells
    return 1 + sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in cells)


def _report(jobs: list[Job], results: list[dict]) -> int:
    """Prints failures, the table, and where things are; gives the number of failures."""
    results = sorted(results, key=lambda result: result["notebook"])
    failed = [result["notebook"] for result in results if result["status"] != "ok"]
    for job in sorted(jobs, key=lambda job: job.name):
        if job.name in failed:
            print(failure(job.name, job.folder, job.executed))
    print(table(results))
    print(f"executed notebooks: {shown_path(jobs[0].folder.parent)}")
    return len(failed)


def publish_plots(job: Job) -> None:
    """Puts a job's plots in the place of those that were there, file by file.

    In the notebook's own folder of assets, plots that are no longer made are removed.
    """
    if job.plots_to is None:
        return
    new = sorted(job.plots.glob("*.png"))
    for plot in new:
        part = job.plots_to / f".{plot.name}.part"
        shutil.copyfile(plot, part)
        part.replace(job.plots_to / plot.name)
    if job.plots_to == ROOT / "assets" / job.name:
        for old in job.plots_to.glob("*.png"):
            if old.name not in {plot.name for plot in new}:
                old.unlink()


def store_outputs(job: Job) -> None:
    """Writes what a job's notebook gave back into the notebook, cleaned, and its plots too."""
    notebook = clean(read_notebook(job.executed))
    paths = machine_paths(notebook)
    if paths:
        message = f"{job.name} shows a path of this machine, {paths[0]}: not written back"
        raise NotebookError(message)
    publish_plots(job)
    write_notebook(notebook, job.notebook)
