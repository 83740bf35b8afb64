"""All that exists for speed alone, asked for by name."""

from mmhelpers.fast.windows import HandGradients, train_fast

__all__ = ["HandGradients", "train_fast"]
