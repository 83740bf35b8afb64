"""AdamW by hand: equal to torch's, and exact when it is taken up again."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhelpers.optim import AdamW, cosine_schedule


def draw(shapes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()
        for shape in shapes
    ]


def walk(optimizer, parameters, steps, first=0):
    """Gives the parameters after steps on random gradients."""
    for step in range(first, first + steps):
        generator = torch.Generator().manual_seed(1000 + step)
        for p in parameters:
            p.grad = torch.randn(p.shape, generator=generator, dtype=p.dtype)
        optimizer.step()
    return parameters


shapes = st.lists(st.lists(st.integers(1, 5), max_size=3).map(tuple), min_size=1, max_size=4)


@settings(max_examples=30, deadline=None)
@given(shapes, st.floats(1e-4, 0.1), st.sampled_from([0.0, 0.01, 0.5]), st.floats(0.5, 0.99))
def test_equals_torch(shapes, lr, decay, b1):
    options = {"lr": lr, "betas": (b1, 0.99), "eps": 1e-8, "weight_decay": decay}
    ours, theirs = draw(shapes), draw(shapes)
    walk(AdamW(ours, **options), ours, 20)
    walk(torch.optim.AdamW(theirs, **options), theirs, 20)
    for mine, its in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, its, rtol=1e-12, atol=1e-12)


def test_taken_up_again_is_exact():
    schedule = cosine_schedule(0.1, 20, warmup=3)
    whole = draw([(3, 2), (4,)])
    walk(AdamW(whole, schedule), whole, 20)
    parts = draw([(3, 2), (4,)])
    before, after = AdamW(parts, schedule), AdamW(parts, schedule)
    walk(before, parts, 7)
    after.load_state_dict(before.state_dict())
    walk(after, parts, 13, first=7)
    assert all(map(torch.equal, whole, parts))


def test_parameters_that_were_given_other_memory_go_on():
    whole, moved = draw([(3, 2), (4,)]), draw([(3, 2), (4,)])
    walk(AdamW(whole, 0.1), whole, 8)
    optimizer = AdamW(moved, 0.1)
    walk(optimizer, moved, 5)
    for p in moved:
        p.data = p.data.clone()
    walk(optimizer, moved, 3, first=5)
    assert all(map(torch.equal, whole, moved))


def test_parameters_that_become_double_go_on_in_double():
    ours, theirs = draw([(3, 2), (4,)]), draw([(3, 2), (4,)])
    for p in ours:
        p.data = p.data.float()
    optimizer = AdamW(ours, 0.1)
    for p, its in zip(ours, theirs, strict=True):
        p.data = its.data.clone()
    walk(optimizer, ours, 8)
    walk(torch.optim.AdamW(theirs, 0.1, weight_decay=0.01), theirs, 8)
    for p, q in zip(ours, theirs, strict=True):
        torch.testing.assert_close(p, q, rtol=1e-12, atol=1e-12)


def test_another_shape_is_refused():
    state = AdamW(draw([(3, 2)]), 0.1).state_dict()
    with pytest.raises(ValueError, match="does not fit"):
        AdamW(draw([(2, 4)]), 0.1).load_state_dict(state)


def test_of_no_parameters():
    optimizer = AdamW([], 0.1)
    optimizer.steps = 1
    state, other = optimizer.state_dict(), AdamW([], 0.1)
    other.load_state_dict(state)
    assert other.steps == 1 and state["mean"].numel() == state["square"].numel() == 0
    with pytest.raises(ValueError, match="does not fit"):
        other.load_state_dict(AdamW(draw([(2, 3)]), 0.1).state_dict())


def test_spared_vectors_do_not_decay():
    """Without gradients only a decaying tensor moves."""
    tensors = [torch.full(shape, 2.0, requires_grad=True) for shape in ((2, 3), (3,))]
    for tensor in tensors:
        tensor.grad = torch.zeros_like(tensor)
    optimizer = AdamW(tensors, lr=0.1, weight_decay=0.5, spare=True)
    optimizer.step()
    matrix, vector = tensors
    assert torch.allclose(matrix, torch.full((2, 3), 2 * (1 - 0.1 * 0.5)))
    assert torch.equal(vector, torch.full((3,), 2.0))
