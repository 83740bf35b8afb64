"""Softmax and cross-entropy by hand; the tests prove them equal to torch's."""

from __future__ import annotations

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
