"""Gradient descent against torch's, and the learning-rate schedule at its boundaries."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhelpers.optim import SGD, cosine_schedule, step_schedule

repeatable = settings(deadline=None, derandomize=True, database=None, max_examples=40)
SHAPES = [(3, 4), (4,), ()]


def tensors(seed):
    g = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=g).requires_grad_() for shape in SHAPES]


def losses(parameters, optimizer, steps=20):
    """Gives the losses of a small curved problem, whose gradient is another at every step."""
    result = []
    for _ in range(steps):
        loss = sum((p - 1).square().sum() + p.sin().sum() for p in parameters)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        result.append(loss.item())
    return result


@repeatable
@given(st.integers(0, 1000), st.floats(1e-4, 0.3))
def test_sgd_is_torchs(seed, lr):
    ours, theirs = tensors(seed), tensors(seed)
    by_hand = losses(ours, SGD(ours, lr))
    by_torch = losses(theirs, torch.optim.SGD(theirs, lr))
    torch.testing.assert_close(by_hand, by_torch, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_sgd_is_the_lectures_update_to_the_last_bit():
    ours, plain = tensors(1), tensors(1)
    losses(ours, SGD(ours, 0.1))
    for _ in range(20):
        loss = sum((p - 1).square().sum() + p.sin().sum() for p in plain)
        for p in plain:
            p.grad = None
        loss.backward()
        for p in plain:
            p.data += -0.1 * p.grad
    assert all(torch.equal(a, b) for a, b in zip(ours, plain, strict=True))


def test_sgd_follows_its_schedule():
    w = torch.zeros(1, requires_grad=True)
    optimizer = SGD([w], step_schedule(1.0, {2: 0.5}))
    places = []
    for _ in range(4):
        optimizer.zero_grad()
        w.sum().backward()
        optimizer.step()
        places.append(w.item())
    assert places == [-1.0, -2.0, -2.5, -3.0]


def test_sgd_takes_parameters_once_from_a_generator():
    w = torch.ones(1, requires_grad=True)
    optimizer = SGD((p for p in [w]), 0.1)
    assert optimizer.parameters == [w]


@pytest.mark.parametrize(
    ("step", "lr"),
    [(0, 0.1), (99_999, 0.1), (100_000, 0.01), (149_999, 0.01), (150_000, 0.001), (10**9, 0.001)],
)
def test_step_schedule_at_its_boundaries(step, lr):
    # Given in the wrong order on purpose.
    assert step_schedule(0.1, {150_000: 0.001, 100_000: 0.01})(step) == lr


def test_step_schedule_without_changes_is_constant():
    assert {step_schedule(0.1, {})(step) for step in (0, 1, 10**6)} == {0.1}


def test_a_change_at_step_0_replaces_the_first_rate():
    assert step_schedule(0.1, {0: 0.5})(0) == 0.5


def test_cosine_schedule():
    lr = cosine_schedule(0.4, steps=12, warmup=2, final=0.1)
    assert [lr(step) for step in (0, 1, 2)] == pytest.approx([0.2, 0.4, 0.4])
    assert [lr(step) for step in (7, 12, 99)] == pytest.approx([0.25, 0.1, 0.1])


def test_cosine_schedule_equals_torchs():
    w = torch.zeros(1, requires_grad=True)
    theirs = torch.optim.SGD([w], lr=0.4)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(theirs, T_max=20, eta_min=0.1)
    ours = cosine_schedule(0.4, steps=20, final=0.1)
    for step in range(20):
        assert ours(step) == pytest.approx(scheduler.get_last_lr()[0])
        theirs.step()
        scheduler.step()
