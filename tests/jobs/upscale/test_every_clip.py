"""Every real clip and every damaged file at hand, through the whole tool."""

import os
import statistics
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from vsr.errors import VsrError
from vsr.jobs.upscale.preset_spec import spec_of_preset
from vsr.jobs.workers.upscale import upscale
from vsr.media.containers import container_for
from vsr.media.reading.probe import probe
from vsr.media.reading.reader import Reader
from vsr.media.streams.streams import plan_streams
from vsr.specs import EncodeSpec
from vsr.values import OutputSize, TimeRange

pytestmark = [pytest.mark.data, pytest.mark.slow]

DATA = Path(os.environ.get("VSR_DATA", "/nowhere"))
CLIPS = sorted((DATA / "clips").glob("*")) if DATA.exists() else []
DAMAGED = sorted((DATA / "corrupt").glob("*")) if DATA.exists() else []
MOST_FRAMES = 400
KEPT = {".mp4", ".mov", ".mkv", ".webm"}

EXACT_CONTAINERS = {".mp4", ".mov"}


def spec(**changes):
    encode = EncodeSpec(encoder_preset="ultrafast")
    base = spec_of_preset("1080p", OutputSize(scale=2))
    return replace(base, **{"model": "bicubic", "encode": encode, **changes})


def times_read(path: Path) -> list[Fraction]:
    with Reader.open(path) as reader:
        return [frame.pts * reader.info.video.time_base for frame in reader.frames()]


def target_for(source: Path, folder: Path) -> Path:
    suffix = source.suffix if source.suffix in KEPT else ".mkv"
    return folder / f"{source.stem}{suffix}"


@pytest.mark.parametrize("source", CLIPS, ids=lambda path: path.name)
def test_a_clip_is_enlarged_whole(source: Path, tmp_path: Path):
    before = times_read(source)
    time = TimeRange()
    if len(before) > MOST_FRAMES:
        before, time = before[:MOST_FRAMES], TimeRange(max_frames=MOST_FRAMES)
    target = target_for(source, tmp_path)
    result = upscale(source, target, spec(time=time))
    after = times_read(target)
    assert len(after) == len(before) == result.frames_out
    if target.suffix in EXACT_CONTAINERS and time.is_whole:
        offset = after[0] - before[0]  # muxers shift what begins before zero
        assert [t - offset for t in after] == before
    else:
        tick = max(probe(target).video.time_base, Fraction(1, 1000))
        offset = statistics.median(a - b for a, b in zip(after, before, strict=True))
        assert all(
            abs(a - b - offset) <= tick / 2 + Fraction(1, 10**6)
            for a, b in zip(after, before, strict=True)
        )
    info = probe(source)
    plan = plan_streams(info, container_for(target).name)
    kept = sorted(fate.stream.kind for fate in plan.carried)
    assert sorted(stream.kind for stream in probe(target).others) == kept


@pytest.mark.parametrize("source", CLIPS, ids=lambda path: path.name)
def test_the_first_frames_of_a_clip_with_the_default_network(source: Path, tmp_path: Path):
    time = TimeRange(max_frames=12)
    expected = min(12, len(times_read(source)))
    target = target_for(source, tmp_path)
    result = upscale(source, target, spec(model="fast", size=OutputSize(scale=4), time=time))
    assert result.frames_out == expected
    with av.open(str(target)) as container:
        assert sum(1 for _ in container.decode(video=0)) == expected


@pytest.mark.parametrize("source", DAMAGED, ids=lambda path: path.name)
@pytest.mark.timeout(120)
def test_a_damaged_file_ends_in_a_result_or_in_one_line(source: Path, tmp_path: Path):
    target, error = tmp_path / "out.mkv", None
    try:
        upscale(source, target, spec(time=TimeRange(max_frames=100)))
    except VsrError as raised:
        error = raised
    left = [path.name for path in tmp_path.iterdir()]
    assert left == ([] if error else ["out.mkv"])
    assert "\n" not in str(error)
