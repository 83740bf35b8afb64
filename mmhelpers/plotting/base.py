"""Sizes, axes and files of figures."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmhelpers.data import ROOT, write_whole
from mmhelpers.plotting.style import our_style

WIDTH, HEIGHT = 8.0, 4.0  # inches: readable at the width of a README


def new_axes(ax: Axes | None = None, width: float = WIDTH, height: float = HEIGHT) -> Axes:
    """`ax` itself, or the axes of a new figure."""
    return ax or new_grid(1, 1, width, height)[0, 0]


def new_grid(
    rows: int, columns: int, width: float, height: float, square: bool = False, **options
) -> np.ndarray:
    """The axes (rows, columns) of a new figure; `options` as for `Figure.subplots`.

    `square` leaves no gaps between axes of a fixed shape.
    """
    layout = "compressed" if square else "constrained"
    figure = Figure(figsize=(width, height), layout=layout)
    return figure.subplots(rows, columns, squeeze=False, **options)


def save_figure(ax: Axes, output_dir: str | Path, name: str, alt: str) -> None:
    """Writes the figure of `ax` to output_dir/name.png; in a kernel, shows that file too.

    `alt` says in a sentence what is to be seen, for those who can't: it goes with the picture
    into the notebook and into the file.  A relative `output_dir` counts from the project's root,
    wherever the notebook runs.  Raises ValueError for an empty `alt`, OSError where the file
    can't be written.
    """
    alt = " ".join(alt.split())
    if not alt:
        raise ValueError(f"the figure {name} has an empty alt: say in a sentence what it shows")
    image = picture(ax, alt)
    folder = ROOT / output_dir
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / f"{name}.png", image)
    if _kernel():
        from IPython.display import Image, display

        # The file's own bytes, so that what is shown depends on no backend and no settings.
        display(Image(data=image, alt=alt))


@our_style()
def picture(ax: Axes, alt: str = "") -> bytes:
    """The figure of `ax` as a PNG, the same bytes for the same figure."""
    file = io.BytesIO()
    # Without the version of matplotlib in it.
    ax.figure.savefig(file, format="png", metadata={"Software": None, "Description": alt or None})
    if "matplotlib.pyplot" in sys.modules:  # a figure of the reader's own: else it is shown twice
        sys.modules["matplotlib.pyplot"].close(ax.figure)
    return file.getvalue()


def _kernel() -> Any:
    """The IPython of the notebook that this runs in; None outside one."""
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    return shell if getattr(shell, "kernel", None) else None


if _kernel():  # axes that end a cell show their figure, saved or not
    _kernel().display_formatter.formatters["image/png"].for_type(Axes, picture)
