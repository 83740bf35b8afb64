"""What each process computes of a minibatch, without any processes."""

import pytest
import torch

from mmhelpers.data import Vocabulary, pad_names
from mmhelpers.losses import cross_entropy
from mmhelpers.makemore.distributed import Group, Share
from mmhelpers.models import build


def group(monkeypatch, rank, size):
    """Gives a process's group, whose messages go nowhere."""
    alone = Group(torch.device("cpu"))
    monkeypatch.setattr(alone, "rank", rank)
    monkeypatch.setattr(alone, "size", size)
    monkeypatch.setattr(alone, "add_up", lambda tensor: None)
    return alone


@pytest.mark.parametrize("names", [1, 2, 3, 5])  # a very long name may be a part of its own
def test_the_shares_add_up_to_the_gradient_of_all(monkeypatch, names):
    words = ["ada", "bob", "abba", "ed", "baobab"][:names]
    vocabulary = Vocabulary(["adbeo"])
    model = build("rnn", len(vocabulary), torch.Generator().manual_seed(1), block_size=8)
    x, y = pad_names(words, vocabulary, 8)
    wanted = torch.autograd.grad(cross_entropy(model(x), y), model.parameters())
    sums = [torch.zeros_like(p) for p in wanted]
    for rank in range(3):
        own = group(monkeypatch, rank, 3)
        loss = own.loss(Share(model, own)(x), y)
        for total, part in zip(sums, torch.autograd.grad(loss, model.parameters()), strict=True):
            total += part
    for total, part in zip(sums, wanted, strict=True):
        torch.testing.assert_close(total, part)
