"""The layers for sequences: equal to torch.nn's, forward and backward, and causal."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from in_double import close, double, draw
from torch import nn

from mmhelpers.layers import (
    GELU,
    Cache,
    CausalAverage,
    CausalConv1d,
    CausalSelfAttention,
    GRUCell,
    Layer,
    LayerNorm,
    LSTMCell,
    ModernBlock,
    Recurrent,
    RNNCell,
    RotaryAttention,
    TransformerBlock,
)

some = settings(max_examples=15, deadline=None)
size = st.integers(1, 6)
heads = st.sampled_from([(1, 3), (2, 4), (3, 6), (4, 8)])  # (n_head, n_embd)


def backward(*outputs):
    """Sends different random gradients back from the outputs, the same on each call."""
    grads = [draw(*out.shape, seed=i + 7).detach() for i, out in enumerate(outputs)]
    torch.autograd.backward(outputs, grads)


def copy(ours, theirs, pairs):
    """Gives theirs our weights; `pairs` are (our tensor, their name, transposed)."""
    theirs.double()
    for tensor, name, transposed in pairs:
        value = tensor.detach().T if transposed else tensor.detach()
        theirs.get_parameter(name).data.copy_(value)
    return theirs


def compare_gradients(theirs, pairs):
    for tensor, name, transposed in pairs:
        grad = theirs.get_parameter(name).grad
        close(tensor.grad, grad.T if transposed else grad)


CELLS = {
    RNNCell: (nn.RNNCell, nn.RNN),
    GRUCell: (nn.GRUCell, nn.GRU),
    LSTMCell: (nn.LSTMCell, nn.LSTM),
}


def cell_pairs(cell, suffix=""):
    pairs = [
        (cell.inputs.weight, f"weight_ih{suffix}", True),
        (cell.hidden.weight, f"weight_hh{suffix}", True),
        (cell.inputs.bias, f"bias_ih{suffix}", False),
    ]
    return pairs


def torch_cell(cell, suffix, theirs):
    """Gives torch's, with our weights; of its second bias only the GRU's candidate has use."""
    theirs = copy(cell, theirs, cell_pairs(cell, suffix))
    second = theirs.get_parameter(f"bias_hh{suffix}").data.zero_()
    if isinstance(cell, GRUCell):
        second[2 * cell.n_hidden :] = cell.candidate_bias.detach()
    return theirs


def compare_cell_gradients(cell, suffix, theirs):
    compare_gradients(theirs, cell_pairs(cell, suffix))
    if isinstance(cell, GRUCell):
        second = theirs.get_parameter(f"bias_hh{suffix}").grad
        close(cell.candidate_bias.grad, second[2 * cell.n_hidden :])


@pytest.mark.parametrize("kind", CELLS)
@some
@given(B=size, n_in=size, n_hidden=size)
def test_cell_equals_torch(kind, B, n_in, n_hidden):
    cell = double(kind(n_in, n_hidden))
    theirs = torch_cell(cell, "", CELLS[kind][0](n_in, n_hidden))
    ours_in = [draw(B, n_in), *[draw(B, n_hidden, seed=i + 1) for i in range(cell.n_states)]]
    their_in = [t.detach().clone().requires_grad_() for t in ours_in]
    state = their_in[1:]
    expected = theirs(their_in[0], tuple(state) if kind is LSTMCell else state[0])
    expected = expected if kind is LSTMCell else (expected,)
    given = cell(*ours_in)
    for mine, its in zip(given, expected, strict=True):
        close(mine, its)
    backward(*given)
    backward(*expected)
    compare_cell_gradients(cell, "", theirs)
    for mine, its in zip(ours_in, their_in, strict=True):
        close(mine.grad, its.grad)


@pytest.mark.parametrize("kind", CELLS)
@some
@given(B=size, T=size, n_in=size, n_hidden=size)
def test_recurrent_equals_torch(kind, B, T, n_in, n_hidden):
    layer = double(Recurrent(kind(n_in, n_hidden)))
    cell = layer.cell
    theirs = torch_cell(cell, "_l0", CELLS[kind][1](n_in, n_hidden, batch_first=True))
    x = draw(B, T, n_in)
    start = layer.start.detach().clone().requires_grad_()
    state = start[:, None].expand(-1, B, -1).contiguous()
    expected, _ = theirs(x, (state[:1], state[1:]) if kind is LSTMCell else state)
    given = layer(x)
    close(given, expected)
    backward(given)
    backward(expected)
    compare_cell_gradients(cell, "_l0", theirs)
    close(layer.start.grad, start.grad)


@some
@given(B=size, T=size, n_in=size, n_out=size, kernel=st.integers(1, 4), dilation=st.integers(1, 4))
def test_conv_equals_torch(B, T, n_in, n_out, kernel, dilation):
    layer = double(CausalConv1d(n_in, n_out, kernel, dilation))
    theirs = nn.Conv1d(n_in, n_out, kernel, dilation=dilation).double()
    # ours (kernel * n_in, n_out), theirs (n_out, n_in, kernel)
    theirs.weight.data.copy_(
        layer.linear.weight.detach().view(kernel, n_in, n_out).permute(2, 1, 0)
    )
    theirs.bias.data.copy_(layer.linear.bias.detach())
    x = draw(B, T, n_in)
    padded = nn.functional.pad(x.transpose(1, 2), ((kernel - 1) * dilation, 0))
    given, expected = layer(x), theirs(padded).transpose(1, 2)
    close(given, expected)
    backward(given)
    backward(expected)
    close(layer.linear.weight.grad.view(kernel, n_in, n_out), theirs.weight.grad.permute(2, 1, 0))
    close(layer.linear.bias.grad, theirs.bias.grad)


def attention_pairs(layer, prefix=""):
    return [
        (layer.qkv.weight, f"{prefix}in_proj_weight", True),
        (layer.qkv.bias, f"{prefix}in_proj_bias", False),
        (layer.project.weight, f"{prefix}out_proj.weight", True),
        (layer.project.bias, f"{prefix}out_proj.bias", False),
    ]


def future(T):
    return torch.full((T, T), -torch.inf, dtype=torch.float64).triu(1)


@some
@given(B=size, T=size, shape=heads)
def test_attention_equals_torch(B, T, shape):
    n_head, C = shape
    layer = double(CausalSelfAttention(C, n_head))
    theirs = nn.MultiheadAttention(C, n_head, batch_first=True)
    theirs = copy(layer, theirs, attention_pairs(layer))
    x = draw(B, T, C)
    given = layer(x)
    expected, weights = theirs(x, x, x, attn_mask=future(T), average_attn_weights=False)
    close(given, expected)
    close(layer.weights, weights)
    backward(given)
    backward(expected)
    compare_gradients(theirs, attention_pairs(layer))


@some
@given(B=size, T=size, shape=heads)
def test_block_equals_torch(B, T, shape):
    n_head, C = shape
    block = double(TransformerBlock(C, n_head))
    theirs = nn.TransformerEncoderLayer(
        C, n_head, 4 * C, 0.0, lambda x: nn.functional.gelu(x, approximate="tanh"),
        batch_first=True, norm_first=True,
    )  # fmt: skip
    linears = list(zip(block.mlp.layers[::2], ["linear1", "linear2"], strict=True))
    norms = [(block.norm1, "norm1"), (block.norm2, "norm2")]
    pairs = [
        *attention_pairs(block.attention, "self_attn."),
        *[(linear.weight, f"{name}.weight", True) for linear, name in linears],
        *[(linear.bias, f"{name}.bias", False) for linear, name in linears],
        *[(norm.gamma, f"{name}.weight", False) for norm, name in norms],
        *[(norm.beta, f"{name}.bias", False) for norm, name in norms],
    ]
    theirs = copy(block, theirs, pairs)
    x = draw(B, T, C)
    given, expected = block(x), theirs(x, src_mask=future(T))
    close(given, expected)
    backward(given)
    backward(expected)
    compare_gradients(theirs, pairs)


@some
@given(B=size, T=size, C=size)
def test_average_equals_even_attention(B, T, C):
    x = draw(B, T, C)
    nothing = torch.zeros_like(x)
    even = nn.functional.scaled_dot_product_attention(nothing, nothing, x, is_causal=True)
    given = CausalAverage()(x)
    close(given, even)
    close(*[torch.autograd.grad(out.square().sum(), x)[0] for out in (given, even)])


LAYERS = {
    "rnn": lambda: Recurrent(RNNCell(4, 4)),
    "gru": lambda: Recurrent(GRUCell(4, 4)),
    "lstm": lambda: Recurrent(LSTMCell(4, 4)),
    "conv": lambda: CausalConv1d(4, 4, kernel_size=2, dilation=2),
    "attention": lambda: CausalSelfAttention(4, 2),
    "block": lambda: TransformerBlock(4, 2),
    "rotary": lambda: RotaryAttention(4, 2),
    "modern": lambda: ModernBlock(4, 2),
    "average": CausalAverage,
}


@pytest.mark.parametrize("name", LAYERS)
def test_causal(name):
    layer, x = double(LAYERS[name]()), draw(2, 7, 4)
    for t in range(7):
        grad = torch.autograd.grad(layer(x)[:, t].sum(), x)[0]
        assert not grad[:, t + 1 :].any(), "looks ahead"
        assert grad[:, t].any(), "does not see its own input"


@pytest.mark.parametrize("parts", [[1] * 6, [3, 1, 2], [6], [1, 5]])
@pytest.mark.parametrize("kind", [TransformerBlock, ModernBlock])
def test_cache_gives_the_same(kind, parts):
    block, x, cache = double(kind(6, 3)), draw(2, 6, 6), Cache()
    pieces = []
    for part in x.split(parts, 1):
        pieces.append(block(part, cache))
        cache.length += part.shape[1]  # as the model does after all its blocks
    close(torch.cat(pieces, 1), block(x))


def test_cache_of_a_block_that_knows_no_positions():
    parts, block, x = [3, 1, 2], double(TransformerBlock(6, 3)), draw(2, 6, 6)
    cache = Cache()
    pieces = [block(part, cache) for part in x.split(parts, 1)]
    close(torch.cat(pieces, 1), block(x))


@some
@given(B=size, C=size)
def test_gelu_and_layer_norm_equal_torchs(B, C):
    x, gamma, beta = draw(B, 3, C), draw(C, seed=1), draw(C, seed=2)
    norm = LayerNorm(C)
    norm.gamma, norm.beta = gamma, beta
    close(norm(x), nn.functional.layer_norm(x, (C,), gamma, beta))
    close(GELU()(x), nn.functional.gelu(x, approximate="tanh"))


@pytest.mark.parametrize("dilation", [3, 8, 2**20])
def test_conv_pads_no_further_than_the_name(dilation):
    layer, x = double(CausalConv1d(2, 2, kernel_size=3, dilation=dilation)), draw(2, 3, 2)
    present = layer.linear.weight[4:]  # all else stands before the name
    close(layer(x), x @ present + layer.linear.bias)


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="5 heads do not divide a width of 64"):
        CausalSelfAttention(64, 5)


def test_weights_are_no_parameters():
    layer = CausalSelfAttention(4, 2)
    before = layer.state_dict().keys()
    layer(torch.zeros(1, 3, 4))
    assert layer.state_dict().keys() == before
    assert isinstance(layer, Layer)
