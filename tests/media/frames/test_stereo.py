"""A 3D screen still knows how the two views of a film lie in its pictures."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import pytest
from av.sidedata.sidedata import Type

from tests.clips import write_clip
from tests.media.written import carry, encoder_for, video_of
from vsr.media.frames.stereo import Stereo, stereo_of
from vsr.media.frames.tags import side_data_of
from vsr.media.reading.probe import probe
from vsr.media.streams.losses_before_start import losses_of

SIDE_BY_SIDE, OVER_UNDER = Stereo(1), Stereo(2)


def write_stereo(path: Path, packing: int = 3) -> Path:
    return write_clip(path, frames=6, options={"x264-params": f"frame-packing={packing}"})


def told_in(path: Path) -> Stereo | None:
    with av.open(str(path)) as container:
        return stereo_of(side_data_of(next(container.decode(video=0))))


@pytest.mark.parametrize(("packing", "stereo"), [(3, SIDE_BY_SIDE), (4, OVER_UNDER)])
@pytest.mark.parametrize(
    ("codec", "suffix"), [("h264", "mp4"), ("h264", "ts"), ("hevc", "mkv"), ("vp9", "webm")]
)
def test_how_the_views_lie_is_told_again(
    tmp_path: Path, codec: str, suffix: str, packing: int, stereo: Stereo
) -> None:
    source, target = write_stereo(tmp_path / "in.mkv", packing), tmp_path / f"out.{suffix}"
    assert probe(source).video.stereo == stereo
    carry(source, target, codec=codec)
    assert told_in(target) == stereo


@pytest.mark.parametrize(
    ("codec", "container", "is_lost"),
    [
        ("h264", "mp4", False),
        ("hevc", "matroska", False),
        ("hevc", "mp4", True),
        ("ffv1", "nut", True),
    ],
)
def test_it_is_said_to_be_lost_where_it_is(
    tmp_path: Path, codec: str, container: str, is_lost: bool
) -> None:
    info = probe(write_stereo(tmp_path / "in.mkv"))
    losses = list(losses_of(info.video, video_of(info), encoder_for(codec), container))
    assert [loss.is_content for loss in losses] == [True] * is_lost


def test_the_right_view_may_come_first() -> None:
    inverted = stereo_of({Type.STEREO3D: struct.pack("=2i", 1, 1)})
    assert inverted == Stereo(1, is_right_first=True)
    assert (inverted.mode_in("matroska"), inverted.in_h264) == ("right_left", None)


def test_a_film_of_one_view_loses_nothing() -> None:
    assert stereo_of({Type.STEREO3D: struct.pack("=2i", 0, 0)}) is None
