"""Draw new names from a model."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from mmhelpers.data import Vocabulary
from mmhelpers.layers import Layer
from mmhelpers.losses import softmax

MAX_LENGTH = 100  # a model that never ends a name is stopped here


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
    was_training = model.training
    model.eval()
    names = [_sample_name(model, vocabulary, generator, draw) for _ in range(count)]
    model.train(was_training)
    return names


def _sample_name(
    model: Layer,
    vocabulary: Vocabulary,
    generator: Generator | None,
    draw: Callable[[Tensor, Generator | None], int],
) -> str:
    device = next(iter(model.state_dict().values())).device
    context, name = [0] * model.block_size, []
    while len(name) < MAX_LENGTH:
        probs = softmax(model(torch.tensor([context], device=device)))[0]  # (V,)
        index = draw(probs, generator)
        if index == 0:
            break
        name.append(index)
        context = context[1:] + [index]
    return vocabulary.decode(name)
