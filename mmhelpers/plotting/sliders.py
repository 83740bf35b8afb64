"""A picture that follows sliders, in JupyterLab."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from mmhelpers.plotting.base import picture

if TYPE_CHECKING:
    import ipywidgets


def with_sliders(
    draw: Callable[..., Axes], ranges: Mapping[str, tuple[float, ...] | str], alt: str
) -> ipywidgets.Widget:
    """A slider for each argument of `draw`, and the figure it gives, drawn anew on each move.

    `ranges` has for each argument its first value, the lowest and the highest, and where it is not
    0.1 the step; or a text, which gets a box to type in.  Where `draw` raises ValueError its
    message stands below, and the figure stays.  The sliders live as long as the kernel; nothing of
    them is stored.
    """
    import ipywidgets

    def control(name: str, value: float | str, low: float = 0, high: float = 0, step: float = 0.1):
        if isinstance(value, str):
            return ipywidgets.Text(value, description=name)
        limits = {"min": low, "max": high, "step": step, "description": name}
        return ipywidgets.FloatSlider(value, **limits)

    controls = {
        name: control(name, *([given] if isinstance(given, str) else given))
        for name, given in ranges.items()
    }
    image = ipywidgets.Image(format="png", width=640, layout={"max_width": "100%"})
    message = ipywidgets.HTML()

    def redraw(change: object = None) -> None:
        try:
            image.value = picture(draw(**{name: c.value for name, c in controls.items()}), alt)
            message.value = ""
        except ValueError as error:
            message.value = html.escape(str(error))

    for each in controls.values():
        each.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([*controls.values(), message, image])
