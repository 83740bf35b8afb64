"""A student: one network that learns what a teacher of networks and a table of counts expects.

The teacher tells of every letter the whole distribution, on names that its networks make up; the
list's own names stand beside them, as they are (Hinton et al. 2015; Furlanello et al. 2018).  The
teacher's networks are trained once and kept in `build/`, with what they cost.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import joblib
import torch
from torch import Tensor

from mmhelpers.data import ROOT, NameRows, Vocabulary, split_names
from mmhelpers.layers import Layer
from mmhelpers.models import Mixture, NGram
from mmhelpers.sampling import generate_names
from mmhelpers.study.cells import Cell, Result, build_net, measured, train_net
from mmhelpers.study.recipes import room_for
from mmhelpers.study.taught import TaughtRows, table_of
from mmhelpers.study.watch import Splits

NETWORKS = ("modern", 142), ("transformer", 143), ("lstm", 144), ("gru", 145)  # of the teacher
TEACHER_STEPS = 12_000
KEPT = ROOT / "build" / "teacher"  # the folder of the trained networks


@dataclass(frozen=True)
class Lesson:
    """What a student is taught."""

    table: float = 0.3  # the share of the table in the teacher; the networks have the rest
    made_up: int = 240_000  # names drawn from the teacher
    real: int = 4  # how often the list's names stand beside them
    told: float = 0.0  # the share of the teacher in the targets of these; the next letter the rest


LESSONS = {
    "": Lesson(),
    "no-table": Lesson(table=0.0),
    "no-network": Lesson(table=1.0),
    "no-made-up": Lesson(made_up=0, told=0.5),  # told of them, for else there would be no teacher
    "no-real": Lesson(real=0),
}
STUDENTS = tuple(f"student {what}".strip() for what in LESSONS)


class Teacher(Mixture):
    """The mean of networks' probabilities, mixed with those of a table: x (B, T) gives (B, T, V).

    What it gives are logarithms of probabilities.
    """

    def __init__(self, networks: Sequence[Layer], table: NGram, share: float) -> None:
        shares = [(1 - share) / len(networks)] * len(networks)
        super().__init__([*networks, table], [*shares, share])

    @torch.no_grad()
    def guesses(self, rows: NameRows) -> Tensor:
        """Its probabilities (N, V) at all places of the names, one name after the other."""
        found = []
        for some in torch.arange(len(rows)).split(1024):
            X, Y = NameRows.__getitem__(rows, some)
            found.append(self.eval()(X)[Y >= 0].exp())
        return torch.cat(found)

    def names(self, vocabulary: Vocabulary, count: int, seed: int) -> list[str]:
        """`count` names, drawn from the networks, each its share; from the table if it is all."""
        *networks, counted = self.models
        sources = [counted.model] if self.weights[-1] == 1 else networks
        g = torch.Generator().manual_seed(seed)
        counts = [count * (i + 1) // len(sources) - count * i // len(sources)
                  for i in range(len(sources))]  # fmt: skip
        drawn = [generate_names(s, vocabulary, n, g) for s, n in zip(sources, counts, strict=True)]
        room = self.block_size - 1
        return [name for names in drawn for name in names if 0 < len(name) <= room]


def trained_network(model: str, seed: int, steps: int, words: Sequence[str]) -> dict[str, Any]:
    """A network of the teacher: its weights, its losses, and the seconds that it took."""
    cell = Cell(model, seed, steps)
    trained = train_net(cell, words)
    result = measured(cell, words, [trained])
    weights = {name: tensor.detach().numpy() for name, tensor in trained.net.state_dict().items()}
    return {"weights": weights, "dev": result["dev"], "seconds": result["seconds"]}


def networks_of(words: Sequence[str], steps: int, jobs: int = 1) -> list[dict[str, Any]]:
    """The networks of the teacher; those that were never trained with this list are now."""
    kept = joblib.Memory(KEPT, verbose=0).cache(trained_network)
    tasks = (joblib.delayed(kept)(*network, steps, list(words)) for network in NETWORKS)
    return joblib.Parallel(jobs)(tasks)


def teacher_of(words: Sequence[str], found: Sequence[dict[str, Any]], share: float) -> Teacher:
    """The teacher made of trained networks and of the table of the list's training names."""
    vocabulary, networks = Vocabulary(words), []
    for (model, _), network in zip(NETWORKS, found, strict=True):
        networks.append(build_net(model, len(vocabulary), room=room_for(words)))
        tensors = {name: torch.from_numpy(array) for name, array in network["weights"].items()}
        networks[-1].load_state_dict(tensors)
    return Teacher(networks, table_of(split_names(words)[0], vocabulary), share).eval()


class LessonRows(TaughtRows):
    """Made-up names with the teacher's guesses as targets, and real names beside them."""

    batch_size = 192  # of which about 134 are made up

    def __init__(self, words: Sequence[str], teacher: Teacher, lesson: Lesson, seed: int) -> None:
        vocabulary = Vocabulary(words)
        made_up = teacher.names(vocabulary, lesson.made_up, seed) if lesson.made_up else []
        real = list(split_names(words)[0]) * lesson.real
        NameRows.__init__(self, made_up + real, vocabulary, teacher.block_size)
        self.vocab_size, self.guesses = len(vocabulary), teacher.guesses(self)
        shares = [1.0] * len(made_up) + [lesson.told] * len(real)
        self.shares = torch.tensor(shares).unsqueeze(1)


def run_student(cell: Cell, words: Sequence[str], teacher_steps: int = TEACHER_STEPS) -> Result:
    """As `run_cell` for a student; `teacher` has the losses of its teacher and what it cost.

    The cost is that of training its networks; what made-up names and targets take is in the
    `lesson_seconds`.
    """
    lesson, found = LESSONS[cell.model.partition(" ")[2]], networks_of(words, teacher_steps)
    start = time.perf_counter()
    teacher = teacher_of(words, found, lesson.table)
    rows = LessonRows(words, teacher, lesson, cell.seed)
    seconds = time.perf_counter() - start
    losses = Splits(words, Vocabulary(words), teacher).measure(teacher)
    if lesson.table < 1:
        losses["seconds"] = sum(network["seconds"] for network in found)
    trained = train_net(cell, words, lesson=rows)
    predictions = round(cell.steps * rows.batch_size * float(rows.lengths.float().mean()))
    more = {"predictions": predictions, "teacher": losses, "lesson_seconds": seconds}
    return measured(cell, words, [trained]) | more
