"""One drawing function a figure: `plot_x(data, ax=None) -> ax`, and `save_figure`.

Only this package imports matplotlib.  What it draws is computed elsewhere and handed in.
"""

from mmhelpers.plotting.base import save_figure
from mmhelpers.plotting.curves import plot_loss
from mmhelpers.plotting.gradients import plot_line_removed, plot_logit_gradients, plot_pushes

__all__ = ["plot_line_removed", "plot_logit_gradients", "plot_pushes", "plot_loss", "save_figure"]
