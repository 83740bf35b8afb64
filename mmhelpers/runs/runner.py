"""Runs the notebooks: several at once, one process and one thread each, with plots and a table.

What a run leaves in its folder (`build/NN_name/` unless told otherwise): the executed copy, its
plots in `plots/`, what its checks found in `metrics.json` and what it printed in `run.log`.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from filelock import FileLock, Timeout

from mmhelpers.data import write_whole
from mmhelpers.runs import NotebookError
from mmhelpers.runs.environment import kernel_environment
from mmhelpers.runs.files import clean, code_cells, faults, read_notebook, write_notebook
from mmhelpers.runs.plan import Job
from mmhelpers.runs.report import Progress, cause, failure, places, shown_path, table, tell

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
                cwd=job.notebook.parent,  # as in JupyterLab
                # Ctrl-C is for the runner, which then stops the notebooks in order.
                start_new_session=True,
            )

    def log(self) -> str:
        """Gives what the notebook's process has printed so far."""
        return self.job.log.read_text(encoding="utf-8", errors="replace")

    def cells_done(self) -> int:
        """Gives the number of code cells that are done, the injected parameters among them."""
        return self.log().splitlines().count("cell done")

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
        ended = self.process.wait()
        own = {
            "notebook": self.job.name,
            "status": status or ("failed" if ended else "ok"),
            "seconds": round(time.monotonic() - self.started, 1),
            "parameters": self.job.parameters,
        }
        result = {**own, **found, **own}
        if ended and own["status"] == "failed":
            result["error"] = self._error(ended)
        return _record(self.job, result)

    def _error(self, status: int) -> str:
        """Gives where the notebook failed and why."""
        with suppress(OSError):
            if text := self.job.error.read_text(encoding="utf-8"):
                return text
        return cause(status, max(0, self.cells_done() - 1), self.log())


def _record(job: Job, result: dict) -> dict:
    """Gives a result that is written to `metrics.json`: where that can't be, a failed one."""
    try:
        write_whole(job.metrics, (json.dumps(result, indent=1) + "\n").encode())
    except OSError as error:
        reason = f"as {shown_path(job.metrics)} can't be written: {error.strerror}"
        result = {"error": reason} | result | {"status": "failed"}
    return result


def _environment(job: Job) -> dict[str, str]:
    """Gives the environment of a notebook's process and its kernel."""
    own = {"MAKEMORE_METRICS": job.metrics, "MAKEMORE_NAMES": job.names}
    return kernel_environment(job.folder / ".kernel") | {k: str(v) for k, v in own.items()}


@contextmanager
def claimed(jobs: list[Job]) -> Iterator[None]:
    """Holds the jobs' folders, which no other run may use meanwhile.

    The operating system keeps the locks, so that they end with this process, however it ends.
    Raises `NotebookError` where another run has one of them.
    """
    with ExitStack() as stack:
        for job in jobs:
            try:
                stack.enter_context(FileLock(job.folder / ".lock", timeout=0))
            except Timeout:
                shown = shown_path(job.folder)
                message = f"another run is using {shown}: wait for it, or choose another --output"
                raise NotebookError(message) from None
        yield


def run_jobs(jobs: list[Job], at_once: int, then: Callable[[Job], None]) -> int:
    """Runs the jobs and prints what they found; gives the number that failed.

    `then` is called with each job that succeeded. Ctrl-C stops the notebooks that are running.
    """
    waiting, running, results = list(jobs), [], []
    cells = {job.name: _cell_count(job) for job in jobs}
    with claimed(jobs), Progress(cells) as progress:
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
        result |= {"status": "failed", "error": f"in its last step: {error}"}
        return _record(run.job, result)
    return result


def _cell_count(job: Job) -> int:
    """Gives the number of code cells that will run, with that of the injected parameters."""
    return 1 + len(code_cells(read_notebook(job.notebook)))


def _report(jobs: list[Job], results: list[dict]) -> int:
    """Prints failures, the table, and where things are; gives the number of failures."""
    results = sorted(results, key=lambda result: result["notebook"])
    failed = [result for result in results if result["status"] != "ok"]
    executed = {job.name: job.executed for job in jobs}
    done = [job for job in jobs if job.name not in {result["notebook"] for result in failed}]
    lines = [failure(result, executed[result["notebook"]]) for result in failed]
    tell("\n".join([*lines, table(results), *places(jobs, done)]))
    return len(failed)


def publish_plots(job: Job) -> None:
    """Puts a job's plots in the place of those that were there, file by file.

    In the notebook's own folder of assets, plots that are no longer made are removed.
    """
    if job.plots_to is None:
        return
    new = sorted(job.plots.glob("*.png"))
    for plot in new:
        write_whole(job.plots_to / plot.name, plot.read_bytes())
    if job.replace:
        for old in job.plots_to.glob("*.png"):
            if old.name not in {plot.name for plot in new}:
                old.unlink()


def store_outputs(job: Job) -> None:
    """Writes what a job's notebook gave back into the notebook, cleaned, and its plots too."""
    notebook = clean(read_notebook(job.executed))
    if found := faults(notebook, read_notebook(job.notebook)):
        raise NotebookError(f"{job.name} {found[0]}: not stored")
    publish_plots(job)
    write_notebook(notebook, job.notebook)
