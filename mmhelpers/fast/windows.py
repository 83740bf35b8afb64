"""V1, V2, V4 and V5 trained without autograd: the same mathematics, other last digits.

All gradients lie in one long tensor, and the parameters too, so that one operation of gradient
descent updates them all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import count

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from mmhelpers.diagnostics import Hook
from mmhelpers.fast.form import Form
from mmhelpers.fast.passes import PASSES
from mmhelpers.layers import Embedding, Layer, Sequential
from mmhelpers.losses import cross_entropy
from mmhelpers.optim import SGD
from mmhelpers.training import Data, DivergedError, History, Loss, minibatch

nll_loss = torch.ops.aten.nll_loss_forward.default
nll_loss_backward = torch.ops.aten.nll_loss_backward.default
log_softmax_backward = torch.ops.aten._log_softmax_backward_data.default
MEAN = 1  # over the targets: what they call the reduction


class HandGradients:
    """The gradients of a model of type Sequential, computed without autograd.

    `parameters` and `gradients` (P,) hold all of the model's in one tensor each; its own tensors
    and their `.grad` become windows on these.
    """

    def __init__(self, model: Sequential) -> None:
        self.own = model.parameters()
        self.parameters = torch.cat([p.detach().flatten() for p in self.own])
        self.gradients = torch.zeros_like(self.parameters)
        sizes = [p.numel() for p in self.own]
        windows = zip(self.parameters.split(sizes), self.gradients.split(sizes), strict=True)
        for p, (value, grad) in zip(self.own, windows, strict=True):
            p.data, p.grad = value.view_as(p), grad.view_as(p)
        grads = iter([p.grad for p in self.own])
        self.places = self.own[0].data_ptr(), self.own[-1].data_ptr()
        self.one = self.parameters.new_ones(())
        self.passes = [
            PASSES[type(layer)](layer, *[next(grads) for _ in layer.parameters()])
            for layer in model.layers
        ]

    def compute(self, x: Tensor, y: Tensor, loss: Loss = cross_entropy) -> Tensor:
        """The loss (a scalar) of a minibatch; its gradient is in `gradients`."""
        rows, B = x, len(x)
        for layer_pass in self.passes:
            rows = layer_pass.forward(rows, B)
        if loss in (cross_entropy, F.cross_entropy) and len(rows) == B:
            value, grad = self.cross_entropy(rows, y)
        else:
            value, grad = with_gradient(loss, rows.view(*y.shape, -1), y)
            grad = grad.view(rows.shape)
        for layer_pass in reversed(self.passes):
            grad = layer_pass.backward(grad)
        return value

    def cross_entropy(self, logits: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """The mean cross-entropy of logits (B, V), and its gradient by them."""
        logp = torch.log_softmax(logits, -1)  # (B, V)
        loss, weight = nll_loss(logp, y, None, MEAN, -1)
        grad = nll_loss_backward(self.one, logp, y, None, MEAN, -1, weight)
        return loss, log_softmax_backward(grad, logp, -1, logp.dtype)

    def descend(self, lr: float) -> None:
        """A step of gradient descent for all parameters at once."""
        self.parameters.add_(self.gradients, alpha=-lr)

    def together(self) -> bool:
        """Whether all parameters still lie where they were put."""
        places = self.own[0].data_ptr(), self.own[-1].data_ptr()
        return places == self.places


def with_gradient(loss: Loss, logits: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Any loss of the logits, and its gradient by them from autograd."""
    with torch.enable_grad():
        leaf = logits.requires_grad_()
        value = loss(leaf, y)
        (grad,) = torch.autograd.grad(value, leaf)
    return value.detach(), grad


def refuse(hooks: Sequence[Hook]) -> None:
    """Raises ValueError for a hook that looks at the outputs of layers, which are not kept."""
    for hook in hooks:
        if type(hook).before_backward is not Hook.before_backward:
            name = type(hook).__name__
            raise ValueError(f"{name} looks into the layers: train the plain model for it")


class FastWindows(Form):
    """The fast form of a model of windows: `training.updates` calls `own_updates`.

    As a function it is the plain model.
    """

    @classmethod
    def serves(cls, plain: Layer) -> bool:
        """Whether it is a model, an embedding stands first, and every layer has a pass."""
        kinds = [type(layer) for layer in plain.layers]
        return hasattr(plain, "block_size") and kinds[0] is Embedding and set(kinds) <= set(PASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.plain(x)

    def own_updates(
        self,
        data: Data,
        optimizer: SGD,
        history: History,
        batch_size: int,
        generator: Generator | None,
        loss: Loss,
        hooks: Sequence[Hook],
    ) -> Iterator[float]:
        """The losses of endless updates, on the minibatches that `training.updates` would draw.

        Raises ValueError for hooks that it can't serve and in evaluation mode, and DivergedError
        when the loss is no longer a finite number.
        """
        refuse(hooks)
        hand = HandGradients(self.plain)
        alone = type(optimizer) is SGD and list(map(id, optimizer.parameters)) == [
            id(p) for p in hand.own
        ]
        for step in count():
            if not self.training:
                raise ValueError("the fast form is in evaluation mode: call train() on it first")
            xb, yb = minibatch(data, batch_size, generator)
            with torch.no_grad():
                history.loss.append(hand.compute(xb, yb, loss).item())
            if not math.isfinite(history.loss[-1]):
                raise DivergedError(optimizer.steps, history.loss[-1], history)
            for hook in hooks:
                hook.after_backward(step, self)
            lr = optimizer.lr
            if alone and hand.together():
                hand.descend(lr)
                optimizer.steps += 1
            else:
                optimizer.step()
            for hook in hooks:
                hook.after_step(step, self, lr)
            yield history.loss[-1]
