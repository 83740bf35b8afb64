"""One drawing function a figure: `plot_x(data, ax=None) -> ax`, and `save_figure`.

Only this package imports matplotlib.  What it draws is computed elsewhere and handed in.

style        colours, line styles, maps; the settings that hold for every figure
base         new axes; files
text         text from the data, drawn as it is
lines        legends, labels at the ends of lines, marks across a figure
the others   the figures, by what they show
"""

from mmhelpers.plotting import backend  # noqa: F401  before all that imports matplotlib

# isort: split
from mmhelpers.plotting.activations import (
    plot_comparison,
    plot_distributions,
    plot_histograms,
    plot_normalisation,
    plot_tanh_and_derivative,
    plot_units,
    plot_update_ratios,
)
from mmhelpers.plotting.attention import plot_attention
from mmhelpers.plotting.base import picture, save_figure
from mmhelpers.plotting.curves import plot_loss, plot_lr_range
from mmhelpers.plotting.embedding import plot_embedding
from mmhelpers.plotting.gradients import plot_line_removed, plot_logit_gradients, plot_pushes
from mmhelpers.plotting.lines import label_lines_at_end, mark
from mmhelpers.plotting.scaling import plot_curves, plot_scaling
from mmhelpers.plotting.tables import plot_pair_counts, plot_smoothing, plot_tables
from mmhelpers.plotting.trees import plot_position_means, plot_tree

__all__ = [
    "label_lines_at_end",
    "mark",
    "picture",
    "plot_attention",
    "plot_comparison",
    "plot_curves",
    "plot_distributions",
    "plot_embedding",
    "plot_histograms",
    "plot_line_removed",
    "plot_logit_gradients",
    "plot_loss",
    "plot_lr_range",
    "plot_normalisation",
    "plot_pair_counts",
    "plot_position_means",
    "plot_pushes",
    "plot_scaling",
    "plot_smoothing",
    "plot_tables",
    "plot_tanh_and_derivative",
    "plot_tree",
    "plot_units",
    "plot_update_ratios",
    "save_figure",
]
