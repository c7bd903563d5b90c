"""Text subtitles in another format: no tag is shown as text, and places are kept."""

import struct
from pathlib import Path

import av
import pytest

from tests.clips import Subtitle, write_clip
from vsr.media.streams.convert_text import add_converted, converted_packet

TAGGED = r"{\an8}top"


def converted(folder: Path, codec: str, text: str, target: str) -> tuple[str, str]:
    """Return a cue in another format, and what is said beside it."""
    suffix, out = ("mp4" if one == "mov_text" else "mkv" for one in (codec, target))
    cue = Subtitle(codec=codec, cues=[(0.0, 0.5, text)])
    path = write_clip(folder / f"in.{suffix}", frames=2, subtitles=[cue])
    with av.open(str(path)) as source, av.open(str(folder / f"out.{out}"), "w") as output:
        stream = source.streams.subtitles[0]
        made = add_converted(output, stream, target)
        packet = next(one for one in source.demux(stream) if one.size)
        packet = converted_packet(packet, made)
        assert packet is not None
        beside = b"".join(bytes(one) for one in packet.iter_sidedata())
        data = bytes(packet)
    if target == "mov_text":
        (length,) = struct.unpack(">H", data[:2])
        data = data[2 : 2 + length]
    return data.decode().split(",,")[-1], beside.decode()


@pytest.mark.parametrize("target", ["mov_text", "webvtt"])
@pytest.mark.parametrize("codec", ["subrip", "ass", "webvtt", "mov_text"])
def test_no_tag_is_shown_as_text(tmp_path: Path, codec: str, target: str) -> None:
    for text in (TAGGED, r"{\an8\fs30}top", r"{\pos(10,20)}top", r"{\a6}top"):
        assert converted(tmp_path, codec, text, target)[0] == "top"


@pytest.mark.parametrize(
    ("codec", "target", "made"),
    [
        ("mov_text", "srt", (TAGGED, "")),
        ("subrip", "ass", (TAGGED, "")),
        ("webvtt", "ass", (TAGGED, "")),
        ("subrip", "webvtt", ("top", "line:0")),
        ("mov_text", "webvtt", ("top", "line:0")),
        ("ass", "webvtt", ("top", "line:0")),
        ("subrip", "mov_text", ("top", "")),  # which has no places
    ],
)
def test_a_place_is_kept_where_the_format_has_any(
    tmp_path: Path, codec: str, target: str, made: tuple[str, str]
) -> None:
    assert converted(tmp_path, codec, TAGGED, target) == made


@pytest.mark.parametrize(
    ("tag", "settings"),
    [
        (r"{\an2}", ""),
        (r"{\an5}", "line:50%"),
        (r"{\an7}", "line:0 position:0% align:start"),
        (r"{\an3}", "position:100% align:end"),
    ],
)
def test_each_place_has_its_settings_in_webvtt(tmp_path: Path, tag: str, settings: str) -> None:
    assert converted(tmp_path, "subrip", f"{tag}text", "webvtt") == ("text", settings)


def test_braces_that_are_no_tag_are_text_as_before(tmp_path: Path) -> None:
    for codec in ("subrip", "webvtt", "mov_text"):
        assert converted(tmp_path, codec, "{laughs} yes", "mov_text")[0] == "{laughs} yes"
    assert converted(tmp_path, "ass", "{a remark}yes", "mov_text")[0] == "yes"
