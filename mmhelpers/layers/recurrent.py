"""Recurrent cells, what reads them over all positions, and a scan: inputs are (B, T, C)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from mmhelpers.layers.base import Layer, parameter
from mmhelpers.layers.basic import Linear

State = tuple[Tensor, ...]


class Cell(Layer):
    """Base of the recurrent cells, which read one position (B, n_in) at a time.

    `forward(x, *state)` gives the next state, a tuple of tensors (B, n_hidden), of which the
    first is the output.  A subclass says how many `gates` there are, whose weights stand side by
    side in one matrix, and how many tensors the state has.
    """

    gates = 1
    n_states = 1

    def __init__(self, n_in: int, n_hidden: int, generator: Generator | None = None) -> None:
        self.n_hidden = n_hidden
        self.inputs = Linear(n_in, self.gates * n_hidden, generator=generator)
        self.hidden = Linear(n_hidden, self.gates * n_hidden, bias=False, generator=generator)


class RNNCell(Cell):
    """h = tanh(x W + b + h U): takes x (B, n_in), h (B, n_hidden), gives (h,).

    Equal to `torch.nn.RNNCell`, whose two biases are one here.  Built in notebook 07 (Elman
    1990; Mikolov et al. 2010).
    """

    def forward(self, x: Tensor, h: Tensor) -> State:
        return (torch.tanh(self.inputs(x) + self.hidden(h)),)


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

    def forward(self, x: Tensor, h: Tensor) -> State:
        x_r, x_z, x_n = self.inputs(x).chunk(3, -1)  # each (B, n_hidden)
        h_r, h_z, h_n = self.hidden(h).chunk(3, -1)
        r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
        n = torch.tanh(x_n + r * (h_n + self.candidate_bias))
        return ((1 - z) * n + z * h,)


class LSTMCell(Cell):
    """A memory c beside the output h, written, kept and read through gates: gives (h, c).

    i, f, o = sigmoid(…) and g = tanh(…) of x W + b + h U; c = f * c + i * g; h = o * tanh(c).
    The columns stand in the order i, f, g, o, as in `torch.nn.LSTMCell`, whose two biases are
    one here.  Built in notebook 07 (Hochreiter and Schmidhuber 1997; Gers et al. 2000).
    """

    gates = 4
    n_states = 2

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> State:
        i, f, g, o = (self.inputs(x) + self.hidden(h)).chunk(4, -1)  # each (B, n_hidden)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c


class Recurrent(Layer):
    """A cell read over all positions: (B, T, n_in) gives (B, T, n_hidden).

    `start` (n_states, n_hidden), learned, is the state before the first position.  Built in
    notebook 07.
    """

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.start = parameter(torch.zeros(cell.n_states, cell.n_hidden))

    def forward(self, x: Tensor) -> Tensor:
        state = tuple(row.expand(len(x), -1) for row in self.start)  # each (B, n_hidden)
        outputs = []
        for t in range(x.shape[1]):
            state = self.cell(x[:, t], *state)
            outputs.append(state[0])
        return torch.stack(outputs, 1)  # (B, T, n_hidden)


class MinGRU(Layer):
    """A GRU whose gate does not look at the state: (B, T, n_in) gives (B, T, n_hidden).

    h[t] = z[t] * h[t - 1] + (1 - z[t]) * n[t], with z = sigmoid(…) and n of x W + b alone, whose
    columns stand in the order z, n.  So all positions are computed at once, see `scan`.  `start`
    (n_hidden,), learned, is the state before the first position.  As in `GRUCell` z says what
    stays; in the paper it says what comes in.  Built in notebook 07 (Feng et al. 2024).
    """

    def __init__(self, n_in: int, n_hidden: int, generator: Generator | None = None) -> None:
        self.inputs = Linear(n_in, 2 * n_hidden, generator=generator)
        self.start = parameter(torch.zeros(n_hidden))

    def forward(self, x: Tensor) -> Tensor:
        z, n = self.inputs(x).chunk(2, -1)  # each (B, T, n_hidden)
        z = torch.sigmoid(z)
        keep, add = scan(z, (1 - z) * n)
        return keep * self.start + add


def scan(keep: Tensor, add: Tensor) -> tuple[Tensor, Tensor]:
    """All steps h -> keep[:, t] * h + add[:, t] from the first up to each t, as one step each.

    keep and add are (B, T, C), and so are those of the joined steps.  In each round every step is
    joined with the one 1, 2, 4, … before it: after log2(T) rounds all reach back to the first.
    Built in notebook 07 (Hillis and Steele 1986).
    """
    shift = 1
    while shift < keep.shape[1]:
        # Before the first stands the step that changes nothing: keep all, add nothing.
        moved = (0, 0, shift, -shift)  # as many steps in front as are cut off behind
        earlier_keep, earlier_add = F.pad(keep, moved, value=1.0), F.pad(add, moved)
        keep, add = keep * earlier_keep, keep * earlier_add + add
        shift *= 2
    return keep, add
