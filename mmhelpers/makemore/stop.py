"""The signals that ask for an end: Ctrl-C, SIGTERM, and SIGHUP, as when a terminal is closed."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator

SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


class Stopped(KeyboardInterrupt):
    """One of `SIGNALS` came where nothing is to be saved; `status` is the usual one, 128 and up."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.status = 128 + number


def stop_now(number: int, frame: object) -> None:
    """Ends what is being done."""
    raise Stopped(number)


@contextlib.contextmanager
def handled(handler: Callable[[int, object], None] = stop_now) -> Iterator[None]:
    """Has the handler called at each of the signals.  SIGHUP stays ignored where nohup asked so."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    hup = getattr(signal, "SIGHUP", None)
    wanted = [n for n in SIGNALS if n != hup or before[n] != signal.SIG_IGN]
    for number in wanted:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in wanted:
            signal.signal(number, before[number])


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Keeps a signal back until the end.

    Around importing torch, whose compiled parts lose an exception that is raised in them, or die
    of it.
    """
    came: list[int] = []
    with handled(lambda number, frame: came.append(number)):
        yield
    if came:
        stop_now(came[0], None)
