"""Threads keep their scheduling, whatever an encoder's library does when it is opened."""

from __future__ import annotations

import os
import sys
import threading
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest

from vsr.frames import HostFrame
from vsr.media.encoding.choose_encoder import EncoderInput, choose
from vsr.media.encoding.encoding import Encoding, OutputVideo
from vsr.media.encoding.scheduling import TASKS, open_encoder
from vsr.specs import EncodeSpec
from vsr.values import Size

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc/self/task")


class Greedy:
    """An encoder that changes the thread that opens it, before it starts one of its own."""

    def __init__(self) -> None:
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._end.wait)

    def open(self) -> None:
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        self._thread.start()

    def close(self) -> None:
        self._end.set()
        self._thread.join()


def policies() -> dict[int, int]:
    threads = [int(task.name) for task in TASKS.iterdir()]
    return {thread: os.sched_getscheduler(thread) for thread in threads}


def test_the_caller_and_the_threads_of_the_encoder_are_put_back() -> None:
    greedy: Any = Greedy()
    before = policies()
    open_encoder(greedy)
    after = policies()
    greedy.close()

    assert len(after) == len(before) + 1
    assert set(after.values()) == set(before.values()) == {os.SCHED_OTHER}


def test_av1_takes_no_priority_over_the_machine() -> None:
    # Only root could give it one.
    size = Size(64, 64)
    encoder = choose(EncodeSpec(codec="av1"), "webm", EncoderInput(size=size), is_cpu_device=True)
    assert set(policies().values()) == {os.SCHED_OTHER}
    planes = tuple(np.zeros((side, side), np.uint8) for side in (64, 32, 32))
    with av.open(os.devnull, "w", format="webm") as output:
        encoding = Encoding(output, OutputVideo(size=size, time_base=Fraction(1, 25)), encoder)
        list(encoding.encode(HostFrame(planes=planes, pts=0)))
        assert set(policies().values()) == {os.SCHED_OTHER}
        for packet in encoding.drain():
            output.mux(packet)
