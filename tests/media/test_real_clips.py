"""Real clips through segments and join: pictures, times and streams, container by container."""

import os
from pathlib import Path

import av
import pytest

from tests.clips import times_in
from tests.media.written import carry
from vsr.errors import VsrError
from vsr.media.reading.probe import probe
from vsr.media.reading.reader import Reader
from vsr.media.writing.verify import OutputFacts, verify

DATA = Path(os.environ.get("VSR_DATA", "missing"))
CLIPS = sorted((DATA / "clips").glob("*")) if DATA.exists() else []
CORRUPT = sorted((DATA / "corrupt").glob("*")) if DATA.exists() else []
MOST_FRAMES = 400


@pytest.mark.data
@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
@pytest.mark.parametrize("clip", CLIPS, ids=lambda path: path.name)
def test_every_clip_keeps_its_pictures_times_and_streams(
    tmp_path: Path, clip: Path, suffix: str
) -> None:
    info = probe(clip)
    with Reader.open(clip, info) as reader:
        times = [frame.pts * info.video.time_base for frame in reader.frames()]
    if len(times) > MOST_FRAMES:
        pytest.skip(f"{len(times)} pictures")
    target = tmp_path / f"out.{suffix}"
    size = info.video.size
    is_odd = size.width % 2 or size.height % 2
    codec = "av1" if is_odd else "hevc" if info.video.layout.bits > 8 else "h264"
    plan, joined = carry(clip, target, codec=codec, frames_per_segment=60)
    verify(target, OutputFacts.of(joined, plan, size))
    assert joined.frames == len(times)
    written = times_in(target)
    shift = written[0] - times[0]
    tick = max(probe(target).video.time_base, info.video.time_base)
    errors = [abs(a - b - shift) for a, b in zip(written, times, strict=True)]
    assert max(errors) <= tick / 2
    assert all(str(fate) for fate in plan.fates)
    with av.open(str(target)) as container:
        assert len(container.streams.audio) == sum(
            fate.stream.kind == "audio" for fate in plan.carried
        )


@pytest.mark.data
@pytest.mark.parametrize("clip", CORRUPT, ids=lambda path: path.name)
def test_a_damaged_clip_is_refused_or_carried_as_far_as_it_decodes(
    tmp_path: Path, clip: Path
) -> None:
    said = carried_or_refused(clip, tmp_path / "out.mkv")
    assert said is None or (clip.name in said and "\n" not in said)


def carried_or_refused(clip: Path, target: Path) -> str | None:
    try:
        plan, joined = carry(clip, target, codec="ffv1", frames_per_segment=60)
    except VsrError as error:
        return str(error)
    verify(target, OutputFacts.of(joined, plan, probe(clip).video.size))
    return None
