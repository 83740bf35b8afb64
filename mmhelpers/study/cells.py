"""One cell of a study: a model built, trained and measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Generator

from mmhelpers.data import NameRows, Vocabulary, split_names
from mmhelpers.fast import faster, has_faster
from mmhelpers.layers import Layer
from mmhelpers.models import WINDOW_MODELS, Committee, WaveNet, build, multiply_adds, sizes_of
from mmhelpers.study.recipes import OWN, RECIPES, Recipe, recipe_for, room_for
from mmhelpers.study.taught import TaughtRows, soft_cross_entropy, table_of
from mmhelpers.study.variants import VARIED, variant
from mmhelpers.study.watch import (
    Splits,
    Watch,
    averages_in_place,
    dev_curve,
    name_losses,
    packed,
)
from mmhelpers.training import DivergedError, History, train

CURVE_POINTS = 100  # of the loss of the minibatches
PATHS = "exact", "fast"
FAMILIES = "tree", "wavenet"  # "tree 64" is V5's tree with 64 units, "wavenet 64" one WaveNet
Result = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """One training run of the grid.

    `path` says what runs: "exact", the model as it is built (of V1 to V5 that gives the lecture's
    digits), or "fast", its form of `mmhelpers.fast`; where it is left out, the usual one.
    """

    # "v1" to "v6", one of RECIPES, a family and a width ("tree 64"), or a variant ("transformer
    # no-position", see `variants`).
    model: str
    seed: int  # of the weights and the minibatches
    steps: int  # of V6: of each member
    path: str = ""
    recipe: str = ""  # "sgd 0.2", "adamw 0.004 0.1", or the model's own

    def __post_init__(self) -> None:
        if not self.path:
            object.__setattr__(self, "path", usual_path(self.model))


@cache
def usual_path(model: str) -> str:
    """How a model is trained where nothing else is asked for: "exact" or "fast".

    V1 to V5 exactly as the lecture does, of the others the fast form where there is one.
    """
    exact = model in WINDOW_MODELS or not has_faster(build_net(model, 27))
    return "exact" if exact else "fast"


def build_net(
    name: str,
    vocab_size: int,
    generator: Generator | None = None,
    room: int = 16,
    dropout: float | None = None,
) -> Layer:
    """What is trained for a cell: the model, or of a committee a member.

    Of those that read names with `room` positions; `dropout` instead of the recipe's own for those
    of notebook 08.  Raises ValueError for a name that is none.
    """
    family, _, number = name.partition(" ")
    if name in WINDOW_MODELS:
        return build(name, vocab_size, generator)
    if name == "v6":
        return WaveNet(vocab_size, sizes_of("v6", block_size=room), generator)
    if family in VARIED:
        dropout = OWN[family].dropout if dropout is None else dropout
        return variant(name, vocab_size, generator, block_size=room, dropout=dropout)
    if family not in FAMILIES:
        sizes = {}
        if name in RECIPES:
            recipe = RECIPES[name]
            own = recipe.dropout if dropout is None else dropout
            sizes = {**recipe.sizes, "dropout": own}
        return build(name, vocab_size, generator, block_size=room, **sizes)
    if not number.isdecimal():
        raise ValueError(f"no model {name!r}: give a family its width, such as '{family} 64'")
    width = int(number)
    if family == "tree":  # V5 has 24 for 128
        return build("v5", vocab_size, generator, n_embd=width * 3 // 16, n_hidden=width)
    sizes = sizes_of("v6", block_size=room, n_embd=width, dilations=(1, 2, 4, 8, 1))
    return WaveNet(vocab_size, sizes, generator)


def members_of(name: str) -> int:
    """How many nets, trained each for itself, make the model."""
    return sizes_of("v6").n_members if name == "v6" else 1


@dataclass
class Trained:
    """A net that was trained, and what was seen of it."""

    net: Layer
    watch: Watch
    history: History
    diverged: bool = False


def run_cell(cell: Cell, words: Sequence[str]) -> Result:
    """What one run gives: the cell's fields, sizes, losses, seconds and curves.

    `predictions` is how many characters each net was trained to predict, counting repeats;
    `dev_new` is the loss on the dev names that do not stand in the training split; `dev_curve`
    pairs of step and dev loss; `dev_names` and `test_names` the loss of every name, packed (see
    `watch`), where the recipe is the model's own.  Of models trained with AdamW `averaged` holds
    the same of the averaged weights.  The losses of a run that diverged are None.
    Raises ValueError for a path that the model does not have.
    """
    return measured(cell, words, [train_net(cell, words, i) for i in range(members_of(cell.model))])


def train_net(
    cell: Cell, words: Sequence[str], i: int = 0, lesson: TaughtRows | None = None
) -> Trained:
    """The model of a cell, or of its committee member i: the net of the seed + 1000 i.

    It is trained on a `lesson` where one is given (see `student`), else on the list's names.
    """
    torch.set_num_threads(1)  # several cells at once would only get in each other's way
    seed = cell.seed + 1000 * i
    torch.manual_seed(seed)  # dropout draws from the global generator
    generator = torch.Generator().manual_seed(seed)
    vocabulary = Vocabulary(words)
    recipe = recipe_for(cell.model, cell.recipe)
    dropout = getattr(recipe, "dropout", None)
    net = build_net(cell.model, len(vocabulary), generator, room_for(words), dropout)
    known = PATHS if has_faster(net) else PATHS[:1]
    if cell.path not in known:
        paths = " and ".join(map(repr, known))
        raise ValueError(f"{cell.model} has no path {cell.path!r}, only {paths}")
    splits = Splits(words, vocabulary, net)
    data, loss = splits.data["train"], splits.loss
    if lesson:
        data, loss, splits.batch_size = lesson, soft_cross_entropy, lesson.batch_size
    elif isinstance(recipe, Recipe) and recipe.table:
        data, loss = taught(data, words, vocabulary, recipe.table), soft_cross_entropy
    decay = recipe.memory(cell.steps) if isinstance(recipe, Recipe) else None
    watch = Watch(splits.data["dev"], cell.steps, decay)
    form = faster(net) if cell.path == "fast" else net
    args = data, cell.steps, recipe.optimizer(net, cell.steps), splits.batch_size, generator, loss
    try:
        return Trained(net, watch, train(form, *args, hooks=[watch], progress=False))
    except DivergedError as error:
        return Trained(net, watch, error.history, diverged=True)


def taught(
    data: NameRows, words: Sequence[str], vocabulary: Vocabulary, share: float
) -> TaughtRows:
    """The training names with the table of counts of five characters as a second teacher."""
    names = split_names(words)[0]
    table = table_of(names, vocabulary)
    return TaughtRows(names, vocabulary, int(data.lengths.max()), table, share)


def measured(cell: Cell, words: Sequence[str], nets: Sequence[Trained]) -> Result:
    """The result of a cell whose nets have been trained."""
    committee = members_of(cell.model) > 1
    model = Committee([trained.net for trained in nets]) if committee else nets[0].net
    splits = Splits(words, Vocabulary(words), model)
    watches, histories = [t.watch for t in nets], [t.history for t in nets]
    result = asdict(cell) | {
        "parameters": sum(p.numel() for p in model.parameters()),
        "multiply_adds": multiply_adds(model),
        "predictions": round(cell.steps * splits.batch_size * splits.targets_each),
        "seconds": sum(h.seconds for h in histories) - sum(w.seconds for w in watches),
    }
    if any(trained.diverged for trained in nets):
        return result | {**dict.fromkeys(splits.data), "curve": [], "dev_curve": []}
    losses = np.mean([history.loss for history in histories], 0)
    result |= seen(cell, model, splits) | {
        "curve": means(losses, CURVE_POINTS),
        "dev_curve": dev_curve(watches),
    }
    if watches[0].average:
        with averages_in_place(watches):
            averaged = seen(cell, model, splits)
        result["averaged"] = averaged | {"dev_curve": dev_curve(watches, averaged=True)}
    return result


def seen(cell: Cell, model: Layer, splits: Splits) -> Result:
    """The loss of every split, and of a model's own recipe that of every dev and test name."""
    losses = splits.measure(model)
    for split in {"dev", "test"} & splits.data.keys() if not cell.recipe else ():
        losses[f"{split}_names"] = packed(name_losses(model, splits.data[split]))
    return losses


def means(values: Sequence[float], parts: int) -> list[float]:
    """The means of equal parts of the values, six decimals each."""
    return [round(float(p.mean()), 6) for p in np.array_split(values, min(parts, len(values)))]
