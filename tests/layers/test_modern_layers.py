"""The parts of today's Transformer: equal to torch's, and what they promise."""

from itertools import product

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from in_double import close, double, draw
from torch import nn

from mmhelpers.layers import (
    GELU,
    LinearAttention,
    ModernBlock,
    RMSNorm,
    RotaryAttention,
    SwiGLU,
    TransformerBlock,
    angles,
    rotated,
)

some = settings(max_examples=15, deadline=None)
size = st.integers(1, 6)
heads = st.sampled_from([(1, 2), (2, 4), (3, 12), (4, 8)])  # (n_head, n_embd)


def same_gradients(given, expected, inputs):
    grads = [torch.autograd.grad(out.sin().sum(), inputs) for out in (given, expected)]
    for mine, its in zip(*grads, strict=True):
        close(mine, its)


@some
@given(B=size, C=size)
def test_rms_norm_equals_torch(B, C):
    layer, x = double(RMSNorm(C)), draw(B, 3, C)
    theirs = nn.RMSNorm(C, eps=1e-5)
    theirs.weight = nn.Parameter(layer.gamma.detach())
    close(layer(x), theirs(x))
    same_gradients(layer(x), F.rms_norm(x, (C,), layer.gamma, 1e-5), [x, layer.gamma])


@some
@given(B=size, n=size)
def test_swiglu_equals_torch(B, n):
    x = draw(B, 3, 2 * n)
    expected = F.silu(x[..., :n]) * x[..., n:]
    close(SwiGLU()(x), expected)
    same_gradients(SwiGLU()(x), expected, [x])


def turned_as_complex(x, first=0):
    """The pairs of x (…, T, D) as complex numbers, each times e to the i times its angle."""
    T, D = x.shape[-2:]
    rates = 100.0 ** (-torch.arange(D // 2, dtype=torch.float64) * 2 / D)
    angle = (torch.arange(T, dtype=torch.float64) + first)[:, None] * rates
    numbers = torch.view_as_complex(x.unflatten(-1, (D // 2, 2)).contiguous())
    return torch.view_as_real(numbers * torch.exp(1j * angle)).flatten(-2)


@some
@given(T=size, half=size, first=st.integers(0, 9))
def test_rotation_is_a_product_of_complex_numbers(T, half, first):
    x = draw(2, T, 2 * half)
    close(rotated(x, angles(first, first + T, 2 * half)), turned_as_complex(x, first))


def test_the_product_of_turned_ones_depends_on_the_distance_only():
    q, k = draw(8), draw(8, seed=1)
    turns = angles(0, 20, 8)
    products = [
        [rotated(q[None], turns[i, None]) @ rotated(k[None], turns[i + gap, None]).T
         for i in (0, 3, 11)] for gap in (0, 1, 5)
    ]  # fmt: skip
    for first, *others in products:
        for other in others:
            close(other, first)
    assert not torch.allclose(products[0][0], products[1][0])


@some
@given(B=size, T=size, shape=heads)
def test_rotary_attention_equals_torch(B, T, shape):
    n_head, C = shape
    layer, x = double(RotaryAttention(C, n_head)), draw(B, T, C)
    parts = (x @ layer.qkv.weight).split(C, -1)
    q, k, v = (part.unflatten(-1, (n_head, -1)).transpose(1, 2) for part in parts)
    mixed = F.scaled_dot_product_attention(
        turned_as_complex(q), turned_as_complex(k), v, is_causal=True
    )
    expected = mixed.transpose(1, 2).flatten(2) @ layer.project.weight
    close(layer(x), expected)
    same_gradients(layer(x), expected, [x, *layer.parameters()])


def test_odd_heads_cannot_be_turned():
    with pytest.raises(ValueError, match="2 heads of a width of 6 are 3 wide each: .* even"):
        RotaryAttention(6, 2)


PARTS = "rms_norm", "rotary", "swiglu", "zero_start"


@pytest.mark.parametrize("given_parts", product([False, True], repeat=4))
def test_every_part_alone_and_together(given_parts):
    parts = dict(zip(PARTS, given_parts, strict=True))
    block = ModernBlock(8, 2, generator=torch.Generator().manual_seed(1), **parts)
    plain = TransformerBlock(8, 2, generator=torch.Generator().manual_seed(1))
    assert isinstance(block.norm1, RMSNorm) == isinstance(block.norm2, RMSNorm) == parts["rms_norm"]
    assert isinstance(block.attention, RotaryAttention) == parts["rotary"]
    assert isinstance(block.mlp.layers[1], SwiGLU if parts["swiglu"] else GELU)
    x = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(2))
    assert torch.equal(block(x), x) == parts["zero_start"]
    assert torch.equal(block(x), plain(x)) == (not any(given_parts))
    biases = [name for name in block.state_dict() if "bias" in name or "beta" in name]
    assert len(biases) == 6 - 2 * sum(given_parts[:3])


@some
@given(B=size, T=size, shape=heads)
def test_linear_attention_is_a_recurrent_net(B, T, shape):
    n_head, C = shape
    layer, x = double(LinearAttention(C, n_head)), draw(B, T, C)
    close(layer(x), layer.recurrent(x))
    same_gradients(layer(x), layer.recurrent(x), [x, *layer.parameters()])
    q, k, v = layer.features(x)
    queries, keys, _ = layer.heads(x, 0)
    close(q, F.elu(queries) + 1)
    close(k, F.elu(keys) + 1)
    for t in range(T):  # what it says in words
        weights = (q[:, :, t, None] * k[:, :, : t + 1]).sum(-1)  # (B, n_head, t + 1)
        weights = weights / weights.sum(-1, keepdim=True)
        mixed = (weights.unsqueeze(-1) * v[:, :, : t + 1]).sum(2).flatten(1)
        close(layer(x)[:, t], layer.project(mixed))
