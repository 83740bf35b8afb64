"""Where the project lies, and files that are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def write_whole(path: Path, content: bytes) -> None:
    """Writes the content under another name, to the disk itself, then puts it in the place.

    Raises OSError where it can't; then, and when the process dies meanwhile, what stood there
    before is still whole.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
