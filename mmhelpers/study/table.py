"""What the stored study found: mean and spread of every model, and their table in README.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from mmhelpers.data import ROOT
from mmhelpers.reference.table import figures
from mmhelpers.study import StudyError, load_study, usual_path
from mmhelpers.study.recipes import recipe_for

STORE = ROOT / "assets" / "06_scaling" / "study_lecture.json"
SEQUENCE_STORE = ROOT / "assets" / "08_transformer" / "study_lecture.json"
README = ROOT / "README.md"
BEGIN, END = "<!-- versions -->", "<!-- /versions -->"  # the table stands between them
# Train and dev loss as the lecture gives them (makemore part 5; V5 as its code prints them).
LECTURE = {
    "v1": (2.058, 2.105),
    "v2": (1.918, 2.027),
    "v3": (1.941, 2.029),
    "v4": (1.912, 2.022),
    "v5": (1.7690, 1.9937),
}
NEW = {
    "v1": "one hidden layer with BatchNorm, 3 characters",
    "v2": "8 characters",
    "v3": "a tree of pairs, with the BatchNorm bug",
    "v4": "the bug repaired",
    "v5": "wider",
    "v6": "ours: two residual WaveNets, taught by names and by the table",
}
# The steps of the ladder in README.md, each below the last, and its expected figure.
LADDER = {
    "01 · table of pairs": "01/kneser_ney/dev_1",
    "02 · MLP": "02/mlp/dev",
    "03 · BatchNorm": "03/ladder/bn/dev",
    "05 · WaveNet": "05/v5/dev",
    "09 · mixture": "09/mixture/names",
}
FIVE = "01/kneser_ney/dev_5"


@dataclass(frozen=True)
class Summary:
    """A model of the study over its seeds."""

    parameters: int
    compute: int  # multiply-adds of all forward passes of the training
    train: tuple[float, ...]  # the loss of each seed
    dev: tuple[float, ...]
    curves: tuple[tuple[float, ...], ...]  # the minibatch losses of each seed, averaged in parts


def as_used(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """The losses of the weights that the model is used with.

    Where the rate ends above zero these are the averaged ones, else the last ones.
    """
    recipe = recipe_for(result["model"], result.get("recipe", ""))
    return result.get("averaged", result) if getattr(recipe, "final", 0) else result


def summarise(results: Iterable[Mapping[str, Any]], path: str = "") -> dict[str, Summary]:
    """The summary of every model that was trained on this path, by name; "" is the usual one.

    Of the models that have a name of their own, trained by their own recipe.
    """
    by_model: dict[str, list[Mapping[str, Any]]] = {}
    named = [r for r in results if " " not in r["model"] and not r.get("recipe")]
    for result in sorted(named, key=lambda r: (r["model"], r["seed"])):
        if result["path"] == (path or usual_path(result["model"])):
            by_model.setdefault(result["model"], []).append(result)
    return {
        model: Summary(
            runs[0]["parameters"],
            runs[0]["multiply_adds"] * runs[0]["predictions"],
            tuple(as_used(run)["train"] for run in runs),
            tuple(as_used(run)["dev"] for run in runs),
            tuple(tuple(run["curve"]) for run in runs),
        )
        for model, runs in by_model.items()
    }


def spread(values: Iterable[float]) -> str:
    """Mean ± standard deviation, such as "2.1053 ± 0.0012"; of one value only that value."""
    values = list(values)
    return f"{mean(values):.4f}" + (f" ± {stdev(values):.4f}" if len(values) > 1 else "")


def versions_table(summaries: Mapping[str, Summary]) -> str:
    """The models as a table in Markdown, one row each."""
    rows = [
        "| | what is new | parameters | billion multiply-adds | train | dev | lecture's dev |",
        "|---|---|---|---|---|---|---|",
    ]
    for model, s in summaries.items():
        lecture = f"{LECTURE[model][1]:g}" if model in LECTURE else ""
        sizes = f"{s.parameters:,} | {s.compute / 1e9:.0f}"
        figures = f"{sizes} | {spread(s.train)} | {spread(s.dev)}"
        rows.append(f"| {model.upper()} | {NEW[model]} | {figures} | {lecture} |")
    return "\n".join(rows)


def with_table(text: str, table: str) -> str:
    """The text with the table between the two markers; raises StudyError where one is missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise StudyError(f"the table needs a place: write {BEGIN} and {END}, a line each")
    return f"{before}{begin}\n{table}\n{end}{after}"


def write_table(readme: Path = README, store: Path = STORE) -> None:
    """Writes the table of the stored study into `readme`.

    Raises StudyError where there is no study, it is damaged, or the markers are missing.
    """
    done = load_study(store)
    if not done:
        raise StudyError(f"there is no study in {store.name}: run it first (notebook 06)")
    text = with_table(readme.read_text(encoding="utf-8"), versions_table(summarise(done.values())))
    readme.write_text(text, encoding="utf-8")


def ladder() -> tuple[dict[str, float], float]:
    """The dev losses of ever better models, and that of the best table, on the lecture's list.

    Raises StudyError where a stored study is damaged.
    """
    expected = {f.name: float(f.value) for f in figures() if f.names == "lecture" and f.tolerance}
    steps = {step: expected[name] for step, name in LADDER.items()}
    for step, model, store in (
        ("06 · V6", "v6", STORE),
        ("08 · student", "student", SEQUENCE_STORE),
    ):
        found = summarise(load_study(store).values()).get(model)
        if not found:
            raise StudyError(f"there is no run of {model} in {store.parent.name}/{store.name}")
        steps[step] = mean(found.dev)
    return dict(sorted(steps.items())), expected[FIVE]


def draw_ladder(folder: str | Path = "assets") -> None:
    """Draws the ladder of README.md."""
    from mmhelpers.plotting import plot_ladder, save_figure  # takes a moment

    steps, best_table = ladder()
    told = ", ".join(f"{loss:.2f} in {step[:2]}" for step, loss in steps.items())
    alt = (
        f"Dev loss falls from notebook to notebook, {told}; a table of counts has {best_table:.2f}."
    )
    save_figure(plot_ladder(steps, {"table of five characters": best_table}), folder, "ladder", alt)
