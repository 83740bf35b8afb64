"""A picture that follows sliders, in JupyterLab."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from mmhelpers.plotting.base import picture

if TYPE_CHECKING:
    import ipywidgets


def with_sliders(
    draw: Callable[..., Axes], ranges: Mapping[str, tuple[float, float, float]], alt: str
) -> ipywidgets.Widget:
    """A slider for each argument of `draw`, and the figure it gives, drawn anew on each move.

    `ranges` has for each argument its first value, the lowest and the highest.  The sliders live
    as long as the kernel; nothing of them is stored.
    """
    import ipywidgets

    sliders = {
        name: ipywidgets.FloatSlider(value, min=low, max=high, step=0.1, description=name)
        for name, (value, low, high) in ranges.items()
    }
    image = ipywidgets.Image(format="png", width=640, layout={"max_width": "100%"})

    def redraw(change: object = None) -> None:
        values = {name: slider.value for name, slider in sliders.items()}
        image.value = picture(draw(**values), alt)

    for slider in sliders.values():
        slider.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([*sliders.values(), image])
