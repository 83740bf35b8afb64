"""The lists can be read without torch: commands start in a moment."""

import subprocess
import sys

import pytest

import mmhelpers.data


@pytest.mark.parametrize(
    "module", ["data", "data.names", "data.files", "data.download", "__main__", "makemore.options"]
)
def test_no_torch_for_the_lists(module):
    code = f"import sys, mmhelpers.{module}; print('torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"


def test_a_list_is_loaded_without_torch():
    code = "import sys; from mmhelpers.data import load_names, split_names, Vocabulary\n"
    code += "print(len(load_names('bundled').words), 'torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "32000 False\n"


def test_all_names_are_there():
    for name in mmhelpers.data.__all__:
        assert getattr(mmhelpers.data, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'pad_nmaes'"):
        mmhelpers.data.pad_nmaes  # noqa: B018
