"""minGRU and its scan: equal to a loop over the positions, forward and backward, and causal."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from in_double import close, double, draw

from mmhelpers.layers import MinGRU, scan

some = settings(max_examples=20, deadline=None)
size = st.integers(1, 4)
lengths = st.integers(1, 20)


def by_loop(layer, x):
    """The same layer, one position after the other."""
    h, outputs = layer.start.expand(len(x), -1), []
    for t in range(x.shape[1]):
        z, n = layer.inputs(x[:, t]).chunk(2, -1)
        h = z.sigmoid() * h + (1 - z.sigmoid()) * n
        outputs.append(h)
    return torch.stack(outputs, 1)


@some
@given(B=size, T=lengths, n_in=size, n_hidden=size)
def test_equals_its_loop(B, T, n_in, n_hidden):
    layer, x = double(MinGRU(n_in, n_hidden)), draw(B, T, n_in)
    given, expected = layer(x), by_loop(layer, x)
    close(given, expected)
    tensors = [x, *layer.parameters()]
    assert len(tensors) == 4
    back = draw(B, T, n_hidden, seed=3).detach()
    gradients = (torch.autograd.grad(out, tensors, back) for out in (given, expected))
    for mine, its in zip(*gradients, strict=True):
        close(mine, its)


@some
@given(B=size, T=lengths, C=size)
def test_scan_joins_all_steps_so_far(B, T, C):
    keep, add, h = draw(B, T, C).detach(), draw(B, T, C, seed=1).detach(), draw(B, C, seed=2)
    joined_keep, joined_add = scan(keep, add)
    state = h.detach()
    for t in range(T):
        state = keep[:, t] * state + add[:, t]
        close(joined_keep[:, t] * h.detach() + joined_add[:, t], state)


def test_scan_leaves_what_it_is_given():
    keep, add = torch.full((1, 3, 1), 0.5), torch.ones(1, 3, 1)
    joined = scan(keep, add)
    assert [part.flatten().tolist() for part in joined] == [[0.5, 0.25, 0.125], [1, 1.5, 1.75]]
    assert (keep == 0.5).all() and (add == 1).all()


def test_is_causal():
    layer, x = double(MinGRU(4, 4)), draw(2, 7, 4)
    for t in range(7):
        (gradient,) = torch.autograd.grad(layer(x)[:, t].sum(), x)
        assert not gradient[:, t + 1 :].any() and gradient[:, : t + 1].any(-1).all()


@pytest.mark.parametrize(("gate", "kept"), [(50.0, 1.0), (-50.0, 0.0)])
def test_z_says_what_stays(gate, kept):
    layer = MinGRU(1, 1)
    layer.inputs.weight.data = torch.tensor([[0.0, 1.0]])  # z, n
    layer.inputs.bias.data[0] = gate
    layer.start.data.fill_(7.0)
    x = torch.tensor([[[2.0], [3.0]]])
    assert torch.allclose(layer(x), kept * 7 + (1 - kept) * x)
