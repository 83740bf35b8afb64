"""How each model of the studies is built and trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Generator

from mmhelpers.data import Vocabulary
from mmhelpers.layers import Layer
from mmhelpers.models import build
from mmhelpers.optim import SGD, AdamW, cosine_schedule, step_schedule


def room_for(words: Sequence[str]) -> int:
    """The positions that the longest word needs with its end, and at least 16."""
    return max(16, 1 + max(map(len, words)))


@dataclass(frozen=True)
class LectureSGD:
    """Gradient descent as in the lecture: a tenth of the rate for the last quarter."""

    lr: float = 0.1

    def optimizer(self, model: Layer, steps: int) -> SGD:
        """The optimiser for `steps` steps."""
        return SGD(model.parameters(), step_schedule(self.lr, {steps * 3 // 4: self.lr / 10}))


@dataclass(frozen=True)
class Recipe:
    """AdamW with a cosine, and for the study of notebook 08 the sizes of the model."""

    sizes: Mapping[str, Any] = field(default_factory=dict)  # those that differ from its own
    lr: float = 3e-3  # the peak of the cosine
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 0.05
    final: float = 0.0  # the share of the peak at which the cosine ends
    table: float = 0.0  # the share of the targets that a table of counts gives (see `taught`)
    spare: bool = False  # decay leaves gains and biases alone
    average: float = 0.02  # the share of the steps that the average of the weights remembers
    dropout: float = 0.0  # of models that read whole names, those of notebook 06 apart

    def build(self, name: str, words: Sequence[str], generator: Generator | None = None) -> Layer:
        """The model of that name, with room for the longest of the words."""
        sizes = {"block_size": room_for(words), "dropout": self.dropout, **self.sizes}
        return build(name, len(Vocabulary(words)), generator, **sizes)

    def optimizer(self, model: Layer, steps: int) -> AdamW:
        """AdamW for `steps` steps, with a warm-up over a fiftieth of them."""
        lr = cosine_schedule(self.lr, steps, steps // 50, self.final * self.lr)
        options = {"betas": self.betas, "weight_decay": self.weight_decay, "spare": self.spare}
        return AdamW(model.parameters(), lr, **options)

    def memory(self, steps: int) -> float:
        """The decay of the average of the weights (see `optim.WeightAverage`)."""
        return max(0.0, 1 - 1 / (self.average * steps))


# Each about 200,000 parameters for 27 characters.  Notebook 08.
RECIPES = {
    "mlp": Recipe({"n_embd": 32, "n_embd2": 368}, lr=0.006, dropout=0.2),
    "rnn": Recipe({"n_embd2": 400}, lr=0.002, weight_decay=0.2, dropout=0.1),
    "gru": Recipe({"n_embd2": 224}, lr=0.006, dropout=0.2),
    "lstm": Recipe({"n_embd2": 192}, lr=0.006, dropout=0.2),
    "cnn": Recipe({"n_embd": 98}, lr=0.006, dropout=0.2),
    "bow": Recipe({"n_embd": 128, "n_embd2": 740}, dropout=0.2),
    "transformer": Recipe(lr=0.006, dropout=0.2),
    "modern": Recipe(lr=0.006, dropout=0.2),
}
V6 = "adamw 0.008 0.15 final 0.2 table 0.2 average 0.04"


def _parse(name: str) -> LectureSGD | Recipe:
    """The recipe of a name as in `recipe_for`; ValueError or TypeError where it is none."""
    kind, *rest = name.split() or [""]
    if kind == "sgd":
        return LectureSGD(*map(float, rest))
    if kind != "adamw":
        raise ValueError(kind)
    lr, weight_decay = map(float, rest[:2])
    more = dict(zip(rest[2::2], map(float, rest[3::2]), strict=True))
    more["spare"] = bool(more.get("spare"))
    return Recipe(lr=lr, weight_decay=weight_decay, **more)


OWN = {
    **dict.fromkeys(("v1", "v2", "v3", "v4", "v5", "tree"), LectureSGD()),
    "v6": _parse(V6),
    **RECIPES,
    "student": Recipe(lr=5e-3, dropout=0.05),  # a modern Transformer
}


def recipe_for(model: str, name: str = "") -> LectureSGD | Recipe:
    """How a model is trained: "sgd 0.2" (rate), "adamw 0.004 0.1" (peak and decay), "" its own.

    After the two numbers of AdamW may stand fields of `Recipe`: "final 0.1 table 0.2 spare 1".
    Raises ValueError for another name, and for "" where the model has none of its own.
    """
    family = model.partition(" ")[0]
    if not name and family in OWN:
        return OWN[family]
    try:
        recipe = _parse(name)
        return replace(recipe, sizes=RECIPES[model].sizes) if model in RECIPES else recipe
    except (ValueError, TypeError):
        known = "such as 'sgd 0.1' (rate) or 'adamw 0.004 0.1' (peak, weight decay)"
        raise ValueError(f"no recipe {name!r} for {model}: give one {known}") from None


def named(model: str, name: str) -> str:
    """The recipe's name, or "" where it is what the model has anyway."""
    own = OWN.get(model.partition(" ")[0])
    return "" if recipe_for(model, name) == own else name
