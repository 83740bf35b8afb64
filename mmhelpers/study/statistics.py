"""How sure one may be of a mean, a difference and a slope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


def resampled_means(values: Sequence[float], times: int = 10_000, seed: int = 42) -> np.ndarray:
    """The means (times,) of samples drawn from the values with replacement, as many as there are.

    The bootstrap: what the mean might have been, had other runs or names been drawn from the
    same source.  Raises ValueError for no values.  Built in notebook 06 (Efron 1979).
    """
    values = np.asarray(values, dtype=float)
    if not len(values):
        raise ValueError("no values to draw from")
    rng = np.random.default_rng(seed)
    parts = [  # so that memory stays small
        values[rng.integers(len(values), size=(some, len(values)))].mean(1)
        for some in [min(1000, times - i) for i in range(0, times, 1000)]
    ]
    return np.concatenate(parts)


def interval(means: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """The range that holds this share of the means, as much left out below as above."""
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def share_interval(count: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """The shares that `count` of `total` speak for, 95 % of them.

    Wilson's interval: those shares from which the measured one is not further away than `z`
    standard deviations.  Raises ValueError for a total of 0 or a count that is not within.  Built
    in notebook 09 (Wilson 1927).
    """
    if not 0 <= count <= total or not total:
        raise ValueError(f"{count} of {total}: a share needs one thing at least, and not more")
    share, pull = count / total, z * z / total
    middle = share + pull / 2
    reach = (pull * (share * (1 - share) + pull / 4)) ** 0.5
    return (middle - reach) / (1 + pull), (middle + reach) / (1 + pull)


@dataclass(frozen=True)
class Law:
    """loss = factor * size ** -exponent, a straight line on logarithmic axes."""

    factor: float
    exponent: float
    error: float  # the standard error of the exponent

    def __call__(self, size: float) -> float:
        return self.factor * size**-self.exponent


def power_law(sizes: Sequence[float], losses: Sequence[float]) -> Law:
    """The law that fits best, by least squares of log loss on log size.

    The error is what scatter about the line leaves uncertain, not whether it is a line.  Raises
    ValueError for less than three points or a single size.  Built in notebook 06.
    """
    x, y = np.log(sizes), np.log(losses)
    if len(x) < 3 or np.ptp(x) == 0:
        raise ValueError("a line with an error needs three points, and two sizes among them")
    away = x - x.mean()
    slope = (away * y).sum() / (away * away).sum()
    start = y.mean() - slope * x.mean()
    rest = y - start - slope * x
    error = np.sqrt((rest * rest).sum() / (len(x) - 2) / (away * away).sum())
    return Law(float(np.exp(start)), float(-slope), float(error))
