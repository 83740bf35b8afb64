"""Names drawn from the model, in training and afterwards."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from tqdm import tqdm

from mmhelpers.data import printable
from mmhelpers.makemore.distributed import Group
from mmhelpers.makemore.folder import BEST
from mmhelpers.makemore.job import Job
from mmhelpers.makemore.lists import Split, list_of
from mmhelpers.makemore.restore import restore
from mmhelpers.sampling import beam_search, generate_names, novelty

ADVICE = "the training diverged, try a smaller learning rate"


class NotFiniteError(ArithmeticError):
    """Weights, losses or probabilities are not finite numbers; the message says so."""


def sample_only(options: argparse.Namespace, device: torch.device, group: Group) -> None:
    """Prints names of the best model in the work directory."""
    job = restore(Path(options.work_dir, BEST), options, device)
    names = list_of(job, options)
    split = Split.of(names.words, job.config["seed"])
    seed = job.optimizer.steps if options.seed is None else options.seed
    if group.leads:
        with job.in_use():
            print_samples(job, split, options, options.num_samples or 50, seed)


def print_samples(
    job: Job, split: Split, options: argparse.Namespace, count: int, seed: int
) -> None:
    """Prints names, those in train, in held-out and new ones apart.

    With --beam the likeliest instead.  Raises NotFiniteError where the model gives no
    probabilities.
    """
    try:
        names = likeliest(job, options, count) if options.beam else drawn(job, options, count, seed)
    except RuntimeError as error:
        if "probability" not in str(error):
            raise
        at = f"at step {job.optimizer.steps}"
        raise NotFiniteError(f"{at} the model gives no probabilities: {ADVICE}") from None
    lines = []
    for group, found in novelty(names, split.train, split.held_out).items():
        lines += [f"{len(found)} samples {group}:", *map(printable, found)]
    tqdm.write("\n".join([*lines, "-" * 60]))


def drawn(job: Job, options: argparse.Namespace, count: int, seed: int) -> list[str]:
    """Names drawn as the flags say."""
    return generate_names(
        job.model,
        job.vocabulary,
        count,
        torch.Generator().manual_seed(seed),
        temperature=options.temperature,
        top_k=None if options.top_k == -1 else options.top_k,
        top_p=options.top_p,
        min_p=options.min_p,
        prompt=options.prompt,
    )


def likeliest(job: Job, options: argparse.Namespace, count: int) -> list[str]:
    """The likeliest names that a beam finds, the likeliest first."""
    found = beam_search(job.model, job.vocabulary, options.beam, options.prompt)
    return [name for name, _ in found[:count]]
