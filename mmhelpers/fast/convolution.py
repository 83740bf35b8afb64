"""V6 and the CNN, computed at real positions only.

The positions of all names stand one after the other, h (N, C); `places` (N, 1) says which of its
name each is, so that nothing is joined across names.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mmhelpers.fast.form import Form
from mmhelpers.fast.kernels import Packing, gelu, layer_norm, linear
from mmhelpers.layers import CausalConv1d
from mmhelpers.models import CNN, WaveBlock, WaveNet


def delayed(h: Tensor, shift: int, places: Tensor) -> Tensor:
    """What stood `shift` places before each position, zeros before the first (N, C)."""
    return h.roll(shift, 0) * (places >= shift)


def wave_net(net: WaveNet, tokens: Tensor, places: Tensor) -> Tensor:
    """The logits (N, V) of tokens (N,)."""
    h = net.embedding(tokens)  # (N, C)
    for block in net.blocks:
        h = wave_block(block, h, places)
    return linear(net.output, layer_norm(net.norm, h))


def wave_block(block: WaveBlock, h: Tensor, places: Tensor) -> Tensor:
    """The block's output (N, C) for h (N, C)."""
    normed = layer_norm(block.norm, h)  # (N, C)
    earlier = delayed(normed, block.dilation, places)  # (N, C)
    joined = gelu(linear(block.join, torch.cat([earlier, normed], -1)))  # (N, C)
    return h + linear(block.project, joined)


def cnn(net: CNN, tokens: Tensor, places: Tensor) -> Tensor:
    """The logits (N, V) of tokens (N,)."""
    h = net.embedding(tokens)  # (N, C)
    for block in net.blocks:
        gated, dropout = block.layer.layers
        joined = convolution(gated.conv, layer_norm(gated.norm, h), places)  # (N, 2 * C)
        signal, gate = joined.chunk(2, -1)  # each (N, C)
        h = h + dropout(gated.mix(signal.tanh() * gate.sigmoid()))
    return net.head(layer_norm(net.norm, h))


def convolution(conv: CausalConv1d, h: Tensor, places: Tensor) -> Tensor:
    """The layer's output (N, n_out) for h (N, n_in)."""
    views = [delayed(h, shift, places) if shift else h for shift in conv.shifts]
    return conv.linear(torch.cat(views, 1))


class Packed(Form):
    """Base of the forms that compute the real positions of x (B, T): logits (B, T, V).

    Those of the padding are 0.
    """

    def forward(self, x: Tensor) -> Tensor:
        packing = Packing(x)
        places = (packing.rows % x.shape[1]).unsqueeze(1)  # (N, 1)
        return packing.unpack(self.read(packing.pack(x), places))

    def read(self, tokens: Tensor, places: Tensor) -> Tensor:
        """The logits (N, V) of tokens (N,)."""
        raise NotImplementedError(f"{type(self).__name__} defines no read")


class FastWaveNet(Packed):
    """The fast form of `WaveNet`."""

    def read(self, tokens: Tensor, places: Tensor) -> Tensor:
        return wave_net(self.plain, tokens, places)


class FastCommittee(Packed):
    """The fast form of `Committee`."""

    def read(self, tokens: Tensor, places: Tensor) -> Tensor:
        members = [wave_net(member, tokens, places) for member in self.plain.members]
        return torch.stack(members).mean(0)


class FastCNN(Packed):
    """The fast form of `CNN`."""

    def read(self, tokens: Tensor, places: Tensor) -> Tensor:
        return cnn(self.plain, tokens, places)
