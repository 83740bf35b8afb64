"""Every model by its name: `build("v3", vocab_size)`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import torch
from torch import Generator
from torch.utils.flop_counter import FlopCounterMode

from mmhelpers.layers import Layer
from mmhelpers.models import ngram, sequence, transformer, wavenet

# The models that read whole names: their sizes, and the builder that makes each of them.
NAME_MODELS: dict[str, tuple[object, Callable[..., Layer]]] = {
    "bigram": (sequence.BigramSizes(), sequence.Bigram),
    "mlp": (sequence.MLPSizes(), sequence.SequenceMLP),
    "rnn": (sequence.RecurrentSizes(), sequence.RecurrentModel),
    "gru": (sequence.RecurrentSizes(), sequence.build_gru),
    "lstm": (sequence.RecurrentSizes(), sequence.build_lstm),
    "cnn": (sequence.CNNSizes(), sequence.CNN),
    "bow": (sequence.BagSizes(), sequence.BagOfWords),
    "transformer": (transformer.TransformerSizes(), transformer.Transformer),
    "modern": (transformer.ModernSizes(), transformer.ModernTransformer),
}
REGISTRY = {**NAME_MODELS, **wavenet.MODELS, "ngram": (ngram.NGramSizes(), ngram.NGram)}


def build(name: str, vocab_size: int, generator: Generator | None = None, **sizes: object) -> Layer:
    """The model of that name, drawn from `generator`; `sizes` that are not given are its own.

    Raises ValueError for an unknown name or size, and lists those that it knows.
    """
    return find(name)[1](vocab_size, sizes_of(name, **sizes), generator)


def sizes_of(name: str, **sizes: object) -> object:
    """The sizes of the model of that name, a frozen dataclass, with those that are given."""
    own = find(name)[0]
    known = [field.name for field in fields(own)]
    if unknown := sorted(sizes.keys() - set(known)):
        raise ValueError(f"{name} has no size {', '.join(unknown)}: it has {', '.join(known)}")
    return replace(own, **sizes)


def find(name: str) -> tuple[object, Callable[..., Layer]]:
    """The sizes and the builder of that name; raises ValueError where it is unknown."""
    if name not in REGISTRY:
        raise ValueError(f"no model {name!r}: there are {', '.join(REGISTRY)}")
    return REGISTRY[name]


@torch.no_grad()
def multiply_adds(model: Layer) -> int:
    """How often the model multiplies and adds for one prediction.

    Counted by torch in the matrix products of a pass over one window or one name of full length,
    which gives a prediction at every position; all else is small beside them.
    """
    was_training = model.training
    with FlopCounterMode(display=False) as counter:
        logits = model.eval()(torch.zeros((1, model.block_size), dtype=torch.int64))
    model.train(was_training)
    predictions = logits[..., 0].numel()
    return counter.get_total_flops() // 2 // predictions
