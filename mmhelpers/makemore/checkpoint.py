"""Checkpoints on disk: whole or not at all, and read without running anything in them."""

from __future__ import annotations

import io
import pickle
import warnings
import zipfile
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor

from mmhelpers.data import write_whole
from mmhelpers.makemore.folder import missing

FORMAT = "mmhelpers checkpoint 1"
MEND = "take another, or remove it and train anew"


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

    Raises CheckpointError for a file that is not there, is cut short, is none of ours, carries
    anything but data, or holds more than its size on disk.
    """
    content = read(path)
    check_archive(path, content)
    try:
        with warnings.catch_warnings(action="ignore"):  # the errors say enough
            state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise CheckpointError(f"{path} is no checkpoint of ours: it holds more than data") from None
    except Exception:  # torch names no errors of its own for a file that is garbled
        raise CheckpointError(f"{path} is garbled: {MEND}") from None
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise CheckpointError(f"{path} is no checkpoint of ours: name another directory")
    if bytes_of(tensors_in(state)) > len(content):
        raise CheckpointError(f"{path} claims to hold more than it does: {MEND}")
    return state


def read(path: Path) -> bytes:
    """The bytes of a file; raises CheckpointError where there are none."""
    if not path.exists():
        raise CheckpointError(missing(path))
    if not path.is_file():
        raise CheckpointError(f"{path} can't be read (it is no file): {MEND}")
    try:
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} can't be read ({error.strerror})") from None


def check_archive(path: Path, content: bytes) -> None:
    """Raises CheckpointError where the parts are not whole, or take more room than the file."""
    if not content.startswith(b"PK"):  # as all archives begin
        raise CheckpointError(f"{path} is {'no checkpoint' if content else 'empty'}: {MEND}")
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise CheckpointError(f"{path} is cut short: {MEND}") from None
    if not (parts := archive.infolist()):
        raise CheckpointError(f"{path} is no checkpoint: {MEND}")
    # Torch does not compress; parts that overlap would be another way to unpack to gigabytes.
    if any(p.compress_type for p in parts) or sum(p.file_size for p in parts) > len(content):
        raise CheckpointError(f"{path} is no checkpoint of ours: it is compressed")
    try:
        whole = archive.testzip() is None  # torch does not compare the checksums
    except Exception:  # zipfile names no errors of its own for what is garbled
        whole = False
    if not whole:
        raise CheckpointError(f"{path} is garbled: {MEND}")


def tensors_in(state: dict[str, object]) -> Iterable[Tensor]:
    """The tensors of a state, those of the dicts and lists in it too."""
    for value in state.values():
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, dict | list):
            inner = value.values() if isinstance(value, dict) else value
            yield from (v for v in inner if isinstance(v, Tensor))


def bytes_of(tensors: Iterable[Tensor]) -> int:
    """The memory that the tensors take, written out."""
    return sum(t.numel() * t.element_size() for t in tensors)
