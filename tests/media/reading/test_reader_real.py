"""Real files, whole and damaged, through the reader."""

from __future__ import annotations

import os
import random
from itertools import pairwise
from pathlib import Path
from zlib import crc32

import av
import pytest

from tests.media.read_back import identity, read
from vsr.errors import MediaError
from vsr.frames import HostFrame
from vsr.media.reading.probe import probe
from vsr.media.reading.reader import Reader
from vsr.values import PtsSpan


def checksum(frame: HostFrame) -> tuple[int, int]:
    return frame.pts, crc32(identity(frame)[1])


def data_files(folder: str) -> list[Path]:
    root = Path(os.environ.get("VSR_DATA", "no such folder"))
    return sorted((root / folder).glob("*"))


@pytest.mark.data
@pytest.mark.parametrize("path", data_files("clips"), ids=lambda path: path.name)
def test_real_clips_are_read_whole_with_their_times(path: Path) -> None:
    info = probe(path)
    with av.open(str(path)) as container:
        stream = container.streams[info.video.index]
        stream.thread_type = "AUTO"
        expected = [frame.pts for frame in container.decode(stream)]
    with Reader.open(path, info) as reader:
        times = [frame.pts for frame in reader.frames()]
    assert times == expected
    assert not reader.damage


@pytest.mark.data
@pytest.mark.parametrize(
    "path",
    [path for path in data_files("clips") if path.name != "long_180p_av1.mp4"],
    ids=lambda path: path.name,
)
def test_parts_of_real_clips_are_exactly_those_of_the_whole(path: Path) -> None:
    info = probe(path)
    with Reader.open(path, info) as reader:
        whole = [checksum(frame) for frame in reader.frames()]
    rng = random.Random(1)
    for context in (0, 1, 0):
        first = rng.randrange(len(whole))
        last = min(first + rng.randrange(1, 20), len(whole)) - 1
        span = PtsSpan(whole[first][0], whole[last + 1][0] if last + 1 < len(whole) else None)
        with Reader.open(path, info, span, context=context) as reader:
            part = [checksum(frame) for frame in reader.frames()]
        assert part == whole[max(0, first - context) : last + 1 + context]


@pytest.mark.data
@pytest.mark.parametrize("path", data_files("corrupt"), ids=lambda path: path.name)
@pytest.mark.timeout(30)
def test_damaged_files_give_pictures_or_a_clear_error(path: Path) -> None:
    try:
        frames, _ = read(path)
    except MediaError as refused:
        frames, message = [], str(refused)
    else:
        assert frames
        message = f"{path}: "
    assert message.startswith(f"{path}: ")
    assert all(earlier.pts < later.pts for earlier, later in pairwise(frames))


@pytest.mark.data
def test_the_real_files_are_there() -> None:
    assert len(data_files("clips")) >= 26
    assert len(data_files("corrupt")) >= 30
