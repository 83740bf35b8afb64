"""Names kept compactly: the same rows as padded ones, at the cost of the letters there are."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhelpers.data import (
    ROOM,
    DataError,
    NameRows,
    Vocabulary,
    in_parts,
    load_names,
    pad_names,
    trim,
    work,
)

repeatable = settings(deadline=None, derandomize=True, database=None, max_examples=60)
some_names = st.lists(st.text("aböж𝔘", max_size=9), min_size=1, max_size=9)


def same(pair, other):
    """Whether two pairs of tensors are the same."""
    return all(a.dtype == b.dtype and torch.equal(a, b) for a, b in zip(pair, other, strict=True))


@repeatable
@given(some_names, st.data())
def test_the_rows_are_those_of_pad_names_trimmed(words, draw):
    vocabulary = Vocabulary(words)
    rows, (X, Y) = NameRows(words, vocabulary, 12), pad_names(words, vocabulary, 12)
    indices = draw.draw(st.lists(st.integers(0, len(words) - 1), min_size=1, max_size=12))
    chosen = torch.tensor(indices)
    assert len(rows) == len(words)
    assert same(rows[chosen], trim(X[chosen], Y[chosen]))
    assert same(rows[:], trim(X, Y))
    assert same(rows.to("cpu")[:2], trim(X[:2], Y[:2]))


def test_the_rows_of_the_bundled_list():
    words = load_names("bundled").words
    vocabulary, length = Vocabulary(words), max(map(len, words)) + 1
    assert same(NameRows(words, vocabulary, length)[:], pad_names(words, vocabulary, length))


def test_two_names():
    X, Y = NameRows(["ab", "b"], Vocabulary(["ab"]), 5)[:]
    assert X.tolist() == [[0, 1, 2], [0, 2, 0]]
    assert Y.tolist() == [[1, 2, 0], [2, 0, -1]]


@pytest.mark.parametrize("outlier", [50, 900, 999])
def test_an_outlier_is_kept_as_its_letters(outlier):
    words = ["abba"] * 10_000 + ["a" * outlier]
    rows = NameRows(words, Vocabulary(words), outlier + 1)
    numbers = sum(tensor.numel() for tensor in vars(rows).values())
    assert numbers <= sum(map(len, words)) + 3 * len(words) + 1


@pytest.mark.parametrize(
    "words, what",
    [
        ([], "at least one"),
        (["cab"], "a name of 3 characters does not fit in rows of 3"),
        (["ab", "xy"], "'x' is not in the vocabulary"),
        (["a\0"], "control character"),
    ],
)
@pytest.mark.parametrize("make", [NameRows, pad_names])
def test_refused_alike(make, words, what):
    with pytest.raises(DataError, match=what):
        make(words, Vocabulary(["abc\0"]), 3)


@repeatable
@given(st.lists(st.integers(0, 1001), max_size=80), st.integers(1, 30))
def test_parts_are_all_names_and_fit(lengths, most):
    tensor = torch.tensor(lengths, dtype=torch.int64)
    parts = list(in_parts(tensor, most))
    order = [i for part in parts for i in part.tolist()]
    assert sorted(order) == [i for i, length in enumerate(lengths) if length]
    assert [lengths[i] for i in order] == sorted(filter(None, lengths))
    for part in parts:
        longest = int(tensor[part].max())
        assert len(part) == 1 or len(part) * work(longest) <= ROOM
        assert len(part) <= most


def test_usual_minibatches_are_one_part():
    assert 256 * work(17) <= ROOM and 32 * work(90) <= ROOM  # so that their bits stay
    assert 2 * work(500) > ROOM
