"""How each model of the studies is built and trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Generator

from mmhelpers.data import Vocabulary
from mmhelpers.layers import Layer
from mmhelpers.models import build
from mmhelpers.optim import AdamW, cosine_schedule


def room_for(words: Sequence[str]) -> int:
    """The positions that the longest word needs with its end, and at least 16."""
    return max(16, 1 + max(map(len, words)))


@dataclass(frozen=True)
class Recipe:
    """How a model of whole names is built and trained in the study."""

    sizes: Mapping[str, Any]  # those that differ from the model's own
    lr: float = 3e-3  # the peak of the cosine
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 0.05

    def build(self, name: str, words: Sequence[str], generator: Generator | None = None) -> Layer:
        """The model of that name, with room for the longest of the words."""
        sizes = {"block_size": room_for(words), **self.sizes}
        return build(name, len(Vocabulary(words)), generator, **sizes)

    def optimizer(self, model: Layer, steps: int) -> AdamW:
        """AdamW for `steps` steps, with a warm-up over a fiftieth of them."""
        lr = cosine_schedule(self.lr, steps, warmup=steps // 50)
        return AdamW(model.parameters(), lr, betas=self.betas, weight_decay=self.weight_decay)


# Each about 200,000 parameters for 27 characters.  Notebook 07.
RECIPES = {
    "mlp": Recipe({"n_embd": 32, "n_embd2": 368, "dropout": 0.2}, lr=2e-3),
    "rnn": Recipe({"n_embd2": 400, "dropout": 0.3}, lr=2e-3),
    "gru": Recipe({"n_embd2": 224, "dropout": 0.3}, lr=4e-3),
    "lstm": Recipe({"n_embd2": 192, "dropout": 0.3}, lr=4e-3),
    "cnn": Recipe({"n_embd": 98, "dropout": 0.2}),
    "bow": Recipe({"n_embd": 128, "n_embd2": 740, "dropout": 0.2}),
    "transformer": Recipe({"dropout": 0.2}, weight_decay=0.1),
}
