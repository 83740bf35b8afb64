"""Training by more than one process: each takes its share of every minibatch."""

from __future__ import annotations

import os

import torch
import torch.distributed as dist
from torch import Tensor

from mmhelpers.layers import Layer
from mmhelpers.losses import cross_entropy
from mmhelpers.makemore.console import reader_left
from mmhelpers.makemore.stop import stop_now
from mmhelpers.training import Hook

MEND = "unset it, or start with torchrun"


class GroupError(RuntimeError):
    """Another process of the group is gone."""


def from_environment(name: str, low: int, high: int) -> int:
    """The number in a variable of torchrun's, from low to below high; raises ValueError."""
    text = os.environ.get(name, "")
    if not text.isdecimal() or not low <= int(text) < high:
        raise ValueError(f"{name} is {text!r}, no whole number from {low} to {high - 1}: {MEND}")
    return int(text)


class Group(Hook):
    """The processes that train together; `torchrun` starts them and tells each its `rank`.

    All draw the same minibatch and compute the loss of their share of its rows, weighted so
    that the sum over all processes is the minibatch's loss.  So a run does not depend on their
    number, but for rounding, for dropout, and for BatchNorm (V1 to V5), which sees only the share.
    A single process needs no torchrun, computes all and leads, whatever RANK says.  Raises
    ValueError where torchrun's variables are not those of a group, and GroupError where the
    others don't come.
    """

    def __init__(self, device: torch.device) -> None:
        self.size = from_environment("WORLD_SIZE", 1, 2**31) if "WORLD_SIZE" in os.environ else 1
        self.rank = from_environment("RANK", 0, self.size) if self.size > 1 else 0
        self.wants_to_stop = self.agreed = False
        if self.size == 1:
            return
        for name in ("MASTER_ADDR", "MASTER_PORT"):
            if not os.environ.get(name):
                raise ValueError(f"WORLD_SIZE is {self.size}, but {name} is not set: {MEND}")
        from_environment("MASTER_PORT", 0, 2**16)
        try:
            dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        except (RuntimeError, ValueError) as error:
            reason = str(error).strip().split("\n")[0]
            raise GroupError(f"the processes don't find each other ({reason})") from None

    @property
    def leads(self) -> bool:
        """Whether this is the process that prints and writes."""
        return self.rank == 0

    @property
    def stopping(self) -> bool:
        """Whether all end after this step: a signal came to one of them, or its reader left."""
        return self.agreed if self.size > 1 else self.wants_to_stop or reader_left()

    def stop(self, number: int, frame: object) -> None:
        """Handles a signal; told twice a single process ends at once.

        In a group each is told once by the terminal and once by torchrun.
        """
        if self.wants_to_stop and self.size == 1:
            stop_now(number, frame)
        self.wants_to_stop = True

    def share(self, rows: Tensor) -> Tensor:
        """This process's part of the rows (B, …), as many for each as can be."""
        return rows.tensor_split(self.size)[self.rank]

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss of the whole minibatch, by which this process's share has its gradient.

        logits of the share, targets of all.  Also learns whether any process wants to stop.
        """
        own = self.share(targets)
        if len(own):
            part = cross_entropy(logits, own) * ((own >= 0).sum() / (targets >= 0).sum())
        else:  # `Share` read a row only to have something
            part = logits.sum() * 0
        told = torch.stack(
            [part.detach(), part.new_tensor(float(self.wants_to_stop or reader_left()))]
        )
        self.add_up(told)
        self.agreed = bool(told[1] > 0)
        return part + (told[0] - part.detach())

    def after_backward(self, step: int, model: Layer) -> None:
        """Adds up the gradients of all processes, in one message."""
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
            raise GroupError(f"another process is gone ({reason})") from None

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
