"""A training run: trains, evaluates, saves and samples."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

import torch
from tqdm import tqdm

from mmhelpers.data import NameList, fingerprint, write_whole
from mmhelpers.makemore import checkpoint
from mmhelpers.makemore.checkpoint import CheckpointError
from mmhelpers.makemore.distributed import Group, GroupError, Share
from mmhelpers.makemore.facts import nothing_left, parameter_count, print_earlier, print_facts
from mmhelpers.makemore.folder import BEST, CONFIG, FIGURE, LAST, LOG, locked, set_aside
from mmhelpers.makemore.job import Job, fresh
from mmhelpers.makemore.lists import Split, list_of, open_list, refuse_other_names
from mmhelpers.makemore.log import Log, draw_log
from mmhelpers.makemore.restore import refuse_another_model, restore
from mmhelpers.makemore.samples import ADVICE, NotFiniteError, print_samples
from mmhelpers.makemore.stop import handled
from mmhelpers.models import NGram
from mmhelpers.sampling import encode_prompt
from mmhelpers.training import Data, DivergedError, History, evaluate, updates

LOG_EVERY, SAMPLE_EVERY, EVALUATE_EVERY = 10, 200, 500
SMALL = 2_000_000  # parameters up to which a second thread gains little, and on a busy CPU loses


class FigureError(RuntimeError):
    """The figure can't be drawn, though all else is done; the message says why."""


def train(options: argparse.Namespace, device: torch.device, group: Group) -> None:
    """Trains until --max-steps or until it is told to stop, and saves.

    Nothing in the work directory is touched before all that the flags and the list say is known
    to fit, and no file of an earlier run before this one has something to save.
    """
    folder = Path(options.work_dir)
    with contextlib.ExitStack() as held:
        if options.resume and group.leads and folder.is_dir():
            held.enter_context(locked(folder))
        job, names = open_job(options, device)
        if options.resume and (done := nothing_left(folder, job, options)):
            if group.leads:
                print(done)
            return
        check_job(job, options, group)
        if group.leads and not options.resume:
            folder.mkdir(parents=True, exist_ok=True)
            held.enter_context(locked(folder))
            refuse_another_model(folder, job)
        split = Split.of(names.words, job.config["seed"])
        if group.leads:
            print_facts(names, job, split)
            print_earlier(folder, options)
        with handled(group.stop):
            Run(options, job, split, folder, group).train()


def open_job(options: argparse.Namespace, device: torch.device) -> tuple[Job, NameList]:
    """The job to do and its list of names."""
    if not options.resume:
        names = open_list(options.input_file)
        job = fresh(options, names.words, device)
        job.config["input_file"] = str(names.path.resolve())
        job.config["names"] = fingerprint(names.words)
        return job, names
    path = Path(options.work_dir, LAST)
    job = restore(path, options, device)
    names = list_of(job, options)
    refuse_other_names(path, job, names)
    if options.seed is not None and options.seed != job.config["seed"]:
        raise CheckpointError(f"{path} was begun with seed {job.config['seed']}: leave out --seed")
    return job, names


def check_job(job: Job, options: argparse.Namespace, group: Group) -> None:
    """Raises ValueError for what would fail later; chooses threads and random numbers."""
    if job.config["batch_size"] < group.size:
        raise ValueError(f"-b {job.config['batch_size']} leaves some of {group.size} without names")
    encode_prompt(options.prompt, job.vocabulary, job.limit)
    if not group.leads:  # dropout of its own
        torch.manual_seed(job.config["seed"] + job.optimizer.steps + group.rank)
    if "OMP_NUM_THREADS" not in os.environ and parameter_count(job) < SMALL:
        torch.set_num_threads(1)


@dataclass
class Run:
    """The loop and what it does now and then; the process that leads writes."""

    options: argparse.Namespace
    job: Job
    split: Split
    folder: Path
    group: Group
    saved: bool = False  # by this run
    start: float = field(default_factory=time.time)

    def train(self) -> None:
        """Updates the model until it is told to stop, and leaves a checkpoint and a figure."""
        job, optimizer = self.job, self.job.optimizer
        self.log = Log(self.folder / LOG, optimizer.steps)
        data = job.data(self.split.train)
        self.seen = job.data(self.split.train[: len(self.split.held_out)])
        self.held_out = job.data(self.split.held_out)
        total = None if self.options.max_steps == -1 else self.options.max_steps
        if total != optimizer.steps:
            try:
                self.loop(data, total)
            except GroupError as error:
                raise GroupError(f"{error}: {self.what_is_left()}") from None
        if not self.group.leads:
            return
        if optimizer.steps % EVALUATE_EVERY or not self.saved:
            self.evaluate()
        more = "go on with --resume"
        if job.counted:
            more = f"{job.model.contexts:,} contexts are counted"
        print(f"saved in {self.folder}: {more}, more names with --sample-only")
        try:
            draw_log(self.folder)
        except Exception as error:  # matplotlib's settings and fonts have many ways to fail
            reason = str(error).strip().split("\n")[0]
            raise FigureError(f"{self.folder / FIGURE} can't be drawn ({reason})") from None

    def loop(self, data: Data, total: int | None) -> None:
        """The steps up to `total`."""
        job, group, optimizer, history = self.job, self.group, self.job.optimizer, History()
        size, model, shared = job.config["batch_size"], job.quick, []
        if group.size > 1 and not isinstance(model, NGram):  # each can count for itself
            model, shared = Share(job.quick, group), [group.loss, [group]]
        steps = updates(model, data, optimizer, history, size, job.generator, *shared)
        bar = tqdm(
            total=total, initial=optimizer.steps, unit="step", file=sys.stdout, mininterval=0.5,
            disable=not group.leads, dynamic_ncols=True,
        )  # fmt: skip
        with bar:
            for loss in steps:
                if job.average:
                    job.average.update()
                bar.set_postfix_str(f"loss {loss:.4f}", refresh=False)
                bar.update()
                if group.leads:
                    self.after_step(optimizer.steps, loss)
                del history.loss[:-1000]
                if group.stopping or optimizer.steps == total:
                    break
            else:
                bar.total = bar.n  # there was no more to do

    def after_step(self, step: int, loss: float) -> None:
        """Logs, evaluates and samples where it is time to."""
        if step % LOG_EVERY == 0:
            self.log.add(step, loss)
        if step % EVALUATE_EVERY == 0:
            self.evaluate()
        if step % SAMPLE_EVERY == 0 or self.job.counted:
            count = self.options.num_samples or 10
            with self.job.in_use():
                print_samples(self.job, self.split, self.options, count, step)

    def evaluate(self) -> None:
        """Logs the losses, saves the last state and the best one, and then says so."""
        job, step = self.job, self.job.optimizer.steps
        # In small batches, since every layer keeps its last output.
        with job.in_use():
            train, held_out = [evaluate(job.quick, d, 100) for d in (self.seen, self.held_out)]
        check_finite(job, train, held_out)
        self.log.add(step, "", train, held_out)
        better = held_out < job.best
        job.best = min(job.best, held_out)
        self.save(better)
        mark = " (best so far, saved)" if better else ""
        tqdm.write(f"step {step:,}: train loss {train:.4f}, held-out loss {held_out:.4f}{mark}")

    def save(self, better: bool) -> None:
        """Saves the state, also as the best where it is; what an earlier run left is kept."""
        if not self.saved:
            if not self.options.resume and (kept := set_aside(self.folder)):
                tqdm.write(f"the earlier run in {self.folder} is now in {kept}")
            config = json.dumps(self.job.config, indent=1)
            write_whole(self.folder / CONFIG, config.encode())
        self.log.flush()
        state = self.job.state()
        if better:
            checkpoint.save(self.folder / BEST, state)
        checkpoint.save(self.folder / LAST, state)
        self.saved = True

    def what_is_left(self) -> str:
        """What there is to go on with when another process is gone."""
        last = self.folder / LAST
        if last.exists() and (self.options.resume or last.stat().st_mtime >= self.start):
            return "the last checkpoint is whole, use --resume"
        return "nothing was saved yet, start anew"


def check_finite(job: Job, *losses: float) -> None:
    """Raises DivergedError or NotFiniteError where a loss or a weight is no finite number."""
    step = job.optimizer.steps
    for loss in losses:
        if not isfinite(loss):
            raise DivergedError(step, loss, History())
    tensors = [*job.model.state_dict().values(), job.optimizer.mean, job.optimizer.square]
    if not all(tensor.isfinite().all() for tensor in tensors):
        raise NotFiniteError(f"at step {step} a weight is no finite number: {ADVICE}")
