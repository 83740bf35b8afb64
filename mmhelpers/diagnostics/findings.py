"""The diagnosis: which symptoms the record of a training run shows, and what to try."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from mmhelpers.diagnostics.statistics import Recorder
from mmhelpers.layers import Layer


@dataclass(frozen=True)
class Rule:
    """A symptom, the quantity that shows it, its threshold with the source, and what to try."""

    symptom: str
    quantity: str
    threshold: float
    source: str
    advice: str


@dataclass(frozen=True)
class Finding:
    """A rule that a network breaks: where, and the number measured."""

    rule: Rule
    where: str
    measured: float

    @property
    def symptom(self) -> str:
        """The name of what is wrong."""
        return self.rule.symptom


SOUND = "sound nets of notebook 03"
RULE = "rule of thumb 1e-3, lecture part 3"
CONFIDENT = Rule(
    "confidently wrong", "first loss / ln V", 1.25, "guessing costs ln V", "smaller last layer"
)
SATURATED_RULE = Rule(
    "saturated", "share |tanh| > 0.97", 0.35, f"up to 0.25 in {SOUND}", "smaller weights"
)
VANISHING = Rule("vanishing", "std of outputs", 0.1, f"0.2 to 0.8 in {SOUND}", "larger weights")
EXPLODING = Rule("exploding", "std of outputs", 10, f"below 1 in {SOUND}", "smaller weights")
UNEVEN_LOW = Rule(
    "vanishing", "gradient std, first / last", 0.01, f"0.3 to 4 in {SOUND}", "larger weights"
)
UNEVEN_HIGH = Rule(
    "exploding", "gradient std, first / last", 100, f"0.3 to 4 in {SOUND}", "smaller weights"
)
DIVERGING = Rule(
    "too fast", "late loss / ln V", 1.2, "guessing costs ln V", "a 10 times smaller learning rate"
)
LARGE_STEPS = Rule(
    "too fast", "log10 update:data", -1.5, RULE, "a 3 to 10 times smaller learning rate"
)
SMALL_STEPS = Rule("too slow", "log10 update:data", -4, RULE, "a 10 times larger learning rate")
DEAD = Rule(
    "dead units", "share of units stuck", 0.2, f"up to 0.02 in {SOUND}", "redraw, smaller biases"
)
OVERFIT = Rule(
    "over-fitting", "dev loss - train loss", 0.3, f"below 0.2 in {SOUND}", "more data, smaller net"
)


def diagnose(
    model: Layer,
    record: Recorder,
    losses: Sequence[float] = (),
    train_loss: float | None = None,
    dev_loss: float | None = None,
) -> list[Finding]:
    """What is wrong with a network in training, most fundamental first; nothing: an empty list.

    `losses` are those of `History`.  What is not given is not judged.  A bad start explains bad
    steps, and these explain stuck units: later links are judged only where the earlier are
    sound.  Raises ValueError for a model that was not trained.  Notebook 03 shows it at work.
    """
    if not hasattr(model, "out") or not (record.snapshots or losses):
        raise ValueError("diagnose needs a model in training: train it with the Recorder as a hook")
    guessing = math.log(model.out.shape[-1])
    found = _start(record, losses, guessing) or _steps(record, losses, guessing) or _units(record)
    if train_loss is not None and dev_loss is not None and train_loss < guessing:
        found += _above(OVERFIT, "dev split", dev_loss - train_loss)
    return found


def _above(rule: Rule, where: str, measured: float) -> list[Finding]:
    """The finding if the number is above the threshold, or no number at all."""
    return [] if measured <= rule.threshold else [Finding(rule, where, measured)]


def _below(rule: Rule, where: str, measured: float) -> list[Finding]:
    return [Finding(rule, where, measured)] if measured < rule.threshold else []


def _start(record: Recorder, losses: Sequence[float], guessing: float) -> list[Finding]:
    """What the first step shows: the initialisation."""
    found = []
    layers = record.snapshots[0].activations if record.snapshots else []
    if layers:
        tanhs = [s for s in layers if s.name.endswith("(Tanh)")]
        if tanhs:
            worst = max(tanhs, key=lambda s: s.saturated)
            found += _above(SATURATED_RULE, worst.name, worst.saturated)
        low, high = min(layers, key=lambda s: s.std), max(layers, key=lambda s: s.std)
        found += _below(VANISHING, low.name, low.std) + _above(EXPLODING, high.name, high.std)
        first, last = record.snapshots[0].gradients[0], record.snapshots[0].gradients[-1]
        evenness = first.std / last.std if last.std else math.nan
        found += _below(UNEVEN_LOW, first.name, evenness)
        found += _above(UNEVEN_HIGH, first.name, evenness)
    if losses:
        found += _above(CONFIDENT, "logits", losses[0] / guessing)
    return found


def _steps(record: Recorder, losses: Sequence[float], guessing: float) -> list[Finding]:
    """What the later half of the steps shows: the learning rate."""
    if losses:
        late = losses[-max(1, len(losses) // 4) :]
        if rising := _above(DIVERGING, "loss", sum(late) / len(late) / guessing):
            return rising
    late_ratios = [r for run in record.update_ratios.values() for r in run[len(run) // 2 :]]
    ratios = [r for r in late_ratios if math.isfinite(r)]
    if not ratios:
        return []
    middle = median(ratios)
    return _above(LARGE_STEPS, "all weights", middle) + _below(SMALL_STEPS, "all weights", middle)


def _units(record: Recorder) -> list[Finding]:
    """Units that were stuck in every snapshot of the later half: in one layer, too many."""
    found = []
    late = record.snapshots[len(record.snapshots) // 2 :]
    for i, stats in enumerate(late[0].activations if late else []):
        always = [all(units) for units in zip(*(s.stuck[i] for s in late), strict=True)]
        found += _above(DEAD, stats.name, sum(always) / len(always))
    return found


def findings_table(findings: Sequence[Finding]) -> str:
    """The findings as a small table, or one line where there are none."""
    if not findings:
        return "no finding"
    heading = ("symptom", "where", "measured", "", "threshold (source)", "try")
    rows = [heading] + [
        (
            f.symptom,
            f.where,
            f.rule.quantity,
            f"{f.measured:.3g}",
            f"{f.rule.threshold:g} ({f.rule.source})",
            f.rule.advice,
        )
        for f in findings
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(len(heading))]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join(lines)
