"""The exercises of a notebook: what is tried on their checks, and what the checks say.

A file tests/exercises/NN_name.py holds attempts as a learner writes them, each under a line
`# %% Exercise 1: right`, `# %% Exercise 1: wrong, says "shape"` (a text that the hint must hold)
or `# %% Exercise 1: never says "W[x]"` (a text that no hint may hold). Where an exercise has
parts, each with a check of its own, they are "Exercise 1a", "Exercise 1b" and so on.
"""

import ast
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from mmhelpers.runs.copies import VERDICT, is_solution, without_solutions

ATTEMPTS = Path(__file__).parents[1] / "exercises"
HEAD = re.compile(r"^# %% (Exercise \w+): (right|wrong|never)(?:.*?says \"(.*)\")?$", re.MULTILINE)
# The cell that tries the attempts of an exercise. It leaves the learner's cells as they were and
# the stream of random numbers where it was, so that the notebook goes on as if nothing had been.
TRY = """def _try_attempts(blank, attempts, check, file):
    import contextlib, io, json, pathlib, torch

    def run(*sources):
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said):
                for source in sources:
                    exec(source, globals())
        except Exception as error:
            said.write(f"\\ncrashed: {{type(error).__name__}}: {{error}}")
        return said.getvalue()

    found = []
    with torch.random.fork_rng(devices=[]):
        for attempt in attempts:
            run(blank, attempt)
            found.append(run(check))
    run(blank)
    pathlib.Path(file).write_text(json.dumps(found))

_try_attempts(*{arguments!r})"""
# What nobody should hand in, as the value of any exercise: a check says so and does not crash.
OF_A_WRONG_TYPE = ["'a text'", "-1", "{}", "object()", "lambda *a, **k: 'a text'"]


@dataclass
class Attempt:
    """Something handed in: its code, what the check must make of it, what its hint must say."""

    exercise: str
    kind: str  # "right" or "wrong"
    code: str
    says: str = ""


@dataclass
class Exercise:
    """One exercise, or a part of one: where its check stands, and what a learner fills in."""

    name: str
    cells: list[NotebookNode]  # those of the learner, then the check
    never: list[str] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def blanks(self) -> list[str]:
        """The names that the learner's cells leave as None, such as "mine.probs"."""
        found = []
        for cell in self.cells[:-1]:
            for node in ast.parse(cell.source).body:
                if isinstance(node, ast.Assign) and ast.unparse(node.value) == "None":
                    found += [ast.unparse(target) for target in node.targets]
                elif isinstance(node, ast.FunctionDef):
                    found.append(node.name)
        return found


def find_exercises(notebook: NotebookNode) -> list[Exercise]:
    """Gives the exercises of a notebook in order; the learner's cells stand before a solution."""
    heading, found, open_cells = None, {}, []
    for cell in notebook.cells:
        title = re.search(r"^#+ (.*)", cell.source, re.MULTILINE)
        if cell.cell_type == "markdown" and title:
            numbered = re.search(r"^#+ (Exercise \d+)", cell.source, re.MULTILINE)
            heading, open_cells = numbered and numbered[1], []
        elif heading and cell.cell_type == "code":
            if not is_solution(cell):
                open_cells.append(cell)
            elif len(open_cells) > 1:
                found.setdefault(heading, []).append(Exercise(heading, open_cells))
                open_cells = []
    for parts in found.values():
        for letter, part in zip("abcdefgh", parts, strict=False):
            part.name += letter if len(parts) > 1 else ""
    return [part for parts in found.values() for part in parts]


def read_attempts(text: str, exercises: list[Exercise]) -> None:
    """Gives each exercise its attempts, those of a wrong type first."""
    by_name = {exercise.name: exercise for exercise in exercises}
    for exercise in exercises:
        for value in OF_A_WRONG_TYPE:
            code = "\n".join(f"{blank} = {value}" for blank in exercise.blanks)
            exercise.attempts.append(Attempt(exercise.name, "wrong", code))
    heads = list(HEAD.finditer(text))
    assert len(heads) == text.count("# %%"), "a line '# %%' that is none of the three kinds"
    ends = [head.start() for head in heads[1:]] + [len(text)]
    for head, end in zip(heads, ends, strict=False):
        name, kind, says = head.groups()
        assert name in by_name, f"there is no {name}; there are: {', '.join(by_name)}"
        if kind == "never":
            by_name[name].never.append(says)
        else:
            code = text[head.end() : end].strip()
            by_name[name].attempts.append(Attempt(name, kind, code, says or ""))


def with_attempts(notebook: NotebookNode, exercises: list[Exercise], folder: Path) -> NotebookNode:
    """Puts a cell that tries the attempts after each check, and the solutions at the very end.

    So a cell that needs a solution fails.  What the check says of each attempt goes to a file in
    the folder, which `judge` reads.
    """
    everything, cells = notebook.cells, []
    checks = {id(exercise.cells[-1]): exercise for exercise in exercises}
    kept = without_solutions(notebook).cells
    for cell in kept:
        cells.append(cell)
        if exercise := checks.get(id(cell)):
            blank = "\n".join(c.source for c in exercise.cells[:-1])
            attempts = [attempt.code for attempt in exercise.attempts]
            arguments = blank, attempts, cell.source, str(folder / f"{exercise.name}.json")
            source, tags = TRY.format(arguments=arguments), {"tags": ["nbval-ignore-output"]}
            cells.append(new_code_cell(source, metadata=tags))
    solutions = [cell for cell in everything if not any(cell is other for other in kept)]
    notebook.cells = cells + solutions
    return notebook


def judge(folder: Path, exercises: list[Exercise]) -> list[str]:
    """Gives a line for each check that does not do what it should on the attempts."""
    found = []
    for exercise in exercises:
        printed = json.loads((folder / f"{exercise.name}.json").read_text())
        for attempt, text in zip(exercise.attempts, printed, strict=True):
            said = VERDICT.findall(text) + re.findall("^crashed: .*", text, re.MULTILINE)
            if fault := _fault(attempt, said, exercise.never):
                found.append(f"{exercise.name}, {attempt.code!r}: {fault}, it says {said}")
    return found


def _fault(attempt: Attempt, said: list[str], never: list[str]) -> str | None:
    hints = [verdict for verdict in said if verdict.startswith("not yet: ")]
    if not said or any(verdict.startswith("crashed") for verdict in said):
        return "no verdict"
    if attempt.kind == "right":
        return None if set(said) == {"right"} else "a right attempt is refused"
    if set(said) == {"right"}:
        return "a wrong attempt is accepted"
    if attempt.says and not any(attempt.says in hint for hint in hints):
        return f"no hint holds {attempt.says!r}"
    given_away = [text for text in never if any(text in hint for hint in hints)]
    return f"a hint gives {given_away[0]!r} away" if given_away else None


def too_few(exercises: list[Exercise]) -> list[str]:
    """Gives a line for each exercise without two wrong attempts, with hints, and two right ones."""
    found = []
    for exercise in exercises:
        own = exercise.attempts[len(OF_A_WRONG_TYPE) :]
        for kind in ("right", "wrong"):
            codes = {attempt.code for attempt in own if attempt.kind == kind}
            if len(codes) < 2:
                found.append(f"{exercise.name} has {len(codes)} {kind} attempts, of two needed")
        if not exercise.never:
            found.append(f"{exercise.name} does not say what its hints must not give away")
    return found
