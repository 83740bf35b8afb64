"""Softmax, cross-entropy and backward passes by hand; the tests prove them equal to torch's."""

from __future__ import annotations

import torch
from torch import Tensor


def softmax(logits: Tensor) -> Tensor:
    """Probabilities (…, V) of logits (…, V): each row positive, with sum 1.

    The largest logit of each row is subtracted first, which changes nothing in the result
    and keeps `exp` from overflowing.  Built in notebook 01.
    """
    counts = (logits - logits.max(-1, keepdim=True).values).exp()
    return counts / counts.sum(-1, keepdim=True)


def log_softmax(logits: Tensor) -> Tensor:
    """Logarithms of the softmax of logits (…, V), without ever taking the log of 0."""
    shifted = logits - logits.max(-1, keepdim=True).values
    return shifted - shifted.exp().sum(-1, keepdim=True).log()


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean negative log-likelihood in nats, a scalar.

    logits (B, V) with targets (B,), or (B, T, V) with (B, T); int64.  A target of -1 marks a
    padded position, which does not count.  Raises ValueError where the shapes don't match.
    Built in notebook 02.
    """
    if logits.shape[:-1] != targets.shape:
        raise ValueError(
            f"logits {tuple(logits.shape)} need targets {tuple(logits.shape[:-1])}, "
            f"not {tuple(targets.shape)}"
        )
    logp = log_softmax(logits)
    picked = logp.gather(-1, targets.clamp(min=0).unsqueeze(-1)).squeeze(-1)  # (B,) or (B, T)
    counted = targets >= 0
    return -(picked * counted).sum() / counted.sum()


def cross_entropy_backward(logits: Tensor, targets: Tensor) -> Tensor:
    """The gradient of `cross_entropy` by its logits, in their shape.

    Probabilities minus 1 at the target, divided by the number of targets that count.
    logits (B, V) with targets (B,), or (B, T, V) with (B, T); a target of -1 does not count.
    Built in notebook 04 (lecture: part 4).
    """
    counted = targets >= 0
    dlogits = softmax(logits)
    columns = targets.clamp(min=0).unsqueeze(-1)  # (B, 1) or (B, T, 1)
    dlogits.scatter_add_(-1, columns, -torch.ones_like(columns, dtype=logits.dtype))
    return dlogits * counted.unsqueeze(-1) / counted.sum()


def linear_backward(dout: Tensor, x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients of `x @ weight + bias` by x, weight and bias, given dout (N, fan_out).

    x is (N, fan_in), weight (fan_in, fan_out).  Built in notebook 04 (lecture: part 4).
    """
    return dout @ weight.T, x.T @ dout, dout.sum(0)


def tanh_backward(dout: Tensor, out: Tensor) -> Tensor:
    """The gradient of `out = tanh(x)` by x, given dout in the same shape.

    Built in notebook 04 (lecture: part 4).
    """
    return (1 - out * out) * dout


def batch_norm_backward(
    dout: Tensor, normalised: Tensor, inv_std: Tensor, gamma: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients of `gamma * normalised + beta` by x, gamma and beta, given dout (N, dim).

    normalised (N, dim) is `(x - mean) * inv_std`, and inv_std (1, dim) is `(var + eps) ** -0.5`
    of the batch, with the unbiased variance (divided by N - 1), as in `BatchNorm1d`.  gamma is
    (dim,) or (1, dim).  Built in notebook 04 (lecture: part 4; Ioffe and Szegedy 2015).
    """
    n = len(dout)
    dbeta = dout.sum(0).view_as(gamma)
    dgamma = (dout * normalised).sum(0).view_as(gamma)
    dx = gamma * inv_std * (dout - dbeta / n - normalised * (dgamma / (n - 1)))
    return dx, dgamma, dbeta


def embedding_backward(dout: Tensor, indices: Tensor, num_embeddings: int) -> Tensor:
    """The gradient of `table[indices]` by the table, (num_embeddings, n_embd).

    dout is (…, n_embd) for indices (…): every row that was looked up gets the sum of what
    came back for it, every other row 0.  Built in notebook 04 (lecture: part 4).
    """
    dtable = dout.new_zeros(num_embeddings, dout.shape[-1])
    return dtable.index_add_(0, indices.flatten(), dout.reshape(-1, dout.shape[-1]))
