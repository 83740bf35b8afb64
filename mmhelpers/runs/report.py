"""What the runner shows: one line of progress per notebook, failures, and the final table."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import textwrap
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

if TYPE_CHECKING:
    from mmhelpers.runs.plan import Job

BAR = "{desc:<30}{bar:20} {n_fmt:>3}/{total_fmt} cells {elapsed}"


def say(text: str) -> None:
    """Prints a line of progress; where nobody takes it, the run goes on all the same."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def tell(text: str) -> None:
    """Prints what a command found; raises OSError with the reason where it can't."""
    try:
        print(text, flush=True)
    except OSError as error:
        raise OSError(f"can't print: {error.strerror}") from None


class Progress:
    """One line per notebook: a bar on a terminal, else a line at its start and at its end."""

    def __init__(self, cells: dict[str, int]) -> None:
        self.cells = cells
        self.bars: dict[str, tqdm] = {}
        self.live = sys.stderr.isatty()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: object) -> None:
        for bar in self.bars.values():
            bar.close()

    def start(self, name: str) -> None:
        """Shows that a notebook starts."""
        if self.live:
            self.bars[name] = tqdm(
                desc=name,
                total=self.cells[name],
                position=len(self.bars),
                bar_format=BAR,
                ncols=min(shutil.get_terminal_size().columns, 100),
                nrows=len(self.cells) + 2,
            )
        else:
            say(f"{name}: started")

    def update(self, name: str, done: int) -> None:
        """Shows how many of a notebook's cells are done."""
        if self.live:
            self.bars[name].n = done
            self.bars[name].refresh()

    def finish(self, result: dict) -> None:
        """Shows how a notebook ended."""
        name, status = result["notebook"], result["status"]
        if self.live:
            self.bars[name].set_description_str(f"{name} {status}")
        else:
            say(f"{name}: {status} after {result['seconds']:.0f} s, checks {checks(result)}")


def table(results: list[dict]) -> str:
    """Gives the final table, and below it the figures that each notebook checked.

    "digits" says how many figures came back to every printed digit, of those that are known for
    the list and the number of steps.
    """
    lines = [f"{'notebook':<28}{'seconds':>9}{'checks':>9}{'digits':>9}  status"]
    for result in results:
        known = [c for c in result.get("checks", []) if c["expected"] is not None]
        digits = f"{sum(bool(c['exact']) for c in known)}/{len(known)}"
        lines.append(
            f"{result['notebook']:<28}{result['seconds']:>9.1f}{checks(result):>9}{digits:>9}"
            f"  {result['status']}"
        )
    for result in results:
        figures = ", ".join(f"{c['name']} {figure(c)}" for c in result.get("checks", []))
        if figures:
            text = f"{result['notebook']}: {figures}"
            lines += ["", *textwrap.wrap(text, 98, subsequent_indent="  ", break_on_hyphens=False)]
    return "\n".join(lines)


def checks(result: dict) -> str:
    """Gives the checks passed of those that had a figure to be held against, such as 12/12."""
    judged = [c["passed"] for c in result.get("checks", []) if c["passed"] is not None]
    return f"{sum(judged)}/{len(judged)}"


def figure(check: dict) -> str:
    """Gives a checked value in as few digits as say it."""
    if check["exact"] and check["expected"] is not None:
        return str(check["expected"])
    value = check["value"]
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def failure(result: dict, executed: Path) -> str:
    """Gives where and why a notebook failed, and where to look."""
    copy = f"half-executed: {shown_path(executed)}\n" if executed.exists() else ""
    return f"{result['notebook']} failed {result['error'].rstrip()}\n{copy}"


def cause(status: int, done: int, log: str) -> str:
    """Gives why a notebook's process ended that left no word: its exit status, its last lines."""
    if status < 0:
        reason = f"its process was ended by signal {-status} ({signal.strsignal(-status)})"
    else:
        reason = os.strerror(status) if status > 1 else "its process ended"
    lines = [line for line in log.splitlines() if line != "cell done"]
    cells = f"{done} cell{'s' * (done != 1)}"
    return "\n".join([f"after {cells}: {reason}", *lines[-20:]])


def shown_path(path: Path) -> str:
    """Gives a path as one would type it from here."""
    try:
        relative = os.path.relpath(path)
    except (OSError, ValueError):  # the working directory was removed; another drive
        return str(path)
    return str(path) if relative.startswith("..") else relative


def places(jobs: list[Job], done: list[Job]) -> list[str]:
    """Gives lines on where the executed copies are, and the plots of notebooks that are done."""
    plots = [shown_path(job.plots_to or job.plots) for job in done]
    lines = [f"executed notebooks: {shown_path(jobs[0].folder.parent)}"]
    if plots:
        lines.append(f"plots: {', '.join(plots)}")
    if not any(job.plots_to for job in jobs):
        lines.append("assets/ stays as it is: only a full run by the default parameters renews it")
    return lines
