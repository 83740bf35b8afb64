"""Runs the notebooks: several at once, one process and one thread each, with plots and a table.

What a run leaves in its folder (`build/NN_name/` unless told otherwise): the executed copy, its
plots in `plots/`, what its checks found in `metrics.json` and what it printed in `run.log`.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable

from mmhelpers.runs.files import (
    ROOT,
    NotebookError,
    clean,
    code_cells,
    machine_paths,
    read_notebook,
    write_notebook,
)
from mmhelpers.runs.plan import Job
from mmhelpers.runs.report import Progress, failure, shown_path, table

# These models are so small that a second thread slows them down, two notebooks at once even more.
ONE_THREAD = ["OMP", "MKL", "OPENBLAS", "VECLIB_MAXIMUM", "NUMEXPR"]
STOP_SECONDS = 15  # what a stopped notebook is given to end its kernel


class Running:
    """A job that is running."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.started = time.monotonic()
        for stale in [job.metrics, job.error, *job.plots.glob("*.png")]:
            stale.unlink(missing_ok=True)
        with job.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mmhelpers.runs.notebook", job.notebook, job.folder]
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
        own = {
            "notebook": self.job.name,
            "status": status or ("failed" if self.process.wait() else "ok"),
            "seconds": round(time.monotonic() - self.started, 1),
            "parameters": self.job.parameters,
        }
        result = {**own, **found, **own}
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
    return 1 + len(code_cells(read_notebook(job.notebook)))


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
        message = f"{job.name} shows a path of this machine, {paths[0]}: not stored"
        raise NotebookError(message)
    publish_plots(job)
    write_notebook(notebook, job.notebook)
