"""The lists of names, the vocabulary, the splits, and the training examples.

names        the lists and where they lie, the vocabulary, train, dev and test
examples     windows of characters, and whole names as rows: padded, or compact (`NameRows`)
download     fetches the lecture's list
files        where the project lies; files written whole or not at all
"""

from mmhelpers.data.files import ROOT, write_whole
from mmhelpers.data.names import (
    BOUNDARY,
    BUNDLED,
    LECTURE,
    LECTURE_URL,
    MAX_LENGTH,
    SHA256,
    DataError,
    NameList,
    Vocabulary,
    check_vocabulary,
    fingerprint,
    load_names,
    printable,
    read_names,
    split_names,
)

EXAMPLES = ["ROOM", "NameRows", "build_dataset", "in_parts", "pad_names", "trim", "work"]

__all__ = [
    *EXAMPLES,
    "BOUNDARY",
    "BUNDLED",
    "LECTURE",
    "LECTURE_URL",
    "MAX_LENGTH",
    "ROOT",
    "SHA256",
    "DataError",
    "NameList",
    "Vocabulary",
    "check_vocabulary",
    "fingerprint",
    "load_names",
    "printable",
    "read_names",
    "split_names",
    "write_whole",
]


def __getattr__(name: str) -> object:
    """The names of `examples`, only when asked for: torch, a second of loading, comes with it."""
    if name not in EXAMPLES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from mmhelpers.data import examples

    return getattr(examples, name)
