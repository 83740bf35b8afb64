"""Sizes, axes and files of figures."""

from __future__ import annotations

import io
import os
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from mmhelpers.data import ROOT

WIDTH, HEIGHT = 8.0, 4.0  # inches: readable at the width of a README
DPI = 110


def new_axes(ax: Axes | None = None, width: float = WIDTH, height: float = HEIGHT) -> Axes:
    """`ax` itself, or the axes of a new figure."""
    return ax or plt.subplots(figsize=(width, height), layout="constrained")[1]


def legend_outside(ax: Axes) -> None:
    """A legend to the right of the axes, where it hides no line."""
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def save_figure(ax: Axes, output_dir: str | Path, name: str) -> None:
    """Writes the figure of `ax` to output_dir/name.png; whole or not at all.

    A relative `output_dir` counts from the project's root, wherever the notebook runs.
    """
    folder = ROOT / output_dir
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{name}.png"
    # Without the version of matplotlib in it, the same picture gives the same bytes.
    ax.figure.savefig(unfinished, format="png", dpi=DPI, metadata={"Software": None})
    os.replace(unfinished, folder / f"{name}.png")


def picture(ax: Axes) -> bytes:
    """The figure of `ax` as a PNG, for a widget to show; the figure is closed."""
    file = io.BytesIO()
    ax.figure.savefig(file, format="png", dpi=DPI)
    plt.close(ax.figure)
    return file.getvalue()
