"""Training by more than one process: each takes its share of every minibatch."""

from __future__ import annotations

import os

import torch
import torch.distributed as dist
from torch import Tensor

from mmhelpers.layers import Layer
from mmhelpers.losses import cross_entropy
from mmhelpers.training import Hook


class GroupError(RuntimeError):
    """Another process of the group is gone."""


class Group(Hook):
    """The processes that train together; `torchrun` starts them and tells each its `rank`.

    All draw the same minibatch and compute the loss of their share of its rows, weighted so
    that the sum over all processes is the minibatch's loss.  So a run does not depend on their
    number, but for rounding, for dropout, and for BatchNorm (V1 to V5), which sees only the share.
    A single process needs no torchrun and computes all.
    """

    def __init__(self, device: torch.device) -> None:
        self.rank = int(os.environ.get("RANK", 0))
        self.size = int(os.environ.get("WORLD_SIZE", 1))
        self.wants_to_stop = self.stopping = False
        if self.size > 1:
            dist.init_process_group("nccl" if device.type == "cuda" else "gloo")

    @property
    def leads(self) -> bool:
        """Whether this is the process that prints and writes."""
        return self.rank == 0

    def share(self, rows: Tensor) -> Tensor:
        """This process's part of the rows (B, …), as many for each as can be."""
        return rows.tensor_split(self.size)[self.rank]

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss of the whole minibatch, by which this process's share has its gradient.

        logits of the share, targets of all.  Also learns whether any process wants to stop.
        """
        if self.size == 1:
            self.stopping = self.wants_to_stop
            return cross_entropy(logits, targets)
        own = self.share(targets)
        if len(own):
            part = cross_entropy(logits, own) * ((own >= 0).sum() / (targets >= 0).sum())
        else:  # `Share` read a row only to have something
            part = logits.sum() * 0
        told = torch.stack([part.detach(), part.new_tensor(float(self.wants_to_stop))])
        self.add_up(told)
        self.stopping = bool(told[1] > 0)
        return part + (told[0] - part.detach())

    def after_backward(self, step: int, model: Layer) -> None:
        """Adds up the gradients of all processes, in one message."""
        if self.size == 1:
            return
        grads = [p.grad for p in model.parameters()]
        flat = torch.cat([g.flatten() for g in grads])  # (P,)
        self.add_up(flat)
        for grad, summed in zip(grads, flat.split([g.numel() for g in grads]), strict=True):
            grad.copy_(summed.view_as(grad))

    def add_up(self, tensor: Tensor) -> None:
        """Puts the sum of all processes' tensors in its place; raises GroupError."""
        try:
            dist.all_reduce(tensor)
        except RuntimeError as error:
            reason = str(error).strip().split("\n")[-1]
            gone = "another process is gone, the last checkpoint is whole: use --resume"
            raise GroupError(f"{gone} ({reason})") from None

    def close(self) -> None:
        """Leaves the group."""
        if self.size > 1:
            dist.destroy_process_group()


class Share(Layer):
    """A model that sees only this process's share of the rows of a minibatch."""

    def __init__(self, model: Layer, group: Group) -> None:
        self.model, self.group = model, group

    def forward(self, x: Tensor) -> Tensor:
        own = self.group.share(x)
        return self.model(own if len(own) else x[:1])
