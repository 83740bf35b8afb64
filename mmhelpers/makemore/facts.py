"""What a run says before it begins."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmhelpers.data import NameList, printable
from mmhelpers.makemore.folder import LAST, PREVIOUS, previous
from mmhelpers.makemore.job import Job, characters
from mmhelpers.makemore.lists import Split
from mmhelpers.models import NGram


def parameter_count(job: Job) -> int:
    """How many numbers the model learns."""
    return sum(p.numel() for p in job.model.parameters())


def nothing_left(folder: Path, job: Job, options: argparse.Namespace) -> str:
    """What there is to say where a job that is taken up again has no step left, else nothing."""
    at = f"{folder / LAST} is at step {job.optimizer.steps:,}"
    if job.counted:
        return f"all is counted: {at}, more names with --sample-only"
    if 0 <= options.max_steps <= job.optimizer.steps:
        more = f"a larger --max-steps than {options.max_steps} goes on"
        return f"all steps are done: {at}, {more}"
    return ""


def print_facts(names: NameList, job: Job, split: Split) -> None:
    """Prints what is trained, on what."""
    print(names)
    print(f"longest name: {max(map(len, names.words))}")
    print(f"characters: {len(job.vocabulary) - 1}: {printable(characters(job.vocabulary))}")
    print(f"split: {len(split.train):,} to train on, {len(split.held_out):,} held out")
    size = f"{parameter_count(job):,} parameters"
    if isinstance(job.model, NGram):
        size = f"contexts of up to {job.model.block_size} characters"
    print(f"model: {job.config['type']}, {size}, on {job.device}")
    if job.optimizer.steps:
        print(f"resumed at step {job.optimizer.steps:,}, best held-out loss {job.best:.4f}")


def print_earlier(folder: Path, options: argparse.Namespace) -> None:
    """Prints what becomes of a run that is in the folder."""
    if (folder / LAST).exists() and not options.resume:
        place = folder / PREVIOUS / str(previous(folder) + 1)
        print(
            f"replaces the model in {folder}, which stays in {place} from the first save on; "
            "--resume would have gone on with it"
        )
