"""A part that is read is exactly that part of the whole."""

from __future__ import annotations

import random
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from tests.clips import write_clip
from tests.media.read_back import OPEN_GOP, identity, indices, read, spoil
from vsr.media.reading import reader
from vsr.media.reading.probe import probe
from vsr.values import PtsSpan


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("clip.mp4", {"b_frames": 3}),
        ("open_gop.mp4", {"codec": "libx265", "options": OPEN_GOP, "gop": None}),
        ("open_gop.ts", {"codec": "libx265", "options": OPEN_GOP, "gop": None}),
        ("clip.mkv", {"options": {"x264-params": "open-gop=1"}, "b_frames": 3}),
        ("clip.webm", {"codec": "libvpx-vp9"}),
        ("clip.mpg", {"codec": "mpeg2video", "b_frames": 2}),
        ("old.avi", {"b_frames": 3}),
        ("raw.h264", {"b_frames": 2}),
    ],
)
def test_a_part_is_exactly_that_part_of_the_whole(
    tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    path = write_clip(tmp_path / name, **options)
    info = probe(path)
    whole = read(path, info=info)[0]
    rng = random.Random(2)
    places = [
        (1, 30),
        *((first, rng.randrange(first, 48)) for first in rng.choices(range(48), k=7)),
    ]
    for context, (first, last) in zip(cycle((2, 1, 0)), places):
        end = whole[last + 1].pts if last < 47 else None
        part = read(path, info=info, span=PtsSpan(whole[first].pts, end), context=context)[0]
        expected = whole[max(0, first - context) : last + 1 + context]
        assert [identity(frame) for frame in part] == [identity(frame) for frame in expected]
        wanted = whole[first : last + 1]
        assert [one.pts for one in part if not one.extras.is_context] == [one.pts for one in wanted]


def test_a_file_that_must_be_opened_anew_gives_all_of_its_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_clip(tmp_path / "clip.mp4", b_frames=3)
    whole = read(path)[0]
    monkeypatch.setattr(reader, "SEEK_FRAMES_BACK", ())
    part = read(path, span=PtsSpan(whole[20].pts))[0]
    assert [identity(frame) for frame in part] == [identity(frame) for frame in whole[20:]]


def test_a_part_of_a_file_that_cannot_be_sought_is_read(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "pipe.mkv", b_frames=2, gop=None, container_options={"live": "1"})
    whole = read(path)[0]
    part = read(path, span=PtsSpan(whole[20].pts, whole[30].pts))[0]
    assert indices(part) == list(range(20, 30))


def test_an_empty_part_is_empty(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", frames=5)
    assert read(path, span=PtsSpan(41, 79))[0] == []
    assert read(path, span=PtsSpan(10**9))[0] == []


def test_the_damage_of_the_parts_adds_up_to_that_of_the_whole(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", frames=60)
    spoil(path, places=6, length=20)
    info = probe(path)
    frames, whole = read(path, info=info)
    cut = frames[30].pts
    parts = [read(path, info=info, span=span) for span in (PtsSpan(None, cut), PtsSpan(cut))]
    assert whole.corrupt_frames > 0
    assert sum(damage.corrupt_frames for _, damage in parts) == whole.corrupt_frames
    assert sum(damage.undecodable_packets for _, damage in parts) == whole.undecodable_packets
    assert sum(len(pictures) for pictures, _ in parts) == len(frames)
