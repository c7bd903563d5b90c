"""A worker's engine, from one film to the next."""

import gc
import weakref

import pytest

from vsr.jobs.progress import ignore
from vsr.jobs.upscale import segment_worker
from vsr.jobs.upscale.segment_worker import SegmentWorker
from vsr.values import PtsSpan


class Engine:
    pass


def test_an_engine_is_gone_before_the_next_one_takes_memory(monkeypatch: pytest.MonkeyPatch):
    engines: list[weakref.ref[Engine]] = []

    def open_steps(names, context, stack, counters):
        gc.collect()
        assert [ref() for ref in engines] == [None] * len(engines)
        engine = Engine()
        engines.append(weakref.ref(engine))
        return lambda span: [engine]

    monkeypatch.setattr(segment_worker, "open_steps", open_steps)
    worker = SegmentWorker()
    for context in ("one film", "another", "another"):
        worker._opener(("upscale",), context, ignore)
    assert len(engines) == 2
    worker.close()
    assert engines[-1]() is None
    assert worker._steps_of(PtsSpan()) == []
