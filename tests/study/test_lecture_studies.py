"""The stored studies are of the lecture's list."""

import pytest

from mmhelpers.data import LECTURE, load_names
from mmhelpers.study import load_study
from mmhelpers.study.table import SEQUENCE_STORE, STORE


@pytest.mark.skipif(not LECTURE.exists(), reason="the lecture's list is not there")
@pytest.mark.parametrize("store", [STORE, SEQUENCE_STORE])
def test_of_the_lectures_list(store):
    assert load_study(store, load_names("lecture").words)
