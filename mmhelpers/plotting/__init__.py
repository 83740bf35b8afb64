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
    plot_before_and_after,
    plot_tanh_and_derivative,
    plot_units,
)
from mmhelpers.plotting.attention import plot_attention, plot_position_vectors, plot_weights
from mmhelpers.plotting.backprop import (
    plot_broadcast_backward,
    plot_paired,
    plot_pulls,
    plot_scatter_add,
)
from mmhelpers.plotting.base import picture, save_figure
from mmhelpers.plotting.batchnorm import (
    plot_batch_table,
    plot_batchnorm_paths,
    plot_normalisation,
)
from mmhelpers.plotting.counting import (
    plot_count_rows,
    plot_darts,
    plot_descent,
    plot_minus_log,
    plot_ngrams,
)
from mmhelpers.plotting.curves import plot_loss, plot_lr_range, plot_run
from mmhelpers.plotting.embedding import plot_embedding_moves
from mmhelpers.plotting.generation import (
    plot_beam,
    plot_cache,
    plot_deletions,
    plot_sampler,
    plot_ways,
)
from mmhelpers.plotting.gradients import plot_line_removed, plot_logit_gradients
from mmhelpers.plotting.graphs import plot_forward_graph, plot_three_ways
from mmhelpers.plotting.instruments import (
    Instruments,
    plot_instruments,
    plot_ratio_panels,
    plot_sizes,
)
from mmhelpers.plotting.judging import (
    plot_disagreement,
    plot_intervals,
    plot_plane,
    plot_reliability,
    plot_slopes,
    plot_typical,
)
from mmhelpers.plotting.laws import plot_bootstrap, plot_laws, plot_seeds
from mmhelpers.plotting.lines import label_lines_at_end, mark
from mmhelpers.plotting.matrices import (
    plot_broadcasting,
    plot_difference,
    plot_one_hot,
    plot_row_picked,
)
from mmhelpers.plotting.optimisers import plot_lines, plot_paths
from mmhelpers.plotting.positions import plot_averaged, plot_position_means
from mmhelpers.plotting.quiz import Quiz
from mmhelpers.plotting.rates import plot_early, plot_rates
from mmhelpers.plotting.recurrent import plot_gru, plot_lstm, plot_rows, plot_unrolled
from mmhelpers.plotting.scaling import plot_curves
from mmhelpers.plotting.scans import (
    plot_dilated,
    plot_knobs,
    plot_over,
    plot_scan,
    plot_step_times,
)
from mmhelpers.plotting.side_by_side import plot_dev_curves, plot_raw_and_mean, plot_two_runs
from mmhelpers.plotting.sliders import with_sliders
from mmhelpers.plotting.stacks import plot_stack
from mmhelpers.plotting.streams import plot_norm_axes, plot_stream
from mmhelpers.plotting.tables import plot_pair_counts, plot_smoothing, plot_tables
from mmhelpers.plotting.targets import plot_drift, plot_targets
from mmhelpers.plotting.transformer import (
    plot_attention_strip,
    plot_bars,
    plot_blocks,
    plot_dials,
    plot_ladder,
    plot_student,
)
from mmhelpers.plotting.trees import plot_convolution, plot_tree
from mmhelpers.plotting.windows import plot_mlp, plot_storage, plot_windows

__all__ = [
    "Instruments",
    "Quiz",
    "label_lines_at_end",
    "mark",
    "picture",
    "plot_attention",
    "plot_attention_strip",
    "plot_averaged",
    "plot_bars",
    "plot_batch_table",
    "plot_beam",
    "plot_batchnorm_paths",
    "plot_before_and_after",
    "plot_blocks",
    "plot_bootstrap",
    "plot_broadcast_backward",
    "plot_broadcasting",
    "plot_cache",
    "plot_convolution",
    "plot_count_rows",
    "plot_curves",
    "plot_deletions",
    "plot_darts",
    "plot_descent",
    "plot_dev_curves",
    "plot_dials",
    "plot_disagreement",
    "plot_difference",
    "plot_drift",
    "plot_dilated",
    "plot_early",
    "plot_embedding_moves",
    "plot_forward_graph",
    "plot_gru",
    "plot_instruments",
    "plot_intervals",
    "plot_ladder",
    "plot_laws",
    "plot_knobs",
    "plot_line_removed",
    "plot_lines",
    "plot_logit_gradients",
    "plot_loss",
    "plot_lstm",
    "plot_lr_range",
    "plot_minus_log",
    "plot_mlp",
    "plot_ngrams",
    "plot_norm_axes",
    "plot_normalisation",
    "plot_one_hot",
    "plot_over",
    "plot_pair_counts",
    "plot_paired",
    "plot_paths",
    "plot_plane",
    "plot_position_means",
    "plot_position_vectors",
    "plot_pulls",
    "plot_rates",
    "plot_ratio_panels",
    "plot_raw_and_mean",
    "plot_reliability",
    "plot_row_picked",
    "plot_rows",
    "plot_run",
    "plot_sampler",
    "plot_scan",
    "plot_scatter_add",
    "plot_seeds",
    "plot_sizes",
    "plot_slopes",
    "plot_smoothing",
    "plot_stack",
    "plot_step_times",
    "plot_storage",
    "plot_student",
    "plot_stream",
    "plot_tables",
    "plot_tanh_and_derivative",
    "plot_targets",
    "plot_three_ways",
    "plot_tree",
    "plot_two_runs",
    "plot_typical",
    "plot_units",
    "plot_ways",
    "plot_weights",
    "plot_unrolled",
    "plot_windows",
    "save_figure",
    "with_sliders",
]
