"""One character from the probabilities of the next, as they are or sharpened."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from mmhelpers.losses import softmax


def multinomial(probs: Tensor, generator: Generator | None = None) -> int:
    """An index drawn with the probabilities (V,), by torch.  Built in notebook 01."""
    return int(torch.multinomial(probs.cpu(), 1, generator=generator))


def inverse_cdf(probs: Tensor, generator: Generator | None = None) -> int:
    """An index drawn with the probabilities (V,): where a uniform number falls in their sums.

    Restores the names of the lecture's video, which `torch.multinomial` no longer gives.
    Built in notebook 01.
    """
    uniform = torch.rand(1, dtype=torch.float64, generator=generator)
    sums = probs.cpu().double().cumsum(0)
    return min(int(torch.searchsorted(sums / sums[-1], uniform)), len(probs) - 1)


def sharpen(
    logits: Tensor,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
) -> Tensor:
    """Probabilities (…, V) of logits (…, V), made surer or more daring.

    The logits are divided by `temperature`; only the `top_k` likeliest characters stay, of which
    only the likeliest that together reach `top_p`, of which only those that are at least `min_p`
    times as likely as the likeliest.  Raises ValueError where one can't be.  Built in notebook 09
    (Fan et al. 2018; Holtzman et al. 2020; Nguyen et al. 2024).
    """
    if not 0 < temperature < math.inf:
        raise ValueError(f"temperature is {temperature}: it must be above 0")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top-k is {top_k}: it must be at least 1")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top-p is {top_p}: it must be above 0 and at most 1")
    if min_p is not None and not 0 <= min_p <= 1:
        raise ValueError(f"min-p is {min_p}: it must be from 0 to 1")
    # The largest first at 0, so that a tiny temperature does not divide to infinity minus itself.
    shifted = logits - logits.amax(-1, keepdim=True)
    temperature = max(temperature, torch.finfo(logits.dtype).tiny)  # less would become 0
    probs, order = softmax(shifted / temperature).sort(dim=-1, descending=True, stable=True)
    if top_k is not None:
        probs[..., top_k:] = 0
        probs = probs / probs.sum(-1, keepdim=True)
    if top_p is not None:
        probs = probs * (probs.cumsum(-1) - probs < top_p)  # the one that reaches it stays
        probs = probs / probs.sum(-1, keepdim=True)
    if min_p is not None:
        probs = probs * (probs >= min_p * probs[..., :1])
        probs = probs / probs.sum(-1, keepdim=True)
    return torch.zeros_like(probs).scatter(-1, order, probs)
