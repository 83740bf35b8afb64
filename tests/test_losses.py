"""Softmax and cross-entropy by hand against torch's, for every shape and size of logits."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhelpers.losses import cross_entropy, log_softmax, softmax

repeatable = settings(deadline=None, derandomize=True, database=None, max_examples=60)


@st.composite
def logits_and_targets(draw):
    """Gives logits (B, V) or (B, T, V) of small to huge size, and targets of which some are -1."""
    leading = draw(st.lists(st.integers(1, 6), min_size=1, max_size=2))
    vocab_size = draw(st.integers(1, 40))
    scale = draw(st.sampled_from([0.0, 1.0, 100.0, 1e4, 1e30]))
    g = torch.Generator().manual_seed(draw(st.integers(0, 1000)))
    logits = scale * torch.randn((*leading, vocab_size), generator=g)
    targets = torch.randint(-1, vocab_size, leading, generator=g)
    targets[(0,) * len(leading)] = 0  # at least one counts
    return logits, targets


def loss_and_gradient(loss, logits, targets):
    logits = logits.clone().requires_grad_()
    value = loss(logits, targets)
    value.backward()
    return value.detach(), logits.grad


def torchs(logits, targets):
    flat = logits.view(-1, logits.shape[-1])
    return F.cross_entropy(flat, targets.view(-1), ignore_index=-1)


@repeatable
@given(logits_and_targets())
def test_cross_entropy_is_torchs(example):
    ours = loss_and_gradient(cross_entropy, *example)
    theirs = loss_and_gradient(torchs, *example)
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-6)


@repeatable
@given(logits_and_targets())
def test_softmax_is_torchs(example):
    logits, _ = example
    torch.testing.assert_close(softmax(logits), logits.softmax(-1), rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(log_softmax(logits), logits.log_softmax(-1), rtol=1e-6, atol=1e-6)


def test_a_logit_of_100_overflows_nothing():
    logits = torch.tensor([[100.0, 0.0, -100.0]], requires_grad=True)
    loss = cross_entropy(logits, torch.tensor([2]))
    loss.backward()
    assert loss.item() == 200
    torch.testing.assert_close(logits.grad, torch.tensor([[1.0, 0.0, -1.0]]))


def test_padded_positions_have_no_say():
    g = torch.Generator().manual_seed(1)
    logits, targets = torch.randn((2, 3, 5), generator=g), torch.tensor([[1, 2, -1], [4, -1, -1]])
    counted = targets >= 0
    padded = cross_entropy(logits, targets)
    assert torch.isclose(padded, cross_entropy(logits[counted], targets[counted]))
    _, gradient = loss_and_gradient(cross_entropy, logits, targets)
    assert not gradient[~counted].any()


def test_shapes_that_do_not_match_are_refused():
    with pytest.raises(ValueError, match=r"logits \(4, 5\) need targets \(4,\), not \(5,\)"):
        cross_entropy(torch.zeros(4, 5), torch.zeros(5, dtype=torch.int64))
