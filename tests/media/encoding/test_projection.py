"""A 360° video stays one: its projection is in the header of every file that can tell it."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import av
import pytest

from tests.clips import write_clip
from tests.media.sample_entries import box, with_box
from tests.media.written import carry, encoder_for, packets_in, video_of
from vsr.media.frames.spherical import CUBEMAP, EQUIRECTANGULAR_TILE, Spherical
from vsr.media.frames.stereo import Stereo
from vsr.media.reading.probe import probe
from vsr.media.streams.losses_before_start import losses_of

OVER_UNDER = Stereo(2)

AHEAD = Spherical(0, pose=(10 << 16, -5 << 16, 1 << 15))
QUARTER = Spherical(EQUIRECTANGULAR_TILE, bounds=(1 << 30, 1 << 29, 1 << 30, 1 << 29))
CUBE = Spherical(CUBEMAP, padding=4)

FULL_BOX = bytes(4)

XML = b"""<?xml version="1.0"?><rdf:SphericalVideo
xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
xmlns:GSpherical="http://ns.google.com/videos/1.0/spherical/">
<GSpherical:Spherical>true</GSpherical:Spherical><GSpherical:Stitched>true</GSpherical:Stitched>
<GSpherical:StitchingSoftware>a camera</GSpherical:StitchingSoftware>
<GSpherical:ProjectionType>equirectangular</GSpherical:ProjectionType></rdf:SphericalVideo>"""

XML_ID = bytes.fromhex("ffcc8263f8554a938814587a02521fdd")


def boxes_of(spherical: Spherical, stereo: Stereo | None) -> bytes:
    """Return the boxes of Google's Spherical Video V2 RFC."""
    left, top, right, bottom = spherical.bounds
    if spherical.projection == CUBEMAP:
        model = box(b"cbmp", FULL_BOX + struct.pack(">2I", 0, spherical.padding))
    else:
        model = box(b"equi", FULL_BOX + struct.pack(">4I", top, bottom, left, right))
    pose = box(b"prhd", FULL_BOX + struct.pack(">3i", *spherical.pose))
    head = box(b"svhd", FULL_BOX + b"a camera\0")
    views = box(b"st3d", FULL_BOX + b"\1") if stereo == OVER_UNDER else b""
    return views + box(b"sv3d", head + box(b"proj", pose + model))


def write_spherical(path: Path, spherical: Spherical = AHEAD, stereo: Stereo | None = None) -> Path:
    return with_box(write_clip(path, frames=20), boxes_of(spherical, stereo))


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [("h264", "mp4"), ("hevc", "mp4"), ("hevc", "mkv"), ("ffv1", "mkv"), ("vp9", "webm")],
)
@pytest.mark.parametrize("spherical", [AHEAD, QUARTER, CUBE])
def test_a_projection_is_kept(tmp_path: Path, codec: str, suffix: str, spherical: Spherical):
    source, target = write_spherical(tmp_path / "in.mp4", spherical), tmp_path / f"out.{suffix}"
    assert probe(source).video.spherical == spherical
    carry(source, target, codec=codec)
    assert probe(target).video.spherical == spherical


@pytest.mark.parametrize(("codec", "pix_fmt"), [("h264", "yuv420p"), ("prores", "yuv422p10le")])
def test_quicktime_tells_it_without_a_direction(tmp_path: Path, codec: str, pix_fmt: str):
    source, target = tmp_path / "in.mp4", tmp_path / "out.mov"
    write_clip(source, frames=5, pix_fmt=pix_fmt)
    carry(with_box(source, boxes_of(AHEAD, None)), target, codec=codec)
    assert probe(target).video.spherical == Spherical(0)


def with_apple_projection(path: Path, kind: bytes) -> Path:
    """Write a video with the box of Apple's that tells a projection."""
    told = box(b"proj", box(b"prji", FULL_BOX + kind))
    return with_box(write_clip(path, frames=5), box(b"vexu", told))


def test_the_flat_picture_of_a_lens_is_no_projection(tmp_path: Path):
    clip = with_apple_projection(tmp_path / "in.mov", b"rect")
    assert probe(clip).video.spherical is None


@pytest.mark.parametrize(("kind", "name"), [(b"hequ", "180°"), (b"fish", "fisheye")])
def test_what_no_container_tells_is_lost_by_its_name(tmp_path: Path, kind: bytes, name: str):
    source = probe(with_apple_projection(tmp_path / "in.mov", kind)).video
    assert source.spherical is not None
    video = video_of(probe(write_clip(tmp_path / "flat.mp4", frames=5)), "mp4")
    assert [str(loss) for loss in losses_of(source, video, encoder_for(), "mp4")] == [
        f"its {name} projection is lost: players show it flat."
    ]


def test_cameras_tell_it_in_xml_too(tmp_path: Path):
    source, target = write_clip(tmp_path / "in.mp4", frames=5), tmp_path / "out.mkv"
    carry(with_box(source, box(b"uuid", XML_ID + XML), (b"moov", b"trak")), target)
    assert probe(target).video.spherical == Spherical(0)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_how_two_views_lie_is_told_beside_it(tmp_path: Path, codec: str, suffix: str):
    source, target = (
        write_spherical(tmp_path / "in.mp4", stereo=OVER_UNDER),
        tmp_path / f"out.{suffix}",
    )
    carry(source, target, codec=codec)
    video = probe(target).video
    assert (video.spherical, video.stereo) == (AHEAD, OVER_UNDER)


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_all_else_is_as_without_it(tmp_path: Path, codec: str, suffix: str):
    plain, turned = tmp_path / f"plain.{suffix}", tmp_path / f"turned.{suffix}"
    carry(write_clip(tmp_path / "plain-in.mp4", frames=20), plain, codec=codec)
    carry(write_spherical(tmp_path / "in.mp4"), turned, codec=codec, options=FAST_START[suffix])
    assert packets_in(turned, "video") == packets_in(plain, "video")
    with av.open(str(plain)) as one, av.open(str(turned)) as other:
        ours, theirs = one.streams.video[0], other.streams.video[0]
        assert ours.codec_context.extradata == theirs.codec_context.extradata
        assert ours.metadata == theirs.metadata
        assert ours.codec_context.profile == theirs.codec_context.profile
        assert ours.codec_context.reorder_depth == theirs.codec_context.reorder_depth
    info = probe(turned).video
    assert info == replace(probe(plain).video, spherical=AHEAD, bit_rate=info.bit_rate)


FAST_START = {"mp4": [("movflags", "+faststart")], "mkv": []}


@pytest.mark.parametrize(
    ("container", "spherical", "said"),
    [
        ("mp4", AHEAD, []),
        ("webm", CUBE, []),
        ("mov", Spherical(0), []),
        ("mov", AHEAD, [False]),
        ("mov", CUBE, [True]),
        ("mpegts", AHEAD, [True]),
        ("mp4", Spherical(5), [True]),  # a fisheye
    ],
)
def test_what_is_lost_of_it_is_told(
    tmp_path: Path, container: str, spherical: Spherical, said: list[bool]
):
    info = probe(write_clip(tmp_path / "in.mp4", frames=5))
    info = replace(info, video=replace(info.video, spherical=spherical))
    losses = list(losses_of(info.video, video_of(info, container), encoder_for(), container))
    assert [loss.is_content for loss in losses] == said
    assert all(spherical.name in loss.text for loss in losses)
