"""How an encoder is opened without giving the process the priority that its library asks for.

SVT-AV1, run as root, makes the thread that opens it, and so every thread started later, real-time
(``SCHED_FIFO`` 99): before everything else on the machine, and before the threads of the network.
It has no parameter against that.

Source: SVT-AV1, Source/Lib/Globals/enc_handle.c (``svt_switch_to_real_time``).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.codec.context import CodecContext

TASKS = Path("/proc/self/task")
"""Linux names a process's threads here; no other system gets such a priority."""

Scheduling = tuple[int, int]
"""Policy and real-time priority of a thread."""


def open_encoder(context: CodecContext) -> None:
    """Open an encoder; no thread's scheduling changes, and new ones get the caller's.

    Raises:
        av.FFmpegError, ValueError: it does not open.
    """
    with _kept_scheduling():
        context.open()


@contextmanager
def _kept_scheduling() -> Iterator[None]:
    before = _scheduling()
    own = before.get(threading.get_native_id())
    try:
        yield
    finally:
        for thread, now in _scheduling().items():
            wanted = before.get(thread, own)
            if wanted is not None and now != wanted:
                policy, priority = wanted
                with suppress(OSError):  # it has ended, or may not go back
                    os.sched_setscheduler(thread, policy, os.sched_param(priority))


def _scheduling() -> dict[int, Scheduling]:
    """Return how each thread of this process is scheduled; nothing where that is not told."""
    found: dict[int, Scheduling] = {}
    for task in TASKS.iterdir() if TASKS.is_dir() else ():
        with suppress(OSError):  # it has ended
            thread = int(task.name)
            policy, parameters = os.sched_getscheduler(thread), os.sched_getparam(thread)
            found[thread] = policy, parameters.sched_priority
    return found
