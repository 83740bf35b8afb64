"""What a training run leaves beside its checkpoints: log.csv and loss.png."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path

from mmhelpers.data import write_whole
from mmhelpers.makemore.folder import FIGURE, LOG

COLUMNS = ["step", "seconds", "loss", "train", "held_out"]
Row = dict[str, str]


class Log:
    """log.csv: the minibatch loss of some steps, and both losses of every evaluation.

    Begins anew, or goes on after `step` (rows of later steps are dropped: they come again).
    `seconds` counts from the start of each run.  Rows wait for `flush`, so that the file holds
    what belongs to the checkpoint beside it.
    """

    def __init__(self, path: Path, step: int) -> None:
        rows = [row for row in read_log(path) if int(row["step"]) <= step] if step else []
        self.path, self.waiting = path, io.StringIO()
        writer = csv.DictWriter(self.waiting, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        self.begun = False
        self.start = time.perf_counter()

    def add(
        self, step: int, loss: float | str, train: float | str = "", held_out: float | str = ""
    ):
        """Adds a row."""
        seconds = f"{time.perf_counter() - self.start:.3f}"
        self.waiting.write(f"{step},{seconds},{loss},{train},{held_out}\n")

    def flush(self) -> None:
        """Has the rows on disk."""
        content = self.waiting.getvalue().encode()
        if self.begun:
            with self.path.open("ab") as file:
                file.write(content)
        else:
            write_whole(self.path, content)
        self.waiting, self.begun = io.StringIO(), True


def read_log(path: Path) -> list[Row]:
    """The rows of a log.csv that are whole; none where there is no such file."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if list(row) == COLUMNS and (row["step"] or "").isdecimal()]


def draw_log(folder: Path) -> None:
    """Draws log.csv as loss.png."""
    # Here, since matplotlib takes a moment to import.
    from mmhelpers.plotting import save_figure
    from mmhelpers.plotting.log import plot_log

    rows = read_log(folder / LOG)
    curves = {}
    for name in COLUMNS[2:]:
        points = [(int(row["step"]), float(row[name])) for row in rows if row[name]]
        if points:
            curves[name.replace("_", "-")] = points
    if curves:
        alt = "Losses of minibatches, of names trained on and of held-out names against the steps."
        save_figure(plot_log(curves), folder.resolve(), Path(FIGURE).stem, alt)
