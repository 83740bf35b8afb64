"""What a model of given sizes would take, told before it is built."""

from __future__ import annotations

import math
import os

import torch
from torch.overrides import TorchFunctionMode

from mmhelpers.makemore.options import MODEL_FLAGS
from mmhelpers.models import build

Shapes = dict[str, tuple[int, ...]]
COPIES = 5  # of each parameter in training: itself, its gradient, AdamW's two means and scratch


class ShapesOnly(TorchFunctionMode):
    """Makes tensors that have a shape and no numbers, and leaves out what is computed of them."""

    makers = (torch.randn, torch.zeros, torch.ones)
    changes = (torch.Tensor.div, torch.Tensor.mul, torch.Tensor.__truediv__, torch.Tensor.__imul__)

    def __torch_function__(self, func, types, args=(), kwargs=None):
        """Takes the place of each function of torch."""
        if func in self.makers:
            shape = args[0] if isinstance(args[0], tuple | list) else args
            return torch.empty(*shape, device="meta")
        return args[0] if func in self.changes else func(*args, **kwargs or {})


def parameter_shapes(kind: str, vocab_size: int, sizes: dict[str, object]) -> Shapes:
    """The shape of each parameter of the model, by its name, without building it.

    Raises ValueError for sizes that can't be.
    """
    try:
        with ShapesOnly():
            tensors = build(kind, vocab_size, **sizes).state_dict()
    except RuntimeError:  # more numbers than torch can count
        raise ValueError(f"{as_flags(kind, sizes)} is too large: take smaller sizes") from None
    return {name: tuple(t.shape) for name, t in tensors.items() if t.requires_grad}


def check_memory(config: dict[str, object], vocab_size: int, shapes: Shapes) -> None:
    """Raises ValueError where training takes more memory than the machine has, by any method.

    Counted are the parameters with their copies, and the logits of one letter of each name of a
    minibatch.
    """
    parameters, batch = sum(map(math.prod, shapes.values())), config["batch_size"]
    needed = 4 * (COPIES * parameters + 2 * vocab_size * batch)  # bytes
    if needed <= memory():
        return
    named = f"{as_flags(config['type'], config['sizes'])} -b {batch}"
    raise ValueError(
        f"{named} with {vocab_size - 1:,} characters: {parameters:,} parameters need "
        f"{needed / 2**30:,.0f} GB, more than this machine has: take smaller sizes"
    )


def as_flags(kind: str, sizes: dict[str, object]) -> str:
    """The type and the sizes as they are given on the command line."""
    given = {name: size for name, size in sizes.items() if name in MODEL_FLAGS}
    return " ".join([f"--type {kind}", *(f"--{n.replace('_', '-')} {s}" for n, s in given.items())])


def memory() -> float:
    """The machine's memory in bytes; infinite where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return math.inf
