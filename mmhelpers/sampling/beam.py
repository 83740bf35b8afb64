"""The likeliest names of a model, by beam search."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from mmhelpers.data import Vocabulary
from mmhelpers.layers import Layer
from mmhelpers.losses import log_softmax
from mmhelpers.sampling.names import Reader, encode_prompt, evaluating

MAX_BEAM = 10_000  # beginnings at once
Found = list[tuple[str, float]]


@torch.no_grad()
def beam_search(
    model: Layer,
    vocabulary: Vocabulary,
    width: int = 10,
    prompt: str = "",
    length: int | None = None,
) -> Found:
    """The likeliest names that a beam finds, at most `width`, with the log of their probability.

    The likeliest comes first.  After each letter only the `width` likeliest beginnings go on, and
    every beginning may end there: that is a name found.  Nothing grows likelier by going on, so
    the search ends where no beginning is as likely as the last of `width` names found.  Where
    `width` is at least the number of beginnings of every length the names are the likeliest there
    are; with less a likelier one may be missed.  Names have at most `length` letters, and as many
    as the model takes; with a `prompt` the probability is that of the rest.

    Raises ValueError for a width that is not from 1 to 10,000 or a length below 1, DataError for
    a prompt that can't be one.  Built in notebook 09 (Lowerre 1976).
    """
    if not 1 <= width <= MAX_BEAM:
        raise ValueError(f"a beam of {width}: it must be from 1 to {MAX_BEAM:,}")
    if length is not None and length < 1:
        raise ValueError(f"names of at most {length} letters: it must be at least 1")
    with evaluating(model):
        reader = Reader(model)
        limit = min(length or reader.limit, reader.limit)
        first = [0, *encode_prompt(prompt, vocabulary, limit)]
        return _search(reader, vocabulary, torch.tensor([first]).to(reader.device), width, limit)


def _search(
    reader: Reader, vocabulary: Vocabulary, tokens: Tensor, width: int, limit: int
) -> Found:
    """The names found from one beginning (1, T) on."""
    found: Found = []
    scores = torch.zeros(1, dtype=torch.float64)  # of the beginnings
    while len(scores):
        sums = scores[:, None] + log_softmax(reader(tokens).cpu().double())  # (B, V)
        if sums.isnan().any():
            raise RuntimeError("the model gives no probability of the next character")
        found += zip(
            map(vocabulary.decode, tokens[:, 1:].tolist()), sums[:, 0].tolist(), strict=True
        )
        found = sorted(found, key=lambda name: -name[1])[:width]
        if tokens.shape[1] > limit:
            break
        worst = found[-1][1] if len(found) == width else -math.inf
        longer = sums[:, 1:].flatten()  # (B * (V - 1),)
        scores, places = longer.topk(min(width, len(longer)))
        scores, places = scores[scores > worst], places[scores > worst].to(tokens.device)
        rows, letters = places // (sums.shape[1] - 1), 1 + places % (sums.shape[1] - 1)
        tokens = torch.cat([tokens[rows], letters[:, None]], 1)
        reader.select(rows)
    return [(name, score) for name, score in found if score > -math.inf]
