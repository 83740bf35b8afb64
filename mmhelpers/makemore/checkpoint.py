"""Checkpoints on disk: whole or not at all, and read without running anything in them."""

from __future__ import annotations

import io
import pickle
import warnings
import zipfile
from pathlib import Path

import torch

from mmhelpers.data import write_whole

FORMAT = "mmhelpers checkpoint 1"


class CheckpointError(ValueError):
    """A checkpoint that can't be used; the message says which and why."""


def save(path: Path, state: dict[str, object]) -> None:
    """Writes the state (tensors, numbers, text, lists and dicts of them) to the file `path`.

    Raises OSError where it can't; then, and when the process dies meanwhile, what stood there
    before is still whole.
    """
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, **state}, buffer)
    write_whole(path, buffer.getvalue())


def load(path: Path) -> dict[str, object]:
    """The state that was saved in the file `path`, its tensors on the CPU.

    Raises CheckpointError for a file that is not there, is cut short, is none of ours, or
    carries anything but data.
    """
    try:
        content = io.BytesIO(path.read_bytes())
    except FileNotFoundError:
        raise CheckpointError(f"{path} is not there: train a model first") from None
    except OSError as error:
        raise CheckpointError(f"{path} can't be read ({error.strerror})") from None
    try:
        if zipfile.is_zipfile(content) and zipfile.ZipFile(content).testzip():
            raise zipfile.BadZipFile  # torch does not compare the checksums
        content.seek(0)
        with warnings.catch_warnings(action="ignore"):  # the errors say enough
            state = torch.load(content, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise CheckpointError(f"{path} is no checkpoint of ours: it holds more than data") from None
    except Exception:  # torch names no errors of its own for a file that is cut short or garbled
        reason = "garbled" if zipfile.is_zipfile(content) else "cut short, or no checkpoint"
        raise CheckpointError(
            f"{path} is {reason}: take another, or remove it and train anew"
        ) from None
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise CheckpointError(f"{path} is no checkpoint of ours: name another directory")
    return state
