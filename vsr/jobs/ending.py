"""How the program ends when it is asked to, by Ctrl-C or a signal; the library never does.

A decoder or encoder that never returns hears neither an exception nor Ctrl-C. Nothing is lost by
leaving it, as every finished segment is complete and on disk.
"""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

from vsr.errors import code_of_signal

Leave = Callable[[str, int], None]
"""Says a line, and ends the process with an exit code, whatever its other threads do."""

ENDING = ("SIGTERM", "SIGHUP")
"""Signals that ask a program to end, where the system has them: from ``kill``, ``timeout`` and
service managers, and from a terminal that is closed."""


@contextmanager
def heeding_ends() -> Iterator[list[int]]:
    """Treat `ENDING` as Ctrl-C while the ``with`` lasts; yield those that came.

    One that was ignored from the start, as ``nohup`` asks, stays ignored.
    """
    came: list[int] = []

    def end(number: int, frame: FrameType | None) -> NoReturn:
        del frame
        came.append(number)
        raise KeyboardInterrupt

    known = [getattr(signal, name) for name in ENDING if hasattr(signal, name)]
    is_main = threading.current_thread() is threading.main_thread()
    taken = [one for one in known if is_main and signal.getsignal(one) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, end)
    try:
        yield came
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


PATIENCE_SECONDS = 5.0
"""How long an interrupted run may take to end by itself."""

INTERRUPTED = "interrupted; what is finished is kept. Run the same command again to resume."


@contextmanager
def heeding_interrupts(leave: Leave) -> Iterator[None]:
    """End the process at the second Ctrl-C, or 5 s after the first, if it has not ended by itself.

    So it does at what `heeding_ends` treats as Ctrl-C.

    Python runs its signal handlers between two instructions of the main thread, which may be in a
    library for ever; but the signal's number is written to a socket at once, which a thread reads.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard, told = socket.socketpair()
    told.setblocking(False)
    before = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    thread = threading.Thread(target=_await_interrupts, args=(heard, leave), daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        told.close()
        thread.join()
        heard.close()


def _await_interrupts(heard: socket.socket, leave: Leave) -> None:
    ending = {signal.SIGINT, *(getattr(signal, name, None) for name in ENDING)}
    came: list[int] = []
    with suppress(TimeoutError):
        while len(came) < 2:
            numbers = heard.recv(16)
            if not numbers:
                return
            came += [number for number in numbers if number in ending]
            if came:
                heard.settimeout(PATIENCE_SECONDS)
    leave(INTERRUPTED, code_of_signal(came[0]))
