"""How every figure looks, whatever the user's own settings of matplotlib are.

The colours are those of matplotlib's `petroff10` but for its two lightest (Petroff 2021,
"Accessible Color Sequences for Data Visualization", arXiv:2107.02270): told apart under the
three colour deficiencies too.  Line styles and markers go with them, so that no line depends
on its colour alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from matplotlib import cycler, style

BLUE, ORANGE, RED, PURPLE = "#3f90da", "#ffa90e", "#bd1f01", "#832db6"
BROWN, TANGERINE, KHAKI, SLATE = "#a96b59", "#e76300", "#b9ac70", "#717581"
FAINT = "#ced2d9"  # what stands behind a line
COLORS = [BLUE, ORANGE, RED, PURPLE, BROWN, TANGERINE, KHAKI, SLATE]
LINES = ["-", (0, (6, 2)), (0, (7, 2, 1.5, 2)), (0, (2, 1))] * 2
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "d"]

# Maps: from light to dark for what is more or less, from red over white to blue for signs.
SEQUENTIAL, ORDERED, SIGNED = "Blues", "viridis", "RdBu"

DPI = 110
STYLE = {
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "font.family": "DejaVu Sans",  # matplotlib brings it along
    "axes.prop_cycle": cycler(color=COLORS) + cycler(linestyle=LINES) + cycler(marker=MARKERS),
    "lines.markersize": 5,
}


@contextmanager
def our_style() -> Iterator[None]:
    """Within it, and in a function that it decorates, matplotlib's defaults and STYLE hold.

    A user's matplotlibrc has no say then, and is as it was afterwards.
    """
    with style.context(["default", STYLE]):
        yield
