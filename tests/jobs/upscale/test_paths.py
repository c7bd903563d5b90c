"""What bits depend on beside the plan is recorded; a device that fails costs no segment."""

import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.clips import write_clip
from tests.upscaling.stand_in import cuda_engine_on_cpu
from vsr.errors import DeviceLost
from vsr.jobs.upscale.preset_spec import spec_of_preset
from vsr.jobs.workers.upscale import upscale
from vsr.media.resume.work import work_folder_of
from vsr.specs import EncodeSpec
from vsr.upscaling import steps
from vsr.upscaling.engine.cuda_slots import DeviceSlot
from vsr.values import OutputSize

FRAMES = 18
SHORTAGE = torch.cuda.OutOfMemoryError("simulated")
LOST = RuntimeError("CUDA error: unspecified launch failure")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "in.mp4", frames=FRAMES, gop=6)


def spec(**changes):
    base = spec_of_preset("1080p", OutputSize(scale=2))
    encode = EncodeSpec(encoder_preset="ultrafast")
    values = {"model": "fast", "encode": encode, "segment_frames": 6, "keeps_work": True}
    return replace(base, sharpness=0, steady="off", **(values | changes))  # as on CUDA


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch):
    """Every engine is that of CUDA, on simulated lanes; returns what is to fail at which upload."""
    failures: dict[int, RuntimeError] = {}
    uploads, upload = iter(range(10_000)), DeviceSlot.upload

    def tried(slot) -> None:
        if error := failures.get(next(uploads)):
            raise error
        upload(slot)

    monkeypatch.setattr(DeviceSlot, "upload", tried)
    with ExitStack() as opened:

        def open_engine(model, device, spec, *, tile=None, say=print, mark=None):
            engine = cuda_engine_on_cpu(model, spec, is_prompt=True, tile=tile, say=say)
            return opened.enter_context(engine)

        monkeypatch.setattr(steps, "open_engine", open_engine)
        yield failures


def recorded(target: Path) -> list[list[str]]:
    files = sorted(work_folder_of(target).glob("0*.json"))
    return [json.loads(path.read_text())["paths"] for path in files]


def test_the_cpu_has_one_path(clip: Path, tmp_path: Path):
    result = upscale(clip, tmp_path / "out.mp4", spec(model="bicubic"))
    assert recorded(tmp_path / "out.mp4") == [["host"]] * 3
    assert result.as_dict()["paths"] == ["host"]


def test_where_memory_ran_short_every_segment_says_how_it_was_computed(clip, tmp_path, cuda):
    cuda[9] = SHORTAGE
    notes: list[str] = []
    result = upscale(clip, tmp_path / "out.mp4", spec(), note=notes.append)
    whole, tiled = "fp32 exact, whole", "fp32 exact, tiles of 48×64"
    assert recorded(tmp_path / "out.mp4") == [[whole], sorted([whole, tiled]), [tiled]]
    assert result.as_dict()["paths"] == [whole, tiled]
    (remark,) = [note for note in notes if "in one way" in note]
    assert f"({whole}; {tiled})" in remark
    assert result.frames_out == FRAMES


def test_a_device_that_vanishes_costs_no_finished_segment(clip, tmp_path, cuda):
    target, notes = tmp_path / "out.mp4", []
    whole = upscale(clip, tmp_path / "whole.mp4", spec())
    cuda[FRAMES + 9] = LOST
    with pytest.raises(DeviceLost, match="launch failure"):
        upscale(clip, target, spec())
    assert not target.exists()
    assert len(recorded(target)) == 1
    again = upscale(clip, target, spec(), note=notes.append)
    assert any("resuming: " in note for note in notes)
    assert not [note for note in notes if "in one way" in note]
    assert again.paths == whole.paths == ("fp32 exact, whole",)
    assert target.read_bytes() == whole.output.read_bytes()
