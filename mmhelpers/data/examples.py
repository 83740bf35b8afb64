"""The training examples: windows of characters, and names as padded rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy

import numpy as np
import torch
from torch import Tensor

from mmhelpers.data.names import BOUNDARY, DataError, Vocabulary

ROOM = 2**19  # for the `work` of a batch of names


def build_dataset(
    words: Sequence[str], vocabulary: Vocabulary, block_size: int
) -> tuple[Tensor, Tensor]:
    """Every window of `block_size` characters with the character that follows it.

    Returns X (N, block_size) and Y (N,), int64; N is the number of characters plus one end
    a name.  Before a name stand boundary tokens.  Raises DataError for a block_size below 1
    or a character that is not in the vocabulary.  Built in notebook 02.
    """
    if block_size < 1:
        raise DataError(f"block_size is {block_size}: it must be at least 1")
    if not words:
        raise DataError("no names: a data set needs at least one")
    filler = "\0" * block_size  # no name may hold this character, so it can mark the filling
    text = filler + (BOUNDARY + filler).join(words) + BOUNDARY
    if text.count("\0") > len(filler) * len(words):
        raise DataError("a name holds the control character '\\x00': remove it")
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    ids = _indices(codes, vocabulary)
    targets = torch.from_numpy(np.flatnonzero(codes))  # (N,) where the filling is not
    X = ids.unfold(0, block_size, 1).index_select(0, targets - block_size)  # (N, block_size)
    return X, ids[targets]


def pad_names(words: Sequence[str], vocabulary: Vocabulary, length: int) -> tuple[Tensor, Tensor]:
    """Every name as one row: X (N, length) from the start token on, Y (N, length) one later.

    X holds 0 and the letters, Y the letters and 0; what is left is filled with 0 in X and with
    -1 in Y, which losses don't count.  Raises DataError where a name and its end are longer than
    `length`, or for a character that is not in the vocabulary.  Built in notebook 07.
    """
    _check_lengths(words, length)
    codes = np.frombuffer(
        "".join([w.ljust(length, "\0") for w in words]).encode("utf-32-le"), "<u4"
    )
    letters = _indices(codes, vocabulary).view(-1, length)  # (N, length)
    start = letters.new_zeros(len(words), 1)
    X = torch.cat([start, letters[:, :-1]], 1)  # (N, length)
    lengths = torch.tensor([len(word) for word in words])[:, None]
    return X, letters.masked_fill(torch.arange(length) > lengths, -1)


class NameRows:
    """Names as the rows of `pad_names`, kept as their letters only and padded when asked for.

    `X, Y = rows[indices]` are the rows (B, T) of these names, T the longest of them with its end;
    so one name of 900 letters makes wide what it stands in and nothing else.  `letters` has all
    names one after the other, a 0 before and after each; name i has `lengths[i]` targets, its
    letters and its end, and its 0 is at `starts[i]`.  Raises DataError as `pad_names` does.
    """

    def __init__(self, words: Sequence[str], vocabulary: Vocabulary, length: int) -> None:
        _check_lengths(words, length)
        text = "\0" + "\0".join(words) + "\0"
        self.letters = _indices(np.frombuffer(text.encode("utf-32-le"), "<u4"), vocabulary)
        self.lengths = torch.tensor([len(word) + 1 for word in words])  # (N,)
        self.starts = self.lengths.cumsum(0) - self.lengths  # (N,)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, indices: Tensor | slice) -> tuple[Tensor, Tensor]:
        starts, lengths = self.starts[indices, None], self.lengths[indices, None]  # (B, 1)
        columns = torch.arange(int(lengths.max()), device=lengths.device)  # (T,)
        inside = columns < lengths  # (B, T)
        places = (starts + columns) * inside  # a 0 stands at place 0
        return self.letters[places], self.letters[places + 1].masked_fill(~inside, -1)

    def to(self, device: str | torch.device) -> NameRows:
        """The same names on the device."""
        moved = copy(self)
        for name, tensor in vars(self).items():
            setattr(moved, name, tensor.to(device))
        return moved


def trim(X: Tensor, Y: Tensor) -> tuple[Tensor, Tensor]:
    """Padded rows X, Y (B, T) without the columns in which no row has a target."""
    T = int((Y >= 0).sum(1).max())
    return X[:, :T], Y[:, :T]


def work(T: int | Tensor) -> int | Tensor:
    """How many numbers a row of T positions costs: 64 a position in a layer, T in attention."""
    return T * (T + 64)


def in_parts(lengths: Tensor, most: int) -> Iterator[Tensor]:
    """Indices of names of these lengths (N,), the shortest first, in parts that memory holds.

    A part has at most `most` names, each padded to the longest of the part, and at most `ROOM`
    for the work of all; a single name is always a part.  Names of length 0 are left out.
    """
    lengths, order = lengths.sort(stable=True)
    first = int((lengths == 0).sum())
    while first < len(order):
        longest = lengths[first : first + most]  # of the part, where it ends here
        counts = torch.arange(1, len(longest) + 1, device=longest.device)
        size = max(1, int((counts * work(longest) <= ROOM).sum()))
        yield order[first : first + size]
        first += size


def _check_lengths(words: Sequence[str], length: int) -> None:
    """Raises DataError where the words can't be rows of that length."""
    if not words:
        raise DataError("no names: a data set needs at least one")
    if (longest := max(map(len, words))) >= length:
        raise DataError(f"a name of {longest} characters does not fit in rows of {length}")
    if any("\0" in word for word in words):
        raise DataError("a name holds the control character '\\x00': remove it")


def _indices(codes: np.ndarray, vocabulary: Vocabulary) -> Tensor:
    """The vocabulary's indices (N,) of Unicode code points (N,); code point 0 gives 0."""
    table = np.full(max(map(ord, vocabulary.stoi)) + 1, -1)
    table[[ord(character) for character in vocabulary.stoi]] = list(vocabulary.stoi.values())
    table[0] = 0
    ids = np.where(codes < len(table), table[np.minimum(codes, len(table) - 1)], -1)
    if (ids < 0).any():
        unknown = ascii(chr(codes[ids < 0][0]))
        raise DataError(f"character {unknown} is not in the vocabulary")
    return torch.from_numpy(ids)
