"""A transponder's programmes: only what belongs to the picture is kept, and its channel's name."""

from pathlib import Path

import pytest

from tests.clips import write_clip
from tests.media.broadcast import FIRST, FOREIGN, SECOND, SOUND, VIDEO, write_broadcast
from tests.media.written import carry, packets_in
from vsr.media.reading.probe import probe
from vsr.media.source.programmes import programmes_in
from vsr.media.streams.lost_tags import lost_tags
from vsr.media.streams.streams import Fate, plan_streams

NAMES = {FIRST: b"Channel One", SECOND: b"Channel Two"}


def test_programmes_are_read_with_their_streams_and_names(tmp_path: Path) -> None:
    one, two = programmes_in(write_broadcast(tmp_path / "in.ts", NAMES))
    assert (one.number, one.pids, one.name, one.provider) == (
        FIRST, {VIDEO, SOUND}, "Channel One", "Owner",
    )  # fmt: skip
    assert (two.number, two.pids, two.name) == (SECOND, {FOREIGN}, "Channel Two")


@pytest.mark.parametrize("container", ["mpegts", "mp4", "matroska"])
def test_sound_of_another_programme_is_lost_and_named(tmp_path: Path, container: str) -> None:
    source = write_broadcast(tmp_path / "in.ts", NAMES)
    mine, other = plan_streams(probe(source), container).fates
    assert (mine.stream.kind, mine.fate) == ("audio", Fate.COPY)
    assert (other.fate, other.is_loss) == (Fate.DROP, True)
    assert other.reason == "it belongs to another programme: Channel Two"


@pytest.mark.parametrize(
    "streams",
    [
        {FIRST: (VIDEO, SOUND, FOREIGN), SECOND: (FOREIGN,)},
        {FIRST: (VIDEO, SOUND), SECOND: (VIDEO, FOREIGN)},
        {FIRST: (VIDEO, SOUND)},
    ],
    ids=["sound of both", "one picture", "a stream of none"],
)
def test_sound_that_may_belong_to_the_picture_is_kept(
    tmp_path: Path, streams: dict[int, tuple[int, ...]]
) -> None:
    source = write_broadcast(tmp_path / "in.ts", NAMES, streams)
    plan = plan_streams(probe(source), "mpegts")
    assert plan.losses == ()
    assert len(plan.carried) == len(probe(source).others)


def test_the_name_of_the_channel_is_kept(tmp_path: Path) -> None:
    source = write_broadcast(tmp_path / "in.ts", NAMES)
    info = probe(source)
    tags = {"service_name": "Channel One", "service_provider": "Owner"}
    assert dict(info.metadata) == tags
    for suffix in ("ts", "mkv", "mp4"):
        target = tmp_path / f"out.{suffix}"
        carry(source, target)
        found = {key.lower(): value for key, value in probe(target).metadata.items()}
        assert found.items() >= tags.items()
        assert len(packets_in(target, "audio")) > 10
    assert lost_tags(info, "mpegts") == ()


@pytest.mark.parametrize(
    ("coded", "name"),
    [
        (b"\x05T\xdcrk", "TÜrk"),  # ISO/IEC 8859-9
        (b"\x10\x00\x02\xc8esko", "Česko"),  # ISO/IEC 8859-2
        ("\x15Ελλάδα".encode(), "Ελλάδα"),
        (b"\x11\x04\x20", "Р"),
        (b"\x86Das\x87 T\xc8est f\xc8ur Gro\xfb", "Das Tëst für Groß"),  # ISO/IEC 6937
        (b"\x15\xff\xff", ""),
        (b"", ""),
    ],
)
def test_names_are_read_in_their_coding(tmp_path: Path, coded: bytes, name: str) -> None:
    one, _ = programmes_in(write_broadcast(tmp_path / "in.ts", {FIRST: coded}))
    assert one.name == name
    assert str(one) == (name or "11")


def test_a_damaged_table_is_not_believed(tmp_path: Path) -> None:
    source = write_broadcast(tmp_path / "in.ts", NAMES)
    source.write_bytes(source.read_bytes().replace(b"Channel", b"Chattel"))
    assert [one.name for one in programmes_in(source)] == ["", ""]


def test_what_is_not_a_broadcast_has_no_programmes(tmp_path: Path) -> None:
    assert programmes_in(write_clip(tmp_path / "in.mp4", frames=3)) == ()
    (tmp_path / "short.ts").write_bytes(b"\x47" * 100)
    assert programmes_in(tmp_path / "short.ts") == ()


def test_a_name_that_ffmpeg_made_up_is_none(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.ts", frames=25)
    assert dict(probe(source).metadata) == {}
