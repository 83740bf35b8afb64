"""V6: the WaveNet computed at real positions only."""

from __future__ import annotations

import torch
from torch import Tensor

from mmhelpers.fast.form import Form
from mmhelpers.fast.kernels import Packing, gelu
from mmhelpers.models import WaveBlock, WaveNet


def wave_block(block: WaveBlock, h: Tensor, position: Tensor) -> Tensor:
    """The block's output (N, C) for h (N, C), the positions of all names, name after name.

    `position` (N, 1) says which of its name each is, so that nothing is joined across names.
    """
    normed = block.norm(h)  # (N, C)
    earlier = normed.roll(block.dilation, 0) * (position >= block.dilation)  # (N, C)
    joined = gelu(block.join(torch.cat([earlier, normed], -1)))  # (N, C)
    return h + block.project(joined)


def wave_net(net: WaveNet, packing: Packing, tokens: Tensor, position: Tensor) -> Tensor:
    """The net's logits (B, T, V) of packed tokens (N,), 0 where the padding is."""
    h = net.embedding(tokens)  # (N, C)
    for block in net.blocks:
        h = wave_block(block, h, position)
    return packing.unpack(net.output(net.norm(h)))  # (B, T, V)


class FastWaveNet(Form):
    """The fast form of `WaveNet`."""

    def forward(self, x: Tensor) -> Tensor:
        return self.read(x, [self.plain])[0]

    def read(self, x: Tensor, nets: list[WaveNet]) -> list[Tensor]:
        """The logits (B, T, V) of each of the nets, which share the packing."""
        packing = Packing(x)
        tokens = packing.pack(x)  # (N,)
        position = (packing.rows % x.shape[1]).unsqueeze(1)  # (N, 1)
        return [wave_net(net, packing, tokens, position) for net in nets]


class FastCommittee(FastWaveNet):
    """The fast form of `Committee`."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack(self.read(x, self.plain.members)).mean(0)
