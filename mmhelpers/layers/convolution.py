"""Layers that join a position with those before it, by fixed distances: inputs are (B, T, C)."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from mmhelpers.layers.base import Layer
from mmhelpers.layers.basic import Linear


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
