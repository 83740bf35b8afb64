"""Layers for sequences: what they give at a position depends on no later one.

Inputs are (B, T, C).  Each is proven equal to its counterpart in `torch.nn` by the tests.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from mmhelpers.kernels import causal_mask, gelu
from mmhelpers.layers import Dropout, Layer, LayerNorm, Linear, Sequential, parameter
from mmhelpers.losses import softmax

State = tuple[Tensor, ...]


class Cell(Layer):
    """Base of the recurrent cells, which read one position (B, n_in) at a time.

    The state is a tuple of tensors (B, n_hidden), of which the first is the output.  The part
    that needs no state, `project`, can be computed for all positions at once; `step` is the
    rest.  A subclass says how many `gates` there are and how many tensors the state has.
    """

    gates = 1
    n_states = 1

    def __init__(self, n_in: int, n_hidden: int, generator: Generator | None = None) -> None:
        self.n_hidden = n_hidden
        self.inputs = Linear(n_in, self.gates * n_hidden, generator=generator)
        self.hidden = Linear(n_hidden, self.gates * n_hidden, bias=False, generator=generator)

    def project(self, x: Tensor) -> Tensor:
        """What the input (…, n_in) adds to the gates: (…, gates * n_hidden)."""
        return self.inputs(x)

    def step(self, projected: Tensor, state: State) -> State:
        """The next state, from `projected` (B, gates * n_hidden) and the state before."""
        raise NotImplementedError(f"{type(self).__name__} defines no step")

    def forward(self, x: Tensor, *state: Tensor) -> State:
        return self.step(self.project(x), state)


class RNNCell(Cell):
    """h = tanh(x W + b + h U): takes x (B, n_in), h (B, n_hidden), gives (h,).

    Equal to `torch.nn.RNNCell`, whose two biases are one here.  Built in notebook 07 (Elman
    1990; Mikolov et al. 2010).
    """

    def step(self, projected: Tensor, state: State) -> State:
        (h,) = state
        return (torch.addmm(projected, h, self.hidden.weight).tanh(),)


class GRUCell(Cell):
    """Gates r and z decide what of h goes into the candidate n, and what stays: gives (h,).

    r, z = sigmoid(x W + b + h U), n = tanh(x W + b + r * (h U + c)), and the new
    h = (1 - z) * n + z * h.  Here r scales h U + c as in `torch.nn.GRUCell`, to which this is
    equal (two biases of its gates r and z are one here); in the paper, and in makemore.py, it
    scales h before U.  The columns of W and U stand in the order r, z, n.  Built in notebook 07
    (Cho et al. 2014).
    """

    gates = 3

    def __init__(self, n_in: int, n_hidden: int, generator: Generator | None = None) -> None:
        super().__init__(n_in, n_hidden, generator)
        self.candidate_bias = parameter(torch.zeros(n_hidden))  # c

    def step(self, projected: Tensor, state: State) -> State:
        (h,) = state
        sizes = [2 * self.n_hidden, self.n_hidden]
        x_gates, x_candidate = projected.split(sizes, 1)
        h_gates, h_candidate = (h @ self.hidden.weight).split(sizes, 1)
        r, z = (x_gates + h_gates).sigmoid().chunk(2, 1)
        candidate = torch.addcmul(x_candidate, r, h_candidate + self.candidate_bias).tanh()
        return (torch.lerp(candidate, h, z),)


class LSTMCell(Cell):
    """A memory c beside the output h, written, kept and read through gates: gives (h, c).

    i, f, o = sigmoid(…) and g = tanh(…) of x W + b + h U; c = f * c + i * g; h = o * tanh(c).
    The columns stand in the order i, f, g, o, as in `torch.nn.LSTMCell`, whose two biases are
    one here.  Built in notebook 07 (Hochreiter and Schmidhuber 1997; Gers et al. 2000).
    """

    gates = 4
    n_states = 2

    def step(self, projected: Tensor, state: State) -> State:
        h, c = state
        i, f, g, o = torch.addmm(projected, h, self.hidden.weight).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c


class Recurrent(Layer):
    """A cell read over all positions: (B, T, n_in) gives (B, T, n_hidden).

    `start` (n_states, n_hidden), learned, is the state before the first position.
    """

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.start = parameter(torch.zeros(cell.n_states, cell.n_hidden))

    def forward(self, x: Tensor) -> Tensor:
        state = tuple(row.expand(len(x), -1) for row in self.start)
        outputs = []
        for projected in self.cell.project(x).unbind(1):  # (B, gates * n_hidden) a position
            state = self.cell.step(projected, state)
            outputs.append(state[0])
        return torch.stack(outputs, 1)  # (B, T, n_hidden)


class CausalConv1d(Layer):
    """A convolution over the present and past positions: (B, T, n_in) gives (B, T, n_out).

    Output t sees the inputs t, t - dilation, … (`kernel_size` of them, the oldest first in
    `weight` (kernel_size * n_in, n_out)); before the first stand zeros.  Equal to
    `torch.nn.Conv1d` on an input padded on the left.  Built in notebook 07 (WaveNet: van den
    Oord et al. 2016).
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        kernel_size: int = 2,
        dilation: int = 1,
        generator: Generator | None = None,
    ) -> None:
        self.shifts = [dilation * i for i in reversed(range(kernel_size))]
        self.linear = Linear(kernel_size * n_in, n_out, generator=generator)

    def forward(self, x: Tensor) -> Tensor:
        B, T, C = x.shape
        past = x.new_zeros(B, self.shifts[0], C)
        padded = torch.cat([past, x], 1)  # (B, shifts[0] + T, C)
        views = [padded[:, self.shifts[0] - s :][:, :T] for s in self.shifts]
        return self.linear(torch.cat(views, 2))  # (B, T, kernel_size * C) -> (B, T, n_out)


class CausalAverage(Layer):
    """The mean of the present and all past positions: a bag of words.

    (B, T, C) gives (B, T, C).  Equal to attention that looks everywhere alike.  Built in 07.
    """

    def forward(self, x: Tensor) -> Tensor:
        counts = torch.arange(1, x.shape[1] + 1, device=x.device, dtype=x.dtype)
        return x.cumsum(1) / counts[:, None]


class Cache:
    """The keys and values (B, n_head, t, C / n_head) of the positions read so far, a layer."""

    def __init__(self) -> None:
        self.length = 0
        self.layers: dict[int, tuple[Tensor, Tensor]] = {}

    def extend(self, layer: Layer, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """All keys and values of this layer, those of the new positions added."""
        if before := self.layers.get(id(layer)):
            k, v = torch.cat([before[0], k], 2), torch.cat([before[1], v], 2)
        self.layers[id(layer)] = k, v
        return k, v


class FusedLayerNorm(LayerNorm):
    """`LayerNorm` by torch's own function, four times faster."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.layer_norm(x, self.gamma.shape, self.gamma, self.beta, self.eps)


class CausalSelfAttention(Layer):
    """Each position takes a weighted mean of what it and the past ones offer, `n_head` times.

    (B, T, C) gives (B, T, C).  One matrix makes queries, keys and values of all heads; the
    weights of the last pass, (B, n_head, T, T), are in `.weights`.  Given a `Cache`, x is only
    what comes after the positions in it.  Raises ValueError where n_head does not divide C.
    Equal to `torch.nn.MultiheadAttention`.  Built in notebook 07 (Vaswani et al. 2017).
    """

    def __init__(self, n_embd: int, n_head: int, generator: Generator | None = None) -> None:
        if n_head < 1 or n_embd % n_head:
            raise ValueError(f"{n_head} heads do not divide a width of {n_embd} evenly")
        self.n_head = n_head
        self.qkv = Linear(n_embd, 3 * n_embd, generator=generator)
        self.project = Linear(n_embd, n_embd, generator=generator)

    def forward(self, x: Tensor, cache: Cache | None = None) -> Tensor:
        B, T, C = x.shape
        qkv = self.qkv(x)  # (B, T, 3 * C)
        heads = qkv.view(B, T, 3, self.n_head, -1).permute(2, 0, 3, 1, 4)
        q, k, v = heads  # each (B, n_head, T, C / n_head)
        if cache is not None:
            k, v = cache.extend(self, k, v)
        mask = causal_mask(k.shape[2], qkv.device, qkv.dtype)[-T:]  # the new positions' rows
        scores = q @ k.transpose(2, 3) * q.shape[-1] ** -0.5  # (B, n_head, T, T)
        self.weights = softmax(scores + mask)
        mixed = (self.weights @ v).transpose(1, 2).reshape(B, T, C)
        return self.project(mixed)

    def state_dict(self) -> dict[str, Tensor]:
        """The parameters, without the weights of the last pass."""
        return {k: v for k, v in super().state_dict().items() if k != "weights"}


class GELU(Layer):
    """x where it is large, 0 where it is very negative, smooth between: as GPT-2's, by tanh.

    x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x³))).  Built in notebook 07 (Hendrycks and
    Gimpel 2016).
    """

    def forward(self, x: Tensor) -> Tensor:
        return gelu(x)


class TransformerBlock(Layer):
    """Attention, then a network for each position, each on normalised input and added to it.

    (B, T, C) gives (B, T, C); the network is 4 * C wide.  `cache` is handed to the attention.
    Equal to `torch.nn.TransformerEncoderLayer` with `norm_first`.  Built in notebook 07 (GPT-2:
    Radford et al. 2019).
    """

    def __init__(
        self, n_embd: int, n_head: int, dropout: float = 0.0, generator: Generator | None = None
    ) -> None:
        self.norm1 = FusedLayerNorm(n_embd)
        self.attention = CausalSelfAttention(n_embd, n_head, generator)
        self.norm2 = FusedLayerNorm(n_embd)
        expand = Linear(n_embd, 4 * n_embd, generator=generator)
        contract = Linear(4 * n_embd, n_embd, generator=generator)
        self.mlp = Sequential([expand, GELU(), contract])
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, cache: Cache | None = None) -> Tensor:
        x = x + self.dropout(self.attention(self.norm1(x), cache))
        return x + self.dropout(self.mlp(self.norm2(x)))

    def ordered_parameters(self) -> list[Tensor]:
        """The parameters as `packed.PackedBlocks` takes them."""
        norm1, qkv, project = self.norm1, self.attention.qkv, self.attention.project
        norm2, (expand, _, contract) = self.norm2, self.mlp.layers
        attention = [norm1.gamma, norm1.beta, qkv.weight, qkv.bias, project.weight, project.bias]
        mlp = [norm2.gamma, norm2.beta, expand.weight, expand.bias, contract.weight, contract.bias]
        return attention + mlp
