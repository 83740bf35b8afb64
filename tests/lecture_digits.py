"""What the tests of the lecture's digits share: the lists, and which steps they look at.

Exact digits are promised on x86-64 only: other processors round otherwise.
"""

import platform

import pytest

from mmhelpers.data import LECTURE

x86_64_only = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="digits are those of x86-64"
)
LISTS = [
    "bundled",
    pytest.param("lecture", marks=pytest.mark.skipif(not LECTURE.exists(), reason="not there")),
]
STEPS = 300
SHOWN = (0, 1, 50, 100, 150, 200, 250, 299)


def shown(losses):
    """The losses of the steps SHOWN, as the lecture prints them."""
    return " ".join(f"{losses[step]:.4f}" for step in SHOWN)
