"""What the command line does: trains, evaluates, saves and samples."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from mmhelpers.data import (
    BUNDLED,
    ROOT,
    DataError,
    NameList,
    Vocabulary,
    fingerprint,
    load_names,
    printable,
    write_whole,
)
from mmhelpers.makemore import checkpoint
from mmhelpers.makemore.checkpoint import CheckpointError
from mmhelpers.makemore.distributed import Group, GroupError, Share
from mmhelpers.makemore.job import BEST, LAST, Job, characters, fresh, restore
from mmhelpers.makemore.log import Log, draw_log
from mmhelpers.sampling import Reader, encode_prompt, generate_names, novelty
from mmhelpers.training import DivergedError, History, evaluate, pick_device, updates

LOG_EVERY, SAMPLE_EVERY, EVALUATE_EVERY = 10, 200, 500
PREVIOUS = "previous"  # the folder in the work directory where a replaced model stays
SMALL = 2_000_000  # parameters up to which a second thread gains little, and on a busy CPU loses


def main(options: argparse.Namespace) -> int:
    """Does what the flags ask; gives the exit status and prints an error in one line."""
    try:
        device = open_device(options.device)
        group = Group(device)
        try:
            (sample_only if options.sample_only else train)(options, device, group)
        finally:
            group.close()
        return 0
    except BrokenPipeError:  # who reads, like head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (FileExistsError, NotADirectoryError) as error:
        return report(f"{error.filename} can't be a directory: change -o", 2)
    except (DataError, CheckpointError, ValueError) as error:
        return report(error, 2)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return report(f"{where}{error.strerror or error}", 2)
    except (DivergedError, GroupError) as error:
        return report(error, 1)
    except RuntimeError as error:
        if not any(hint in str(error) for hint in ("out of memory", "can't allocate memory")):
            raise
        return report("the memory does not suffice: take smaller sizes", 1)


def report(error: object, status: int) -> int:
    """Prints the error on one line of standard error; gives the status."""
    print(f"error: {printable(str(error))}", file=sys.stderr)
    return status


def open_device(name: str) -> torch.device:
    """The device of that name; raises ValueError where there is none."""
    device = pick_device(name)
    if device.type == "cuda" and device.index is None and "LOCAL_RANK" in os.environ:
        device = pick_device(f"cuda:{int(os.environ['LOCAL_RANK'])}")
    return device


def open_list(choice: str | None) -> NameList:
    """The list of that name or path; a names.txt of the working directory by default.

    A relative path that is not there is looked for in the project's root.
    """
    if choice is None:
        own = Path("names.txt")
        choice = "names.txt" if own.exists() and not own.samefile(BUNDLED) else "auto"
    in_root = ROOT / choice
    return load_names(str(in_root) if not Path(choice).exists() and in_root.exists() else choice)


def list_of(job: Job, options: argparse.Namespace) -> NameList:
    """The list that the flags name, or the one that the job was begun with."""
    own = job.config["input_file"]
    if options.input_file is None and not Path(own).exists():
        raise DataError(f"{own}, the list of this model, is no longer there: name it with -i")
    return open_list(options.input_file or own)


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


def sample_only(options: argparse.Namespace, device: torch.device, group: Group) -> None:
    """Prints names of the best model in the work directory."""
    job = restore(Path(options.work_dir, BEST), options, device)
    names = list_of(job, options)
    split = Split.of(names.words, job.config["seed"])
    seed = job.optimizer.steps if options.seed is None else options.seed
    if group.leads:
        print_samples(job, split, options, options.num_samples or 50, seed)


def print_samples(
    job: Job, split: Split, options: argparse.Namespace, count: int, seed: int
) -> None:
    """Prints names, those in train, in held-out and new ones apart."""
    names = generate_names(
        job.model,
        job.vocabulary,
        count,
        torch.Generator().manual_seed(seed),
        options.temperature,
        None if options.top_k == -1 else options.top_k,
        options.top_p,
        options.prompt,
    )
    lines = []
    for group, found in novelty(names, split.train, split.held_out).items():
        lines += [f"{len(found)} samples {group}:", *map(printable, found)]
    tqdm.write("\n".join([*lines, "-" * 60]))


def train(options: argparse.Namespace, device: torch.device, group: Group) -> None:
    """Trains until --max-steps or Ctrl-C, and saves."""
    folder = Path(options.work_dir)
    job, names = open_job(options, device)
    if not group.leads:  # dropout of its own
        torch.manual_seed(job.config["seed"] + job.optimizer.steps + group.rank)
    if job.config["batch_size"] < group.size:
        raise ValueError(f"-b {job.config['batch_size']} leaves some of {group.size} without names")
    encode_prompt(options.prompt, job.vocabulary, Reader(job.model.eval()).limit)
    job.model.train()
    if "OMP_NUM_THREADS" not in os.environ and parameter_count(job) < SMALL:
        torch.set_num_threads(1)
    split = Split.of(names.words, job.config["seed"])
    run = Run(options, job, split, folder, group)
    if group.leads:
        folder.mkdir(parents=True, exist_ok=True)
        print_facts(names, job, split, device)
        if (folder / LAST).exists() and not options.resume:
            keep_previous(folder)
            print(f"replaces the model in {folder}, which stays in {folder / PREVIOUS}; ", end="")
            print("--resume would have gone on with it")
        write_whole(folder / "config.json", json.dumps(job.config, indent=1).encode())
        run.log = Log(folder / "log.csv", job.optimizer.steps)
    run.train()
    if group.leads:
        draw_log(folder)
        print(f"saved in {folder}: go on with --resume, more names with --sample-only")


def keep_previous(folder: Path) -> None:
    """Copies what the run before left in the folder."""
    (folder / PREVIOUS).mkdir(exist_ok=True)
    for name in (BEST, LAST, "config.json", "log.csv", "loss.png"):
        if (folder / name).exists():
            shutil.copy2(folder / name, folder / PREVIOUS)


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
    if characters(Vocabulary(names.words)) != characters(job.vocabulary):
        raise CheckpointError(f"{path} has another vocabulary than {names.path}: name its own list")
    if job.config["names"] not in ("", fingerprint(names.words)):
        raise CheckpointError(
            f"{path} was begun on other names than {names.path}: name its own list"
        )
    if options.seed is not None and options.seed != job.config["seed"]:
        raise CheckpointError(f"{path} was begun with seed {job.config['seed']}: leave out --seed")
    return job, names


def parameter_count(job: Job) -> int:
    """How many numbers the model learns."""
    return sum(p.numel() for p in job.model.parameters())


def print_facts(names: NameList, job: Job, split: Split, device: torch.device) -> None:
    """Prints what is trained, on what."""
    print(names)
    print(f"longest name: {max(map(len, names.words))}")
    print(f"characters: {len(job.vocabulary) - 1}: {printable(characters(job.vocabulary))}")
    print(f"split: {len(split.train):,} to train on, {len(split.held_out):,} held out")
    print(f"model: {job.config['type']}, {parameter_count(job):,} parameters, on {device}")
    if job.optimizer.steps:
        print(f"resumed at step {job.optimizer.steps:,}, best held-out loss {job.best:.4f}")


@dataclass
class Run:
    """A training run: the loop and what it does now and then."""

    options: argparse.Namespace
    job: Job
    split: Split
    folder: Path
    group: Group
    log: Log | None = None  # of the process that writes

    def train(self) -> None:
        """Updates the model until it is told to stop, and leaves a checkpoint."""
        job, optimizer = self.job, self.job.optimizer
        data = job.data(self.split.train)
        self.seen = job.data(self.split.train[: len(self.split.held_out)])
        self.held_out = job.data(self.split.held_out)
        total = None if self.options.max_steps == -1 else self.options.max_steps
        if total is None or optimizer.steps < total:
            with until_interrupted(self.group):
                self.loop(data, total)
        if self.group.leads and (optimizer.steps % EVALUATE_EVERY or not optimizer.steps):
            self.evaluate()

    def loop(self, data: tuple[Tensor, Tensor], total: int | None) -> None:
        """The steps up to `total`."""
        job, group, optimizer, history = self.job, self.group, self.job.optimizer, History()
        model = job.model if group.size == 1 else Share(job.model, group)
        size = job.config["batch_size"]
        steps = updates(model, data, optimizer, history, size, job.generator, group.loss, [group])
        bar = tqdm(
            total=total, initial=optimizer.steps, unit="step", file=sys.stdout, mininterval=0.5,
            disable=not group.leads, dynamic_ncols=True,
        )  # fmt: skip
        with bar:
            for loss in steps:
                bar.set_postfix_str(f"loss {loss:.4f}", refresh=False)
                bar.update()
                if group.leads:
                    self.after_step(optimizer.steps, loss)
                del history.loss[:-1000]
                if group.stopping or optimizer.steps == total:
                    break

    def after_step(self, step: int, loss: float) -> None:
        """Logs, evaluates and samples where it is time to."""
        if step % LOG_EVERY == 0:
            self.log.add(step, loss)
        if step % EVALUATE_EVERY == 0:
            self.evaluate()
        if step % SAMPLE_EVERY == 0:
            count = self.options.num_samples or 10
            print_samples(self.job, self.split, self.options, count, step)

    def evaluate(self) -> None:
        """Prints and logs the losses, and saves: the last state, and the best one."""
        job = self.job
        step = job.optimizer.steps
        # In small batches, since every layer keeps its last output.
        train, held_out = [evaluate(job.model, data, 100) for data in (self.seen, self.held_out)]
        self.log.add(step, "", train, held_out)
        self.log.flush()
        better = held_out < job.best
        mark = " (best so far, saved)" if better else ""
        tqdm.write(f"step {step:,}: train loss {train:.4f}, held-out loss {held_out:.4f}{mark}")
        job.best = min(job.best, held_out)
        state = job.state()
        if better:
            checkpoint.save(self.folder / BEST, state)
        checkpoint.save(self.folder / LAST, state)


@contextlib.contextmanager
def until_interrupted(group: Group) -> Iterator[None]:
    """Lets Ctrl-C end the loop after a whole step; pressed twice it ends at once.

    Within a group of processes each is told once by the terminal and once by torchrun.
    """

    def stop(number: int, frame: object) -> None:
        if group.wants_to_stop and group.size == 1:
            raise KeyboardInterrupt
        group.wants_to_stop = True

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
