"""The lists of names, the vocabulary, the splits, and the training examples.

names        the lists and where they lie, the vocabulary, train, dev and test
examples     windows of characters, and whole names as padded rows
download     fetches the lecture's list
files        where the project lies; files written whole or not at all
"""

from mmhelpers.data.examples import NameRows, build_dataset, in_parts, pad_names, trim
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
    check_words,
    fingerprint,
    load_names,
    printable,
    read_names,
    split_names,
)

__all__ = [
    "BOUNDARY",
    "BUNDLED",
    "LECTURE",
    "LECTURE_URL",
    "MAX_LENGTH",
    "ROOT",
    "SHA256",
    "DataError",
    "NameList",
    "NameRows",
    "Vocabulary",
    "build_dataset",
    "check_words",
    "fingerprint",
    "in_parts",
    "load_names",
    "pad_names",
    "printable",
    "read_names",
    "split_names",
    "trim",
    "write_whole",
]
