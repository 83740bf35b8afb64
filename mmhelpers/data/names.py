"""The lists of names, the vocabulary and the splits."""

from __future__ import annotations

import hashlib
import os
import random
import re
import stat
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmhelpers.data.files import BUNDLED, ROOT

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


MAX_SIZE = 100_000_000  # bytes of a list: some ten million names


# Control characters, those that break, reverse or hide text on a screen, and the surrogates
# that stand for undecodable bytes in the name of a file and can't be printed at all.
UNPRINTABLE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


class DataError(ValueError):
    """A list of names or a request on it that can't be used; the message says how to mend it."""


@dataclass(frozen=True)
class NameList:
    """A list of names and where it comes from: `kind` is "bundled", "lecture" or "other".

    `respelt` counts the lines that the file spells in other code points, see `read_names`.
    """

    words: list[str]
    kind: str
    path: Path
    respelt: int = 0

    def __str__(self) -> str:
        """One line on which list this is, and on the bundled one how to get the lecture's."""
        if self.kind == "lecture":
            return f"the lecture's list: {len(self.words):,} names"
        if self.kind == "bundled":
            return (
                f"the bundled list: {len(self.words):,} names "
                "(for the lecture's: python -m mmhelpers names)"
            )
        respelt = f" ({self.respelt:,} respelt in composed characters, NFC)" if self.respelt else ""
        return f"{printable(self.path.name)}: {len(self.words):,} names{respelt}"


def printable(text: str) -> str:
    """The text with every character that could steer a terminal written as an escape."""
    return UNPRINTABLE.sub(lambda match: ascii(match[0])[1:-1], text).replace("\n", "\\n")


def load_names(choice: str = "auto") -> NameList:
    """The list that `choice` names: "auto", "bundled", "lecture" or the path of a file.

    "auto" is the environment variable MAKEMORE_NAMES if it is set, else the lecture's list if
    it was downloaded, else the bundled one.  A relative path counts from the working directory,
    or else from the project's root.  Raises DataError where the list can't be used.
    """
    if not isinstance(choice, str | Path) or not str(choice).strip():
        raise DataError(f"names is {choice!r}: give auto, bundled, lecture or a path")
    if choice == "auto":
        choice = os.environ.get("MAKEMORE_NAMES") or ("lecture" if LECTURE.exists() else "bundled")
    if choice == "auto":
        raise DataError('MAKEMORE_NAMES is "auto": set it to bundled, lecture or a path')
    if choice == "lecture" and not LECTURE.exists():
        raise DataError(f"{LECTURE.name} is not there: run python -m mmhelpers names")
    if choice in ("bundled", "lecture"):
        return read_names(BUNDLED if choice == "bundled" else LECTURE)
    in_root = not os.path.exists(choice) and os.path.exists(ROOT / choice)
    return read_names(ROOT / choice if in_root else Path(choice))


def fingerprint(words: Iterable[str]) -> str:
    """Sixteen characters by which to know these words in this order again."""
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]


def read_names(path: Path) -> NameList:
    """The names of a file, one a line; blank lines are left out.

    Any alphabet in UTF-8.  Windows line ends and a byte-order mark are accepted.  Letters with
    combining marks are composed (Unicode's NFC), so that what looks alike is alike.  Raises
    DataError with file, line and mend.
    """
    shown = printable(str(path))
    try:
        text = _read_bytes(path, shown).decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DataError(f"{shown}, line {line}: not UTF-8, save the file as UTF-8") from None
    composed = unicodedata.normalize("NFC", text)
    lines = composed.split("\n")
    words = [word for line in lines if (word := line.strip())]
    _check_words(composed, words, shown)
    respelt = sum(map(str.__ne__, lines, text.split("\n"))) if composed != text else 0
    digest = hashlib.sha256(text.encode()).hexdigest()
    kind = next((kind for kind, sha in SHA256.items() if sha == digest), "other")
    return NameList(words, kind, path, respelt)


def _read_bytes(path: Path, shown: str) -> bytes:
    """The content of a file; raises DataError for what can't be a list, before it is opened."""
    try:
        state = os.stat(path)
        if stat.S_ISDIR(state.st_mode):
            raise DataError(f"{shown} is a directory: name a text file, one name a line")
        if not stat.S_ISREG(state.st_mode):
            raise DataError(f"{shown} is no regular file: save its text in one, name that")
        if state.st_size > MAX_SIZE:
            raise DataError(f"{shown} has more than {MAX_SIZE:,} bytes: name a shorter list")
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{shown} is not {_where(path)}: name a text file") from None
    except DataError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{shown} can't be read ({reason}): name a text file") from None


def _where(path: Path) -> str:
    """Where a list was looked for, in words."""
    if path.is_absolute():
        return "there"
    try:
        places = dict.fromkeys([Path.cwd(), ROOT])
    except OSError:  # the working directory was removed
        places = [ROOT]
    return "in " + " or ".join(printable(str(place)) for place in places)


def _check_words(text: str, words: list[str], shown: str) -> None:
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


def check_vocabulary(characters: str) -> None:
    """Raises DataError for what can't be a vocabulary's characters, in order, each once.

    As many as there may be: a Chinese list has thousands.
    """
    if not isinstance(characters, str) or not characters:
        raise DataError("the vocabulary holds no characters")
    if match := UNPRINTABLE.search(characters) or re.search("\n", characters):
        raise DataError(f"the vocabulary has the control character {ascii(match[0])}")
    if BOUNDARY in characters:
        raise DataError(f'the vocabulary has a "{BOUNDARY}", which marks where names end')
    if list(characters) != sorted(set(characters)):
        raise DataError("the vocabulary's characters are not in order, each once")


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
