"""The work directory: one run in it at a time, and what earlier runs left there is kept."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from mmhelpers.data import write_whole

BEST, LAST, CONFIG, LOG, FIGURE = "model.pt", "last.pt", "config.json", "log.csv", "loss.png"
FILES = (LAST, BEST, CONFIG, LOG, FIGURE)
PREVIOUS = "previous"  # holds a numbered folder for each run that was begun anew in the directory


class FolderError(ValueError):
    """A work directory that can't be used; the message says why."""


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keeps other runs out of the folder; the system itself ends that when the process dies.

    Raises FolderError where another run is in it or the names of its files are taken, and
    OSError where it can't be written.  Leftovers of writers that were killed are removed.
    """
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise FolderError(
            f"another run is at work in {folder}: wait for it, or change -o"
        ) from None
    try:
        if not os.access(folder, os.W_OK):
            raise FolderError(f"{folder} can't be written: change -o")
        if taken := [name for name in FILES if (folder / name).is_dir()]:
            raise FolderError(f"{folder / taken[0]} is a directory: change -o")
        if (folder / PREVIOUS).exists() and not (folder / PREVIOUS).is_dir():
            raise FolderError(f"{folder / PREVIOUS} is no directory: move it, or change -o")
        for name in FILES:
            for unfinished in folder.glob(f".{name}.*unfinished"):
                unfinished.unlink(missing_ok=True)
        yield
    finally:
        lock.release()


def missing(path: Path) -> str:
    """Says that the checkpoint is not there, and what is."""
    flags = {LAST: (BEST, "--sample-only takes it"), BEST: (LAST, "--resume takes it")}
    other, how = flags.get(path.name, (path.name, ""))
    if (path.parent / other).exists():
        return f"{path} is not there, but {other} beside it is: {how}"
    if number := previous(path.parent):
        earlier = path.parent / PREVIOUS / str(number)
        return f"{path} is not there: an earlier run is in {earlier}"
    return f"{path} is not there: train a model first"


def previous(folder: Path) -> int:
    """The number of the latest run that was set aside in the work directory, 0 for none."""
    names = [path.name for path in (folder / PREVIOUS).glob("*")]
    return max((int(name) for name in names if name.isdecimal()), default=0)


def set_aside(folder: Path) -> Path | None:
    """Moves the whole run that is in the folder to a numbered one; gives that, None for no run.

    A death in between leaves the run whole here, or there, or at both; raises OSError where it
    can't be moved, which leaves it here.
    """
    files = [folder / name for name in FILES if (folder / name).exists()]
    if not files:
        return None
    place = folder / PREVIOUS / str(previous(folder) + 1)
    unfinished = place.with_name(f".{place.name}.unfinished")
    if unfinished.exists():
        shutil.rmtree(unfinished)  # of a process that died
    try:
        unfinished.mkdir(parents=True)
        for file in files:
            link_or_copy(file, unfinished / file.name)
        unfinished.rename(place)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    for file in files:
        file.unlink()
    return place


def link_or_copy(file: Path, other: Path) -> None:
    """Gives the file another name, which takes no room on the disk, or copies it."""
    try:
        os.link(file.resolve(), other)
    except OSError:  # a file system without such names, or another one
        write_whole(other, file.read_bytes())
