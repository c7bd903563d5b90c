"""A worker's engine, from one film to the next."""

import gc
import weakref

import pytest

from tests.clips import write_clip
from vsr.frames import Layout
from vsr.jobs.progress import ignore
from vsr.jobs.upscale import segment_worker
from vsr.jobs.upscale.plan import prepare
from vsr.jobs.upscale.segment_worker import SegmentWorker, step_context
from vsr.specs import UpscaleSpec
from vsr.values import OutputSize, PtsSpan


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


@pytest.mark.parametrize(
    ("pix_fmt", "subsampling", "coded"),
    [("yuv440p", "4:4:4", Layout(8, 0, 1)), ("yuv444p", "4:4:4", None), ("yuv420p", "4:2:0", None)],
)
def test_steps_know_which_chroma_was_made_up_by_the_reader(tmp_path, pix_fmt, subsampling, coded):
    path = write_clip(tmp_path / "clip.mkv", codec="ffv1", pix_fmt=pix_fmt, frames=2)
    spec = UpscaleSpec(size=OutputSize(scale=4), steps=("upscale",), strength=0.0, sharpness=0.0)
    context = step_context(prepare(path, tmp_path / "out.mkv", spec), ignore)
    assert context.layout.subsampling == subsampling
    assert context.coded_layout == coded
