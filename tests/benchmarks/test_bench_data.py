"""build_dataset against the double loop over names and characters."""

import pytest
import torch

from mmhelpers.data import Vocabulary, build_dataset, load_names

BLOCK_SIZE = 8


def plain(words, vocabulary):
    """All examples, one character at a time."""
    inputs, targets = [], []
    for word in words:
        window = [0] * BLOCK_SIZE
        for character in word + ".":
            index = vocabulary.stoi[character]
            inputs.append(window)
            targets.append(index)
            window = window[1:] + [index]
    return torch.tensor(inputs), torch.tensor(targets)


def ours(words, vocabulary):
    """All examples, by build_dataset."""
    return build_dataset(words, vocabulary, BLOCK_SIZE)


@pytest.mark.benchmark(group=f"data set of the whole list, context {BLOCK_SIZE}")
@pytest.mark.parametrize("way, other", [(plain, ours), (ours, plain)], ids=["plain", "ours"])
def test_build_dataset(in_turns, way, other):
    words = load_names().words
    vocabulary = Vocabulary(words)
    in_turns(
        lambda: way(words, vocabulary),
        lambda: other(words, vocabulary),
        rounds=7,
        unit="data set",
    )
