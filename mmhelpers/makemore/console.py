"""Where the command line's words go: nothing in them, and no reader that leaves, ends a run."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Iterator
from typing import TextIO

LEFT = {errno.EPIPE, errno.EIO}  # who reads, like head, has seen enough; the terminal is gone


class Output:
    """A stream that never fails: what it can't show is escaped.

    Once it can't be written to, `error` says why, and all else is dropped.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self.stream = stream or open(os.devnull, "w", encoding="utf-8")  # closed from the start
        self.error: OSError | None = None

    def write(self, text: str) -> int:
        """Writes the text, each character that the encoding lacks as an escape."""
        encoding = getattr(self.stream, "encoding", None) or "utf-8"
        self.attempt(self.stream.write, text.encode(encoding, "backslashreplace").decode(encoding))
        return len(text)

    def flush(self) -> None:
        """Has the text shown."""
        self.attempt(self.stream.flush)

    def attempt(self, call: Callable[..., object], *arguments: str) -> None:
        """Calls it and keeps an error; what waits in the stream then goes nowhere, at exit too."""
        if self.error:
            return
        try:
            call(*arguments)
        except OSError as error:
            self.error = error
            with contextlib.suppress(OSError, ValueError):
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, self.stream.fileno())
                os.close(null)

    def __getattr__(self, name: str) -> object:
        return getattr(self.stream, name)


@contextlib.contextmanager
def console() -> Iterator[Output]:
    """Puts an `Output` in the place of both standard streams; gives that of standard output."""
    open_closed()
    output = Output(sys.stdout)
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(Output(sys.stderr)):
        try:
            yield output
        finally:
            output.flush()


def open_closed() -> None:
    """Opens standard streams that are closed, so that no file gets their numbers."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # has the lowest number that is free


def reader_left() -> bool:
    """Whether standard output can't be written to any more."""
    return getattr(sys.stdout, "error", None) is not None
