"""What a network in training looks like inside, as plain data, and what that says about it.

Nothing here draws: `plotting` does.
"""

from mmhelpers.diagnostics.findings import Finding, diagnose, findings_table
from mmhelpers.diagnostics.statistics import (
    Histogram,
    Hook,
    Recorder,
    Snapshot,
    TensorStats,
    activations,
    gradients,
    histogram,
    nonlinearities,
    stuck_units,
    tensor_stats,
    weight_gradients,
    weights,
)

__all__ = [
    "Finding",
    "Histogram",
    "Hook",
    "Recorder",
    "Snapshot",
    "TensorStats",
    "activations",
    "diagnose",
    "findings_table",
    "gradients",
    "histogram",
    "nonlinearities",
    "stuck_units",
    "tensor_stats",
    "weight_gradients",
    "weights",
]
