"""The notebooks' defaults, and where a run's plots go."""

import pytest

from mmhelpers.reference import DEFAULTS, plots_folder
from mmhelpers.runs.files import find_notebooks, read_parameters

DEFAULT = {"names": "auto", "steps": 200_000, "seed": 42, "device": "cpu"}


def test_they_are_those_of_the_notebooks():
    notebooks = {path.stem: read_parameters(path) for path in find_notebooks()}
    assert DEFAULTS == {name: (p["steps"], p["seed"]) for name, p in notebooks.items()}


def test_the_default_run_fills_assets():
    assert plots_folder("05_wavenet", **DEFAULT) == "assets/05_wavenet"


@pytest.mark.parametrize(
    "changed",
    [
        {"names": "bundled"},
        {"names": "lecture"},
        {"names": "my.txt"},
        {"steps": 200},
        {"seed": 43},
        {"device": "mps"},
        {"device": "auto"},
    ],
)
def test_any_other_run_leaves_assets_alone(changed):
    assert plots_folder("05_wavenet", **DEFAULT | changed) == "build/plots/05_wavenet"


def test_a_notebook_without_defaults():
    with pytest.raises(KeyError, match="00_none"):
        plots_folder("00_none", **DEFAULT)
