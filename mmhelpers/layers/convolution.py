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
        views = [delayed(x, shift) for shift in self.shifts]
        return self.linear(torch.cat(views, 2))  # (B, T, kernel_size * C) -> (B, T, n_out)


def delayed(x: Tensor, shift: int) -> Tensor:
    """What stood `shift` positions before each one, and zeros before the first: as x (B, T, C)."""
    shift = min(shift, x.shape[1])  # a name may be shorter
    zeros = torch.zeros_like(x[:, :shift])
    return torch.cat([zeros, x[:, : x.shape[1] - shift]], 1)


class CausalAverage(Layer):
    """The mean of the present and all past positions: a bag of words.

    (B, T, C) gives (B, T, C).  Equal to attention that looks everywhere alike.  Built in 07.
    """

    def forward(self, x: Tensor) -> Tensor:
        counts = torch.arange(1, x.shape[1] + 1, device=x.device, dtype=x.dtype)
        return x.cumsum(1) / counts[:, None]
