"""A training step of notebook 02's MLP against the same loop with nothing around it."""

import pytest
import torch
import torch.nn.functional as F

from mmhelpers.data import Vocabulary, build_dataset, load_names
from mmhelpers.models import MLP
from mmhelpers.optim import SGD
from mmhelpers.training import train

STEPS = 1000
BATCH = 32


def seeded():
    return torch.Generator().manual_seed(2147483647)


def plain(X, Y, vocab_size):
    """STEPS steps spelled out, as one writes them in a notebook; the losses."""
    g = seeded()
    C = torch.randn((vocab_size, 10), generator=g)
    W1 = torch.randn((30, 200), generator=g)
    b1 = torch.randn(200, generator=g)
    W2 = torch.randn((200, vocab_size), generator=g)
    b2 = torch.randn(vocab_size, generator=g)
    weights = [C, W1, b1, W2, b2]
    for p in weights:
        p.requires_grad = True
    losses = []
    for _ in range(STEPS):
        rows = torch.randint(0, X.shape[0], (BATCH,), generator=g)
        emb = C[X[rows]]  # (B, T, n_embd)
        h = torch.tanh(emb.view(-1, 30) @ W1 + b1)  # (B, n_hidden)
        loss = F.cross_entropy(h @ W2 + b2, Y[rows])
        for p in weights:
            p.grad = None
        loss.backward()
        for p in weights:
            p.data += -0.1 * p.grad
        losses.append(loss.item())
    return losses


def ours(X, Y, vocab_size):
    """The same steps by train; the losses."""
    g = seeded()
    model = MLP(vocab_size, generator=g)
    optimizer = SGD(model.parameters(), lr=0.1)
    return train(
        model, (X, Y), STEPS, optimizer, BATCH, g, loss=F.cross_entropy, progress=False
    ).loss


@pytest.mark.benchmark(group=f"{STEPS} training steps of the MLP of notebook 02")
@pytest.mark.parametrize("way, other", [(plain, ours), (ours, plain)], ids=["plain", "ours"])
def test_training(in_turns, way, other):
    words = load_names().words
    vocabulary = Vocabulary(words)
    data = (*build_dataset(words, vocabulary, 3), len(vocabulary))
    assert way(*data) == other(*data)  # the same work, to the last digit
    in_turns(lambda: way(*data), lambda: other(*data), rounds=7, per_round=STEPS, unit="step")
