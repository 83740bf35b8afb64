"""Names drawn from a model, one after the other or many at once."""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Generator, Tensor

from mmhelpers.data import BOUNDARY, DataError, Vocabulary
from mmhelpers.layers import Layer
from mmhelpers.losses import softmax
from mmhelpers.sampling.draw import multinomial, sharpen

MAX_LENGTH = 100  # a model that never ends a name is stopped here


@contextlib.contextmanager
def evaluating(model: Layer) -> Iterator[None]:
    """Evaluation mode for a while; then, after an interrupt too, the mode in which it was."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


@torch.no_grad()
def sample_names(
    model: Layer,
    vocabulary: Vocabulary,
    count: int,
    generator: Generator | None = None,
    draw: Callable[[Tensor, Generator | None], int] = multinomial,
) -> list[str]:
    """`count` names drawn from the model, character by character, without their end token.

    The model is in evaluation mode meanwhile.  Built in notebook 02.
    """
    with evaluating(model):
        reader = Reader(model)
        return [_sample_name(reader, vocabulary, generator, draw) for _ in range(count)]


def _sample_name(
    reader: Reader,
    vocabulary: Vocabulary,
    generator: Generator | None,
    draw: Callable[[Tensor, Generator | None], int],
) -> str:
    tokens = [0]
    while len(tokens) <= reader.limit:
        probs = softmax(reader.plain(torch.tensor([tokens], device=reader.device)))[0]  # (V,)
        index = draw(probs, generator)
        if index == 0:
            break
        tokens.append(index)
    return vocabulary.decode(tokens[1:])


class Reader:
    """Gives the logits (B, V) after tokens (B, T), which begin with the start token 0.

    Serves both kinds of model: one of windows, before which boundary tokens are put, and one of
    whole names, whose last position counts.  `limit` is the most letters of a name.
    """

    @torch.no_grad()
    def __init__(self, model: Layer) -> None:
        self.model = model
        self.device = next(iter(model.state_dict().values())).device
        blank = torch.zeros((1, model.block_size), dtype=torch.int64, device=self.device)
        # Who keeps keys and values reads names; attention over all of block_size may be much.
        self.whole_names = hasattr(model, "new_cache") or model(blank).ndim == 3
        self.limit = model.block_size - 1 if self.whole_names else MAX_LENGTH
        self.restart()

    def restart(self) -> None:
        """Forgets the keys and values of the names read so far."""
        self.cache = self.model.new_cache() if hasattr(self.model, "new_cache") else None

    def select(self, rows: Tensor) -> None:
        """Goes on with these of the names read so far, in this order."""
        if self.cache is not None:
            self.cache.select(rows)

    def plain(self, tokens: Tensor) -> Tensor:
        """The logits (B, V), everything read anew."""
        T = self.model.block_size
        if self.whole_names:
            return self.model(tokens[:, -T:])[:, -1]
        boundaries = tokens.new_zeros((len(tokens), T))
        return self.model(torch.cat([boundaries, tokens], 1)[:, -T:])

    def __call__(self, tokens: Tensor) -> Tensor:
        """The same, where only what came since the last call is read if the model has a cache."""
        if self.cache is None:
            return self.plain(tokens)
        return self.model(tokens[:, self.cache.length :], self.cache)[:, -1]


@torch.no_grad()
def generate_names(
    model: Layer,
    vocabulary: Vocabulary,
    count: int,
    generator: Generator | None = None,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    prompt: str = "",
    batch_size: int = 1000,
) -> list[str]:
    """`count` names that begin with `prompt`, many drawn at once; for the rest see `sharpen`.

    The model is in evaluation mode meanwhile.  Raises DataError for a prompt that has a
    character not in the vocabulary, or leaves no room.  Built in notebook 09.
    """
    with evaluating(model):
        reader, names = Reader(model), []
        start = torch.tensor([[0, *encode_prompt(prompt, vocabulary, reader.limit)]])
        start = start.to(reader.device)
        shape = partial(sharpen, temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p)
        while len(names) < count:
            first = start.expand(min(batch_size, count - len(names)), -1)
            tokens = _generate(reader, first, shape, generator)
            texts = (vocabulary.decode(row[1:]) for row in tokens.tolist())
            names += [text.partition(BOUNDARY)[0] for text in texts]
    return names


def _generate(
    reader: Reader,
    tokens: Tensor,
    shape: Callable[[Tensor], Tensor],
    generator: Generator | None,
) -> Tensor:
    """Tokens (B, T) drawn further, until all names have ended or are as long as they may be."""
    reader.restart()
    ended = torch.zeros(len(tokens), dtype=torch.bool, device=tokens.device)
    while tokens.shape[1] <= reader.limit and not ended.all():
        probs = shape(reader(tokens)).cpu()  # (B, V)
        drawn = torch.multinomial(probs, 1, generator=generator).to(tokens.device)  # (B, 1)
        tokens = torch.cat([tokens, drawn.masked_fill(ended[:, None], 0)], 1)
        ended |= tokens[:, -1] == 0
    return tokens


def encode_prompt(prompt: str, vocabulary: Vocabulary, limit: int) -> list[int]:
    """The indices of a name's beginning, its marks composed as in the list (NFC).

    Raises DataError where it can't be one.
    """
    prompt = unicodedata.normalize("NFC", prompt)
    if BOUNDARY in prompt:
        raise DataError(f'the prompt has a "{BOUNDARY}", which marks where names end')
    if len(prompt) >= limit:
        raise DataError(f"the prompt has {len(prompt)} characters: at most {limit - 1}")
    return vocabulary.encode(prompt)
