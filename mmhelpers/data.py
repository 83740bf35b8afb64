"""The lists of names, the vocabulary, the splits and the training examples."""

from __future__ import annotations

import hashlib
import os
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

ROOT = Path(__file__).resolve().parent.parent
BUNDLED = ROOT / "names.txt"
LECTURE = ROOT / "names-lecture.txt"
LECTURE_URL = (
    "https://raw.githubusercontent.com/karpathy/makemore/"
    "988aa59e4d8fefa526d06f3b453ad116258398d4/names.txt"
)
SHA256 = {
    "bundled": "bfd6f6011d9f5f51c8cb434ad9c2a057b0d61c6a547ff947d19ddaf31a5ffdb1",
    "lecture": "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d",
}
BOUNDARY = "."  # stands before the first and after the last character of every name
MAX_LENGTH = 1000  # characters a line; a longer one is hardly a word
# Control characters, those that break, reverse or hide text on a screen, and the surrogates
# that stand for undecodable bytes in the name of a file and can't be printed at all.
UNPRINTABLE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


class DataError(ValueError):
    """A list of names or a request on it that can't be used; the message says how to mend it."""


@dataclass(frozen=True)
class NameList:
    """A list of names and where it comes from: `kind` is "bundled", "lecture" or "other"."""

    words: list[str]
    kind: str
    path: Path

    def __str__(self) -> str:
        """One line on which list this is, and on the bundled one how to get the lecture's."""
        if self.kind == "lecture":
            return f"the lecture's list: {len(self.words):,} names"
        if self.kind == "bundled":
            return (
                f"the bundled list: {len(self.words):,} names "
                "(for the lecture's: python -m mmhelpers names)"
            )
        return f"{printable(self.path.name)}: {len(self.words):,} names"


def printable(text: str) -> str:
    """The text with every character that could steer a terminal written as an escape."""
    return UNPRINTABLE.sub(lambda match: ascii(match[0])[1:-1], text).replace("\n", "\\n")


def load_names(choice: str = "auto") -> NameList:
    """The list that `choice` names: "auto", "bundled", "lecture" or the path of a file.

    "auto" is the environment variable MAKEMORE_NAMES if it is set, else the lecture's list if
    it was downloaded, else the bundled one.  Raises DataError where the list can't be used.
    """
    if choice == "auto":
        choice = os.environ.get("MAKEMORE_NAMES") or ("lecture" if LECTURE.exists() else "bundled")
    if choice == "auto":
        raise DataError('MAKEMORE_NAMES is "auto": set it to bundled, lecture or a path')
    if choice == "lecture" and not LECTURE.exists():
        raise DataError(f"{LECTURE.name} is not there: run python -m mmhelpers names")
    path = {"bundled": BUNDLED, "lecture": LECTURE}.get(choice, Path(choice))
    words, digest = read_names(path)
    kind = next((kind for kind, sha in SHA256.items() if sha == digest), "other")
    return NameList(words, kind, path)


def fingerprint(words: Iterable[str]) -> str:
    """Sixteen characters by which to know these words in this order again."""
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]


def read_names(path: Path) -> tuple[list[str], str]:
    """The names of a file, one a line, and the SHA-256 of its text; blank lines are left out.

    Any alphabet in UTF-8.  Windows line ends and a byte-order mark are accepted and change
    neither names nor SHA-256.  Raises DataError with file, line and mend.
    """
    shown = printable(str(path))
    if os.path.isdir(path):
        raise DataError(f"{shown} is a directory: name a text file, one name a line")
    try:
        raw = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{shown} can't be read ({reason}): name a text file") from None
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DataError(f"{shown}, line {line}: not UTF-8, save the file as UTF-8") from None
    words = [word for line in text.split("\n") if (word := line.strip())]
    check_words(text, words, shown)
    return words, hashlib.sha256(text.encode()).hexdigest()


def check_words(text: str, words: list[str], shown: str) -> None:
    """Raises DataError for what is no list of names; `shown` is the file's printable name."""
    if not words:
        raise DataError(f"{shown} holds no names: write one name a line")
    if match := UNPRINTABLE.search(text):
        line = text.count("\n", 0, match.start()) + 1
        raise DataError(f"{shown}, line {line}: control character {ascii(match[0])}, remove it")
    if BOUNDARY in text:
        line = text.count("\n", 0, text.index(BOUNDARY)) + 1
        raise DataError(f'{shown}, line {line}: "{BOUNDARY}" marks where names end, remove it')
    if len(max(words, key=len)) > MAX_LENGTH:
        line = next(i for i, s in enumerate(text.split("\n"), 1) if len(s.strip()) > MAX_LENGTH)
        raise DataError(
            f"{shown}, line {line}: longer than {MAX_LENGTH} characters, write one name a line"
        )


class Vocabulary:
    """The characters of a list, numbered: 0 is the boundary `.`, then 1, 2, … in sorted order.

    `stoi` maps a character to its index, `itos` an index to its character.
    Built in notebook 01.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self.itos = dict(enumerate([BOUNDARY, *sorted(set("".join(words)) - {BOUNDARY})]))
        self.stoi = {character: index for index, character in self.itos.items()}

    def __len__(self) -> int:
        return len(self.itos)

    def encode(self, text: str) -> list[int]:
        """The indices of the characters; raises DataError for one that is not in the list."""
        if unknown := sorted(set(text) - self.stoi.keys()):
            raise DataError(f"character {ascii(unknown[0])} is not in the vocabulary")
        return [self.stoi[character] for character in text]

    def decode(self, indices: Iterable[int]) -> str:
        """The text of the indices; any sequence of int or a tensor (T,)."""
        return "".join(self.itos[int(index)] for index in indices)


def split_names(
    words: Sequence[str], fractions: Sequence[float] = (0.8, 0.1, 0.1), seed: int = 42
) -> tuple[list[str], ...]:
    """The names shuffled and cut into parts: train, dev and test, as in lectures 3 to 5.

    Raises DataError where the fractions don't sum to 1 or a part would be empty.
    Built in notebook 02.
    """
    # Asked so that NaN, which compares false with everything, is refused too.
    if not (all(f > 0 for f in fractions) and abs(sum(fractions) - 1) < 1e-9):
        raise DataError(f"fractions {tuple(fractions)}: each must be above 0, and their sum 1")
    shuffled = list(words)
    random.Random(seed).shuffle(shuffled)
    # Rounded first: 0.7 + 0.2 is a hair below 0.9, and `int` would cut a whole name off.
    bounds = [int(round(sum(fractions[:i]), 9) * len(words)) for i in range(len(fractions) + 1)]
    parts = tuple(shuffled[a:b] for a, b in zip(bounds, bounds[1:], strict=False))
    if not all(parts):
        raise DataError(
            f"{len(words)} name(s) can't be split into {len(fractions)} parts by "
            f"{tuple(fractions)}: one would be empty, use a longer list"
        )
    return parts


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
    if not words:
        raise DataError("no names: a data set needs at least one")
    if (longest := max(map(len, words))) >= length:
        raise DataError(f"a name of {longest} characters does not fit in rows of {length}")
    codes = np.frombuffer(
        "".join([w.ljust(length, "\0") for w in words]).encode("utf-32-le"), "<u4"
    )
    letters = _indices(codes, vocabulary).view(-1, length)  # (N, length)
    start = letters.new_zeros(len(words), 1)
    X = torch.cat([start, letters[:, :-1]], 1)  # (N, length)
    lengths = torch.tensor([len(word) for word in words])[:, None]
    return X, letters.masked_fill(torch.arange(length) > lengths, -1)


def trim(X: Tensor, Y: Tensor) -> tuple[Tensor, Tensor]:
    """Padded rows X, Y (B, T) without the columns in which no row has a target."""
    T = int((Y >= 0).sum(1).max())
    return X[:, :T], Y[:, :T]


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
