"""RNN, GRU and LSTM: the inputs of all positions in one product, fewer operations a step.

The step of each cell is its formula in `layers.recurrent` in fused operations of torch.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mmhelpers.fast.form import Form
from mmhelpers.layers import Cell, GRUCell, Layer, LSTMCell, RNNCell, State


def rnn_step(cell: RNNCell, inputs: Tensor, h: Tensor) -> State:
    """The next state, from the inputs' share of the gates (B, n_hidden) and the state before."""
    return (torch.addmm(inputs, h, cell.hidden.weight).tanh(),)


def gru_step(cell: GRUCell, inputs: Tensor, h: Tensor) -> State:
    """The same for inputs (B, 3 * n_hidden)."""
    sizes = [2 * cell.n_hidden, cell.n_hidden]
    x_gates, x_candidate = inputs.split(sizes, 1)
    h_gates, h_candidate = (h @ cell.hidden.weight).split(sizes, 1)
    r, z = (x_gates + h_gates).sigmoid().chunk(2, 1)
    candidate = torch.addcmul(x_candidate, r, h_candidate + cell.candidate_bias).tanh()
    return (torch.lerp(candidate, h, z),)


def lstm_step(cell: LSTMCell, inputs: Tensor, h: Tensor, c: Tensor) -> State:
    """The same for inputs (B, 4 * n_hidden), with the memory c."""
    i, f, g, o = torch.addmm(inputs, h, cell.hidden.weight).chunk(4, 1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


STEPS = {RNNCell: rnn_step, GRUCell: gru_step, LSTMCell: lstm_step}


class FastRecurrent(Form):
    """The fast form of `RecurrentModel`."""

    @classmethod
    def serves(cls, plain: Layer) -> bool:
        """Whether its cell is one of ours."""
        return type(plain.recurrent.cell) in STEPS

    def forward(self, x: Tensor) -> Tensor:
        plain = self.plain
        hidden = self.read(plain.dropout(plain.embedding(x)))  # (B, T, n_embd2)
        return plain.head(plain.dropout(hidden))  # (B, T, V)

    def read(self, x: Tensor) -> Tensor:
        """The outputs (B, T, n_hidden) of the cell over all positions of x (B, T, n_in)."""
        cell: Cell = self.plain.recurrent.cell
        step, outputs = STEPS[type(cell)], []
        state = tuple(row.expand(len(x), -1) for row in self.plain.recurrent.start)
        for inputs in cell.inputs(x).unbind(1):  # (B, gates * n_hidden) a position
            state = step(cell, inputs, *state)
            outputs.append(state[0])
        return torch.stack(outputs, 1)
