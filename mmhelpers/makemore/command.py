"""The command as a whole: its device, its processes, and its errors in one line each."""

from __future__ import annotations

import argparse
import os
import sys

import torch

from mmhelpers.data import DataError, printable
from mmhelpers.makemore.checkpoint import CheckpointError
from mmhelpers.makemore.distributed import Group, GroupError, from_environment
from mmhelpers.makemore.run import FigureError, train
from mmhelpers.makemore.samples import NotFiniteError, sample_only
from mmhelpers.training import DivergedError, pick_device

NO_MEMORY = "the memory does not suffice: take smaller sizes, or a smaller -b"


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
    except (FileExistsError, NotADirectoryError) as error:
        return report(f"{error.filename} can't be a directory: change -o", 2)
    except (DataError, CheckpointError, ValueError) as error:
        return report(error, 2)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return report(f"{where}{error.strerror or error}", 2)
    except (DivergedError, NotFiniteError, GroupError, FigureError) as error:
        return report(error, 1)
    except MemoryError:
        return report(NO_MEMORY, 1)
    except RuntimeError as error:
        if not any(hint in str(error) for hint in ("out of memory", "can't allocate memory")):
            raise
        return report(NO_MEMORY, 1)


def report(error: object, status: int) -> int:
    """Prints the error on one line of standard error; gives the status."""
    print(f"error: {printable(str(error))}", file=sys.stderr)
    return status


def open_device(name: str) -> torch.device:
    """The device of that name; raises ValueError where there is none."""
    try:
        device = pick_device(name)
        if device.type == "cuda" and device.index is None and "LOCAL_RANK" in os.environ:
            device = pick_device(f"cuda:{from_environment('LOCAL_RANK', 0, 2**31)}")
    except (ImportError, NotImplementedError, AssertionError):  # what makers of devices raise
        raise ValueError(f"device {name!r} is not there: use cpu or auto") from None
    return device
