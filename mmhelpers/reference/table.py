"""The table of expected figures: what a run on a known list, with known steps and seed, gives.

A row of figures.csv: name ("GROUP/NAME"), list ("lecture" or "bundled"), steps and seed (empty:
any), value as printed, tolerance (0 for a text or a count), source ("lecture": the figure stands
in the lecture's notebook; "lecture's code": what that code gives when it is run; "measured":
what our own run gave).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("figures.csv")
LISTS = {"bundled": "the bundled list", "lecture": "the lecture's list"}


@dataclass(frozen=True)
class Figure:
    """One expected figure: `value` is the text that the printed figure has."""

    name: str
    names: str  # the list: "lecture" or "bundled"
    steps: int | None  # the number of training steps it holds for; None: any
    seed: int | None  # the seed it holds for; None: any
    value: str
    tolerance: float
    source: str

    def holds_for(self, names: str, steps: int, seed: int) -> bool:
        """Whether a run on this list, with these steps and this seed, should give the figure."""
        return names == self.names and self.steps in (None, steps) and self.seed in (None, seed)

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

    def units_off(self, value: float | str) -> int:
        """How many units of its last printed digit a value is away; 0 for a text that is met."""
        if isinstance(value, str):
            return 0
        mantissa, _, exponent = self.value.lower().partition("e")
        unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
        return round(abs(float(self.printed(value)) - float(self.value)) / unit)

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
                int(row["seed"]) if row["seed"] else None,
                row["value"],
                float(row["tolerance"]),
                row["source"],
            )
            for row in csv.DictReader(file)
        ]


def made_for(known: list[Figure]) -> str:
    """The lists, steps and seeds that figures hold for, in words."""
    lists: dict[str, set[str]] = {}
    for figure in known:
        conditions = f", {figure.steps:,} steps" if figure.steps is not None else ""
        conditions += f", seed {figure.seed}" if figure.seed is not None else ""
        lists.setdefault(conditions, set()).add(LISTS[figure.names])
    return "; ".join(" or ".join(sorted(lists[c])) + c for c in sorted(lists))
