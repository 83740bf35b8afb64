"""The notebooks, and rules that are switched on for one after the other."""

import pytest

from mmhelpers.runs.files import find_notebooks

STEMS = [path.stem for path in find_notebooks()]
each_notebook = pytest.mark.parametrize("stem", STEMS)


def switched_on(faults: list[str], stem: str, not_yet: list[str]) -> None:
    """Fails for a notebook with faults, and for one without that is still on the list."""
    if stem not in not_yet:
        assert not faults, "\n".join(faults)
    else:
        assert faults, f"{stem} keeps to the rule now: take it off the list"
