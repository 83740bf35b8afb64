"""The colours, told apart also by those who see fewer of them."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib import color_sequences, rcParams
from matplotlib.colors import to_hex, to_rgb

from mmhelpers.plotting import plot_loss
from mmhelpers.plotting.style import COLORS, LINES, MARKERS, our_style

# What linear RGB becomes for an eye without one kind of cone: Machado, Oliveira and Fernandes,
# "A Physiologically-based Model for Simulation of Color Vision Deficiency", IEEE TVCG 15(6), 2009,
# severity 1.0 of the table at inf.ufrgs.br/~oliveira/pubs_files/CVD_Simulation.
MACHADO = {
    "all cones": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
# From linear sRGB to CIE XYZ, and the white D65, IEC 61966-2-1.
XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
APART = 17  # in CIELAB, where about 2.3 is just noticeable
FROM_WHITE = 30


def lab(colors, eye):
    """CIELAB (n, 3) of colours as an eye sees them."""
    rgb = np.array([to_rgb(color) for color in colors])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = (linear @ np.transpose(MACHADO[eye])).clip(0, 1) @ np.transpose(XYZ)
    t = xyz / np.sum(XYZ, axis=1)
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = f.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def closest(colors, eye):
    """The smallest distance between two of the colours."""
    return min(np.linalg.norm(a - b) for a, b in combinations(lab(colors, eye), 2))


def test_lab_of_known_colors():
    known = {"white": (100, 0, 0), "black": (0, 0, 0), "#ff0000": (53.24, 80.09, 67.20)}
    known["#808080"] = (53.59, 0, 0)
    assert np.allclose(lab(known, "all cones"), list(known.values()), atol=0.05)


@pytest.mark.parametrize("eye", MACHADO)
def test_colors_are_told_apart(eye):
    assert closest(COLORS, eye) > APART
    page = np.linalg.norm(lab(COLORS, eye) - lab(["white"], eye), axis=1)
    assert page.min() > FROM_WHITE


def test_what_it_replaces_would_fail():
    assert closest(["seagreen", "indianred"], "deuteranopia") < APART
    assert min(closest(color_sequences["tab10"], eye) for eye in MACHADO) < APART


def test_colors_are_of_a_known_cycle():
    assert set(COLORS) < set(map(to_hex, color_sequences["petroff10"]))


def test_no_two_lines_differ_by_color_alone():
    assert len(COLORS) == len(LINES) == len(MARKERS) == len(set(MARKERS))
    with our_style():
        cycle = list(rcParams["axes.prop_cycle"])
    assert [line["color"] for line in cycle] == COLORS
    ax = plot_loss({f"run {i}": [2.0 + i] * 100 for i in range(8)})
    looks = {(line.get_linestyle(), line.get_marker()) for line in ax.lines}
    assert len(looks) == 8
    assert [line.get_color() for line in ax.lines] == COLORS
