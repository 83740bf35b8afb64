"""Recurrent cells, and the layer that reads a cell over all positions: inputs are (B, T, C)."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from mmhelpers.layers.base import Layer, parameter
from mmhelpers.layers.basic import Linear

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
