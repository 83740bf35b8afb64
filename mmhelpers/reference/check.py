"""The check that a notebook makes of what it measured: one line for a group of numbers."""

from __future__ import annotations

import html
import json
import os
import sys
from pathlib import Path

from mmhelpers.data import write_whole
from mmhelpers.reference.table import TABLE, Figure, figures, made_for

FEW = 4  # values that still fit in the line; more go into a table that opens
SEEDS = range(-(2**63), 2**64)  # those that torch takes
SAID = {
    "lecture": "printed in the lecture",
    "lecture's code": "given by the lecture's code",
    "measured": "measured by us before",
}
Row = tuple[str, "float | str", "Figure | None"]  # name within the group, value, what is expected


class Checker:
    """`check(group, name=value, …)` for one run of a notebook, told its list, steps and seed.

    Raises ValueError for steps or a seed that no run can have.
    """

    def __init__(self, notebook: str, names: str, *, steps: int, seed: int) -> None:
        _require(isinstance(steps, int) and steps is not True and steps > 0, "steps", steps)
        _require(isinstance(seed, int) and seed in SEEDS, "seed", seed)
        self.notebook, self.names, self.steps, self.seed = notebook, names, steps, seed
        self.known = figures()
        self.checks: dict[str, dict[str, object]] = {}
        self.parameters = _current_parameters()

    def __call__(self, group: str, **values: float | str) -> None:
        """Prints one line: how many values of the group are as expected, and how nearly.

        Where nothing is known for this list, these steps and this seed, the line says for which
        it is.  Raises AssertionError where a value is not as expected, and KeyError for a name
        that the table does not have.
        """
        rows = [self._row(group, name, value) for name, value in values.items()]
        for name, value, figure in rows:
            self._record(f"{group}/{name}", value, figure)
        self._save()
        known = [row for row in rows if row[2] is not None]
        missed = [row for row in known if not row[2].met_by(row[1])]
        if missed:
            raise AssertionError(self._failure(group, missed))
        if not known:
            print(self._unknown(group, rows))
        elif len(rows) <= FEW:
            print(_line(group, known, rows, ", ".join(map(_measured, rows))))
        else:
            _show(_line(group, known, rows, _furthest(known)), rows)

    def _row(self, group: str, name: str, value: float | str) -> Row:
        named = [figure for figure in self.known if figure.name == f"{group}/{name}"]
        if not named:
            raise KeyError(f"{group}/{name} is not in {TABLE.name}")
        holds = (f for f in named if f.holds_for(self.names, self.steps, self.seed))
        return name, value if isinstance(value, str | int) else float(value), next(holds, None)

    def _unknown(self, group: str, rows: list[Row]) -> str:
        names = {f"{group}/{name}" for name, _, _ in rows}
        known = made_for([figure for figure in self.known if figure.name in names])
        shown = ", ".join(map(_measured, rows)) if len(rows) <= FEW else f"{len(rows)} values"
        return f"· {group}: {shown} (nothing to compare with: known for {known})"

    def _failure(self, group: str, missed: list[Row]) -> str:
        """What was missed, for what it was expected, and what may be the reason."""
        wrong = ", ".join(
            f"{name} measured {figure.printed(value)}, expected {figure}"
            for name, value, figure in missed
        )
        known = made_for([figure for _, _, figure in missed])
        now = _current_parameters()
        changed = [
            f"{name} was {was!r} and is {now[name]!r}"
            for name, was in self.parameters.items()
            if name in now and now[name] != was
        ]
        if changed:
            hint = f"Since the Setup cell ran, {', '.join(changed)}: run the Setup cell again."
        else:
            hint = "If you changed a parameter since, run the Setup cell again."
        return f"{group}: {wrong} (for {known}). {hint}"

    def _record(self, name: str, value: float | str, figure: Figure | None) -> None:
        self.checks[name] = {
            "name": name,
            "value": value,
            "expected": figure and figure.value,
            "tolerance": figure and figure.tolerance,
            "exact": bool(figure and figure.printed(value) == figure.value),
            "passed": figure and figure.met_by(value),
        }

    def _save(self) -> None:
        """Leaves the checks where a headless run collects them, if this is one."""
        if path := os.environ.get("MAKEMORE_METRICS"):
            own = {"names": self.names, "steps": self.steps, "seed": self.seed}
            metrics = {**own, "checks": list(self.checks.values())}
            write_whole(Path(path), json.dumps(metrics, indent=1).encode())


def _require(fine: bool, name: str, value: object) -> None:
    if not fine:
        wanted = "a whole number, 1 or more" if name == "steps" else "a whole number of 64 bits"
        raise ValueError(f"{name} must be {wanted}, not {value!r}: change it in the parameters")


def _current_parameters() -> dict[str, object]:
    """The notebook's parameters as they are now; none outside of IPython."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return {name: shell.user_ns.get(name) for name in ("names", "steps", "seed")} if shell else {}


def _plain(value: float | str) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _measured(row: Row) -> str:
    """A value beside the one that is expected."""
    name, value, figure = row
    if figure is None:
        return f"{name} {_plain(value)}"
    if isinstance(value, str):
        return f"{name} {value!r} as expected"
    return f"{name} {figure.printed(value)} (expected {figure.value})"


def _line(group: str, known: list[Row], rows: list[Row], values: str) -> str:
    """How many values, how many of them to the last printed digit, and who gives them."""
    exact = sum(figure.printed(value) == figure.value for _, value, figure in known)
    count = f"{len(rows)} values, {'all' if exact == len(rows) else exact} to the last digit"
    count += f", {len(rows) - len(known)} not known here" if len(known) < len(rows) else ""
    sources = [figure.source for _, _, figure in known]
    origins = [source for source in SAID if source in sources]
    said = ", ".join(
        SAID[source] + (f": {sources.count(source)}" if len(origins) > 1 else "")
        for source in origins
    )
    told = [values] if len(rows) == 1 else [count, values]
    return f"✓ {group}: {': '.join(filter(None, told))} · {said}"


def _furthest(known: list[Row]) -> str:
    """The value whose printed form is the most units of its last digit away, if there is one."""
    furthest = max(known, key=lambda row: row[2].units_off(row[1]))
    units = furthest[2].units_off(furthest[1])
    if not units:
        return ""
    return f"the furthest {units} unit{'s' * (units > 1)} of it away, {_measured(furthest)}"


def _show(line: str, rows: list[Row]) -> None:
    """Prints the line; in a notebook it opens to a table of all values."""
    if not _current_parameters():
        print(line)
        return
    from IPython.display import display

    cells = [
        (name, figure.printed(value), str(figure)) if figure else (name, _plain(value), "not known")
        for name, value, figure in rows
    ]
    lines = [("", "measured", "expected"), *cells]
    table = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in lines
    )
    opens = f"<details><summary>{html.escape(line)}</summary><table>{table}</table></details>"
    display({"text/plain": line, "text/html": opens}, raw=True)
