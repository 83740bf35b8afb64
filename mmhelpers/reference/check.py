"""The figures that a run is expected to reach, and the check that a notebook makes of them.

The table is reference.csv: name, list, steps (empty: any number), value as printed, tolerance
(0 for a text), source ("lecture": the figure stands in the lecture's notebook; "lecture's
code": what that code gives when it is run; "measured": what our own run gave).
"""

from __future__ import annotations

import csv
import json
import os
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("figures.csv")


@dataclass(frozen=True)
class Figure:
    """One expected figure: `value` is the text that the printed figure has."""

    name: str
    names: str  # the list: "lecture" or "bundled"
    steps: int | None  # the number of training steps it holds for; None: any
    value: str
    tolerance: float
    source: str

    def printed(self, value: float | str) -> str:
        """`value` with as many digits as the expected figure has; a text as it is."""
        if isinstance(value, str):
            return value
        mantissa = self.value.lower().split("e")[0]
        digits = len(mantissa.partition(".")[2])
        return f"{value:.{digits}{'e' if 'e' in self.value.lower() else 'f'}}"

    def met_by(self, value: float | str) -> bool:
        """Whether a number is within the tolerance, or a text the same."""
        if isinstance(value, str):
            return value == self.value
        return abs(value - float(self.value)) <= self.tolerance

    def __str__(self) -> str:
        return f"{self.value} ± {self.tolerance:g}" if self.tolerance else self.value


def figures() -> list[Figure]:
    """All expected figures."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        return [
            Figure(
                row["name"],
                row["list"],
                int(row["steps"]) if row["steps"] else None,
                row["value"],
                float(row["tolerance"]),
                row["source"],
            )
            for row in csv.DictReader(file)
        ]


class Checker:
    """`check(name, value)` for one run, which is told its list and its number of steps.

    With `default_seed` false only the figures that hold for any number of steps are expected:
    those of a training run belong to its seed.
    """

    def __init__(self, names: str, steps: int, default_seed: bool = True) -> None:
        self.names, self.steps, self.default_seed = names, steps, default_seed
        self.known = figures()
        self.checks: list[dict[str, object]] = []

    def __call__(self, name: str, value: float | str) -> None:
        """Prints what was expected of the figure, a number or a text.

        Without a figure for this list and number of steps it only says so.  Raises
        AssertionError where the figure is not met, and KeyError for a name that is not in
        the table at all.
        """
        if all(figure.name != name for figure in self.known):
            raise KeyError(f"{name} is not in {TABLE.name}")
        figure = next((f for f in self.known if self._applies(f, name)), None)
        if figure is None:
            self._record(name, value, None)
            seed = "" if self.default_seed else " and this seed"
            print(f"· {name}: no figure for this list at {self.steps:,} steps{seed}")
            return
        passed = self._record(name, value, figure)
        if not passed:
            raise AssertionError(f"{name}: {figure.printed(value)}, expected {figure}")
        print(f"✓ {name}: {figure}")

    def _applies(self, figure: Figure, name: str) -> bool:
        matches = figure.name == name and figure.names == self.names
        trained = self.default_seed and figure.steps == self.steps
        return matches and (figure.steps is None or trained)

    def _record(self, name: str, value: float | str, figure: Figure | None) -> bool:
        passed = figure is None or figure.met_by(value)
        self.checks.append(
            {
                "name": name,
                "value": value,
                "expected": figure and figure.value,
                "tolerance": figure and figure.tolerance,
                "exact": bool(figure and figure.printed(value) == figure.value),
                "passed": passed if figure else None,
            }
        )
        self._save()
        return passed

    def _save(self) -> None:
        """Leaves the checks where a headless run collects them, if this is one."""
        if path := os.environ.get("MAKEMORE_METRICS"):
            metrics = {"names": self.names, "steps": self.steps, "checks": self.checks}
            Path(path).write_text(json.dumps(metrics, indent=1), encoding="utf-8")
