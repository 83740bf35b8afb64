"""The hand-written backward passes, against autograd and against finite differences."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from mmhelpers.losses import (
    batch_norm_backward,
    cross_entropy,
    cross_entropy_backward,
    embedding_backward,
    linear_backward,
    tanh_backward,
)

EPS = 1e-5
sizes = st.integers(1, 9)
seeds = st.integers(0, 2**32 - 1)
dtypes = st.sampled_from([torch.float32, torch.float64])
over_shapes = settings(max_examples=40, deadline=None)


def normal(seed, dtype, *shape):
    """A random tensor that wants a gradient, and is the same for the same seed."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=dtype).requires_grad_()


def assert_equal_gradients(by_hand, out, dout, inputs):
    """Holds gradients by hand against autograd's, to the last bits of their precision."""
    expected = torch.autograd.grad(out, inputs, dout)
    for mine, theirs in zip(by_hand, expected, strict=True):
        assert mine.shape == theirs.shape and mine.dtype == theirs.dtype
        scale = max(1, theirs.abs().max().item())
        assert (mine - theirs).abs().max().item() <= 64 * torch.finfo(mine.dtype).eps * scale


def batch_norm(x, gamma, beta):
    """The forward pass that `batch_norm_backward` belongs to, and what it wants of it."""
    inv_std = (x.var(0, keepdim=True) + EPS) ** -0.5
    normalised = (x - x.mean(0, keepdim=True)) * inv_std
    return gamma * normalised + beta, normalised, inv_std


class CrossEntropyByHand(torch.autograd.Function):
    """Cross-entropy with our backward pass in place of autograd's."""

    @staticmethod
    def forward(ctx, logits, targets):
        ctx.save_for_backward(logits, targets)
        return cross_entropy(logits, targets)

    @staticmethod
    def backward(ctx, dloss):
        return dloss * cross_entropy_backward(*ctx.saved_tensors), None


class BatchNormByHand(torch.autograd.Function):
    """Batch normalisation with our backward pass in place of autograd's."""

    @staticmethod
    def forward(ctx, x, gamma, beta):
        out, normalised, inv_std = batch_norm(x, gamma, beta)
        ctx.save_for_backward(normalised, inv_std, gamma)
        return out

    @staticmethod
    def backward(ctx, dout):
        return batch_norm_backward(dout, *ctx.saved_tensors)


@over_shapes
@given(sizes, sizes, seeds, dtypes)
def test_cross_entropy(n, vocab_size, seed, dtype):
    logits = normal(seed, dtype, n, vocab_size)
    targets = torch.randint(0, vocab_size, (n,), generator=torch.Generator().manual_seed(seed))
    by_hand = cross_entropy_backward(logits.detach(), targets)
    loss = F.cross_entropy(logits, targets)
    assert_equal_gradients([by_hand], loss, torch.ones_like(loss), [logits])


@over_shapes
@given(sizes, sizes, sizes, seeds, dtypes)
def test_cross_entropy_of_padded_sequences(n, length, vocab_size, seed, dtype):
    logits = normal(seed, dtype, n, length, vocab_size)
    generator = torch.Generator().manual_seed(seed)
    targets = torch.randint(-1, vocab_size, (n, length), generator=generator)
    targets[0, 0] = 0  # one at least has to count
    by_hand = cross_entropy_backward(logits.detach(), targets)
    loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1)
    assert_equal_gradients([by_hand], loss, torch.ones_like(loss), [logits])
    assert (by_hand[targets < 0] == 0).all()


def test_cross_entropy_keeps_its_input_and_survives_large_logits():
    logits = torch.tensor([[1000.0, 0.0], [0.0, -1000.0]])
    before = logits.clone()
    assert cross_entropy_backward(logits, torch.tensor([1, 0])).tolist() == [[0.5, -0.5], [0, 0]]
    assert torch.equal(logits, before)


@over_shapes
@given(sizes, sizes, sizes, seeds, dtypes)
def test_linear(n, fan_in, fan_out, seed, dtype):
    x, weight = normal(seed, dtype, n, fan_in), normal(seed + 1, dtype, fan_in, fan_out)
    bias, dout = normal(seed + 2, dtype, fan_out), normal(seed + 3, dtype, n, fan_out)
    by_hand = linear_backward(dout.detach(), x.detach(), weight.detach())
    assert_equal_gradients(by_hand, x @ weight + bias, dout, [x, weight, bias])


@over_shapes
@given(sizes, sizes, seeds, dtypes)
def test_tanh(n, dim, seed, dtype):
    x, dout = normal(seed, dtype, n, dim), normal(seed + 1, dtype, n, dim)
    out = torch.tanh(x)
    assert_equal_gradients([tanh_backward(dout.detach(), out.detach())], out, dout, [x])


@over_shapes
@given(st.integers(3, 40), sizes, seeds, dtypes, st.booleans())
def test_batch_norm(n, dim, seed, dtype, flat):
    x, dout = normal(seed, dtype, n, dim), normal(seed + 1, dtype, n, dim).detach()
    shape = (dim,) if flat else (1, dim)
    gamma, beta = normal(seed + 2, dtype, *shape), normal(seed + 3, dtype, *shape)
    out, normalised, inv_std = batch_norm(x, gamma, beta)
    by_hand = batch_norm_backward(dout, normalised.detach(), inv_std.detach(), gamma.detach())
    # Where a feature hardly varies in the batch its gradient is large, and so is its rounding.
    scale = inv_std.max().item() ** 2
    assert_equal_gradients([g / scale for g in by_hand], out / scale, dout, [x, gamma, beta])


@over_shapes
@given(sizes, sizes, sizes, sizes, seeds, dtypes)
def test_embedding(n, length, num_embeddings, n_embd, seed, dtype):
    table, dout = (
        normal(seed, dtype, num_embeddings, n_embd),
        normal(seed, dtype, n, length, n_embd),
    )
    generator = torch.Generator().manual_seed(seed)
    indices = torch.randint(0, num_embeddings, (n, length), generator=generator)
    by_hand = embedding_backward(dout.detach(), indices, num_embeddings)
    assert_equal_gradients([by_hand], table[indices], dout, [table])


@pytest.mark.parametrize("seed", range(5))
def test_cross_entropy_against_finite_differences(seed):
    logits = normal(seed, torch.float64, 4, 6)
    targets = torch.tensor([0, 5, 2, -1])
    assert torch.autograd.gradcheck(CrossEntropyByHand.apply, (logits, targets))


@pytest.mark.parametrize("n", [2, 3, 8])
@pytest.mark.parametrize("seed", range(5))
def test_batch_norm_against_finite_differences(n, seed):
    x = normal(seed, torch.float64, n, 4)
    gamma, beta = normal(seed + 10, torch.float64, 4), normal(seed + 20, torch.float64, 4)
    assert torch.autograd.gradcheck(BatchNormByHand.apply, (x, gamma, beta))
