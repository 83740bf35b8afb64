"""Where the project lies, and files that are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

HERE = Path(__file__).resolve().parent


def project_root() -> Path:
    """The folder that relative paths count from.

    Of a clone its root, wherever it is called from.  Of an installed package the nearest folder,
    from the working directory up, that holds the notebooks, or the working directory itself.
    """
    if (HERE.parents[1] / "pyproject.toml").exists():
        return HERE.parents[1]
    try:
        folder = Path.cwd()
    except OSError:  # it was removed
        return Path(".")
    return next((f for f in (folder, *folder.parents) if (f / "notebooks").is_dir()), folder)


ROOT = project_root()
# The bundled list: in the root of a clone, beside this file in an installed package.
BUNDLED = HERE / "names.txt" if (HERE / "names.txt").exists() else HERE.parents[1] / "names.txt"


def write_whole(path: Path, content: bytes) -> None:
    """Writes the content under another name, to the disk itself, then puts it in the place.

    The other name is this process's own, so that two that write the same file leave one of both
    contents, whole.  Raises OSError where it can't; then, and when the process dies meanwhile,
    what stood there before is still whole.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException as error:  # Ctrl-C, too
        unfinished.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)  # a full disk names none
        raise
