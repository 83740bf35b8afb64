"""A training step of notebook 04 with the gradients by hand, against the same with autograd."""

import pytest
import torch
import torch.nn.functional as F

from mmhelpers.data import Vocabulary, build_dataset, load_names
from mmhelpers.losses import batch_norm_backward

STEPS = 1000
B = 32


def fresh(vocab_size):
    """The parameters of notebook 04, and the generator of their minibatches."""
    g = torch.Generator().manual_seed(2147483647)
    shapes = (vocab_size, 10), (30, 200), (200,), (200, vocab_size), (vocab_size,)
    C, W1, b1, W2, b2 = (torch.randn(shape, generator=g) for shape in shapes)
    drawn = [C, W1 * (5 / 3) / 30**0.5, b1 * 0.1, W2 * 0.1, b2 * 0.1]
    return [*drawn, torch.ones((1, 200)), torch.zeros((1, 200))], g


def by_hand(X, Y, vocab_size):
    """STEPS steps of notebook 04's loop; the losses."""
    parameters, g = fresh(vocab_size)
    C, W1, b1, W2, b2, bngain, bnbias = parameters
    losses, rows = [], torch.arange(B)
    for _ in range(STEPS):
        ix = torch.randint(0, len(X), (B,), generator=g)
        Xb, Yb = X[ix], Y[ix]
        embcat = C[Xb].view(B, -1)  # (B, T * n_embd)
        hprebn = embcat @ W1 + b1  # (B, H)
        bnmeani, bnvar = hprebn.mean(0, keepdim=True), hprebn.var(0, keepdim=True)
        bnvar_inv = (bnvar + 1e-5) ** -0.5
        bnraw = (hprebn - bnmeani) * bnvar_inv
        h = torch.tanh(bngain * bnraw + bnbias)
        logits = h @ W2 + b2  # (B, V)
        losses.append(F.cross_entropy(logits, Yb).item())
        dlogits = F.softmax(logits, 1)
        dlogits[rows, Yb] -= 1
        dlogits /= B
        dh, dW2, db2 = dlogits @ W2.T, h.T @ dlogits, dlogits.sum(0)
        dhpreact = (1 - h * h) * dh
        dhprebn, dbngain, dbnbias = batch_norm_backward(dhpreact, bnraw, bnvar_inv, bngain)
        dembcat, dW1, db1 = dhprebn @ W1.T, embcat.T @ dhprebn, dhprebn.sum(0)
        dC = torch.zeros_like(C).index_add_(0, Xb.flatten(), dembcat.view(-1, 10))
        for p, dp in zip(parameters, (dC, dW1, db1, dW2, db2, dbngain, dbnbias), strict=True):
            p += -0.1 * dp
    return losses


def by_autograd(X, Y, vocab_size):
    """The same with `backward`, as the lectures write it; the losses."""
    parameters, g = fresh(vocab_size)
    C, W1, b1, W2, b2, bngain, bnbias = parameters
    for p in parameters:
        p.requires_grad = True
    losses = []
    for _ in range(STEPS):
        ix = torch.randint(0, len(X), (B,), generator=g)
        hprebn = C[X[ix]].view(B, -1) @ W1 + b1
        bnmeani, bnvar = hprebn.mean(0, keepdim=True), hprebn.var(0, keepdim=True)
        bnraw = (hprebn - bnmeani) * (bnvar + 1e-5) ** -0.5
        logits = torch.tanh(bngain * bnraw + bnbias) @ W2 + b2
        loss = F.cross_entropy(logits, Y[ix])
        for p in parameters:
            p.grad = None
        loss.backward()
        for p in parameters:
            p.data += -0.1 * p.grad
        losses.append(loss.item())
    return losses


@pytest.mark.benchmark(group=f"{STEPS} training steps of notebook 04: by hand or with autograd")
@pytest.mark.parametrize(
    ("way", "other"), [(by_hand, by_autograd), (by_autograd, by_hand)], ids=["hand", "autograd"]
)
def test_backprop(in_turns, way, other):
    words = load_names().words
    vocabulary = Vocabulary(words)
    data = (*build_dataset(words, vocabulary, 3), len(vocabulary))
    first, second = torch.tensor(way(*data)), torch.tensor(other(*data))
    assert (first[:200] - second[:200]).abs().max() < 1e-4  # the same work, until rounding grows
    in_turns(lambda: way(*data), lambda: other(*data), rounds=5, per_round=STEPS, unit="step")
