"""Fetches the lecture's list of names, which this project does not redistribute."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from mmhelpers.data import LECTURE, LECTURE_URL, SHA256, DataError, printable

TIMEOUT = 20  # seconds of silence after which the server counts as gone


def download_lecture_names(url: str = LECTURE_URL, destination: Path = LECTURE) -> Path:
    """The path of the lecture's list, downloaded and checked by its SHA-256.

    Written to a temporary file first, so that a failure leaves what was there.  Raises
    DataError with the reason and what to do.
    """
    import pooch  # takes a moment to import, and only this function needs it

    pooch.get_logger().setLevel("WARNING")
    try:
        with tempfile.TemporaryDirectory(dir=destination.parent, prefix=".names-") as folder:
            fetched = pooch.retrieve(
                url,
                known_hash=SHA256["lecture"],
                path=folder,
                downloader=pooch.HTTPDownloader(timeout=TIMEOUT),
            )
            os.chmod(fetched, 0o644)  # a temporary file is private
            os.replace(fetched, destination)
    except OSError as error:  # the network's errors are OSErrors too
        reason = printable(str(error).split("\n")[0])
        raise DataError(f"the list could not be fetched ({reason}): try again") from None
    except ValueError:
        raise DataError("what came is not the lecture's list (wrong SHA-256): try again") from None
    return destination
