"""The list of names that a run is about, and what of it is held out."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

import torch

from mmhelpers.data import BUNDLED, DataError, NameList, Vocabulary, fingerprint, load_names
from mmhelpers.makemore.checkpoint import CheckpointError
from mmhelpers.makemore.job import Job, characters


@dataclass
class Split:
    """The names to train on, and those held out: a tenth, at most 1,000, drawn by the seed."""

    train: list[str]
    held_out: list[str]

    @classmethod
    def of(cls, words: list[str], seed: int) -> Split:
        """Splits the words; raises DataError for fewer than two."""
        if len(words) < 2:
            raise DataError("one name can't be split into train and held-out: use a longer list")
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(words), generator=generator).tolist()
        first = len(words) - max(1, min(1000, len(words) // 10))
        shuffled = [words[i] for i in order]
        return cls(shuffled[:first], shuffled[first:])


def open_list(choice: str | None) -> NameList:
    """The list of that name or path; a names.txt of the working directory by default."""
    if choice is None:
        own = Path("names.txt")
        choice = "names.txt" if own.exists() and not own.samefile(BUNDLED) else "auto"
    return load_names(choice)


def list_of(job: Job, options: argparse.Namespace) -> NameList:
    """The list that the flags name, or the one that the job was begun with."""
    own = job.config["input_file"]
    if options.input_file is None and not os.path.exists(own):
        raise DataError(f"{own}, the list of this model, is no longer there: name it with -i")
    return open_list(options.input_file or own)


def refuse_other_names(path: Path, job: Job, names: NameList) -> None:
    """Raises CheckpointError where the job of this checkpoint was begun on other names."""
    if characters(Vocabulary(names.words)) != characters(job.vocabulary):
        raise CheckpointError(f"{path} has another vocabulary than {names.path}: name its own list")
    if job.config["names"] not in ("", fingerprint(names.words)):
        raise CheckpointError(
            f"{path} was begun on other names than {names.path}: name its own list"
        )
