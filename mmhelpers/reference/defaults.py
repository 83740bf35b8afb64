"""Each notebook's default steps and seed, and where a run's plots go.

The notebooks' own parameter cells say the same; a test holds the two against each other.
"""

from __future__ import annotations

from typing import NamedTuple


class Defaults(NamedTuple):
    """The steps and the seed that stand in a notebook's parameter cell."""

    steps: int
    seed: int


DEFAULTS = {
    "01_bigram": Defaults(300, 2147483647),
    "02_mlp": Defaults(200_000, 2147483647),
    "03_deep_mlp_batchnorm": Defaults(200_000, 2147483647),
    "04_backprop_by_hand": Defaults(200_000, 2147483647),
    "05_wavenet": Defaults(200_000, 42),
    "06_scaling": Defaults(200_000, 42),
    "07_recurrent": Defaults(4_000, 42),
    "08_transformer": Defaults(3_000, 42),
    "09_generation": Defaults(12_000, 42),
}


def plots_folder(notebook: str, *, names: str, steps: int, seed: int, device: object) -> str:
    """The folder for a run's plots, relative to the project.

    It is "assets/NOTEBOOK", whose plots are stored with the project, where every parameter is
    the default, else "build/plots/NOTEBOOK".  Raises KeyError for a notebook without defaults.
    """
    is_default = names == "auto" and (steps, seed) == DEFAULTS[notebook] and str(device) == "cpu"
    return f"{'assets' if is_default else 'build/plots'}/{notebook}"
