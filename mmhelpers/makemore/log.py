"""What a training run leaves beside its checkpoints: log.csv and loss.png."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path

from mmhelpers.data import write_whole

COLUMNS = ["step", "seconds", "loss", "train", "held_out"]
Row = dict[str, str]


class Log:
    """log.csv: the minibatch loss of some steps, and both losses of every evaluation.

    Begins anew, or goes on after `step` (rows of later steps are dropped: they come again).
    `seconds` counts from the start of each run.
    """

    def __init__(self, path: Path, step: int) -> None:
        rows = [row for row in read_log(path) if int(row["step"]) <= step] if step else []
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_whole(path, text.getvalue().encode())
        self.file = path.open("a", encoding="utf-8")
        self.start = time.perf_counter()

    def add(
        self, step: int, loss: float | str, train: float | str = "", held_out: float | str = ""
    ):
        """Writes a row."""
        seconds = f"{time.perf_counter() - self.start:.3f}"
        self.file.write(f"{step},{seconds},{loss},{train},{held_out}\n")

    def flush(self) -> None:
        """Has the rows on disk."""
        self.file.flush()


def read_log(path: Path) -> list[Row]:
    """The rows of a log.csv that are whole; none where there is no such file."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if list(row) == COLUMNS and (row["step"] or "").isdecimal()]


def draw_log(folder: Path) -> None:
    """Draws log.csv as loss.png."""
    # Here, since matplotlib takes a moment to import.
    from mmhelpers.plotting import save_figure
    from mmhelpers.plotting.log import plot_log

    rows = read_log(folder / "log.csv")
    curves = {}
    for name in COLUMNS[2:]:
        points = [(int(row["step"]), float(row[name])) for row in rows if row[name]]
        if points:
            curves[name.replace("_", "-")] = points
    if curves:
        save_figure(plot_log(curves), folder.resolve(), "loss")
