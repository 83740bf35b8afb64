"""What the runner shows: one line of progress per notebook, failures, and the final table."""

import os
import shutil
import sys
import textwrap
from pathlib import Path

from tqdm import tqdm

BAR = "{desc:<30}{bar:20} {n_fmt:>3}/{total_fmt} cells {elapsed}"


class Progress:
    """One line per notebook: a bar on a terminal, else a line at its start and at its end."""

    def __init__(self, cells: dict[str, int]) -> None:
        self.cells = cells
        self.bars: dict[str, tqdm] = {}
        self.live = sys.stderr.isatty()

    def __enter__(self) -> "Progress":
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
            print(f"{name}: started", file=sys.stderr, flush=True)

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
            words = f"{name}: {status} after {result['seconds']:.0f} s, checks {checks(result)}"
            print(words, file=sys.stderr, flush=True)


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


def failure(name: str, folder: Path, executed: Path) -> str:
    """Gives the cell at which a notebook failed, its source and its error, and where to look."""
    try:
        where = (folder / "error.txt").read_text(encoding="utf-8")
    except OSError:  # the process died before it could say why
        log = (folder / "run.log").read_text(encoding="utf-8", errors="replace")
        where = "before or outside a cell\n" + "\n".join(log.splitlines()[-20:]) + "\n"
    return f"{name} failed in {where}half-executed: {shown_path(executed)}\n"


def shown_path(path: Path) -> str:
    """Gives a path as one would type it from here."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
