"""One drawing function a figure: `plot_x(data, ax=None) -> ax`, and `save_figure`.

Only this package imports matplotlib.  What it draws is computed elsewhere and handed in.
"""

from mmhelpers.plotting.base import save_figure
from mmhelpers.plotting.curves import plot_loss, plot_lr_range
from mmhelpers.plotting.embedding import plot_embedding
from mmhelpers.plotting.gradients import plot_line_removed, plot_logit_gradients, plot_pushes
from mmhelpers.plotting.tables import plot_pair_counts, plot_smoothing, plot_tables

__all__ = [
    "plot_embedding",
    "plot_line_removed",
    "plot_logit_gradients",
    "plot_loss",
    "plot_lr_range",
    "plot_pair_counts",
    "plot_pushes",
    "plot_smoothing",
    "plot_tables",
    "save_figure",
]
