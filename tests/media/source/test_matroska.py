"""What Matroska says beside what FFmpeg reads of it: regions of languages, further chapters."""

from dataclasses import replace
from pathlib import Path

import av
import pytest

from tests.clips import Audio, Subtitle, write_clip
from tests.media.written import carry
from vsr.colour import Range
from vsr.media.containers import container_named
from vsr.media.reading.black_bars import asked_by_header
from vsr.media.reading.probe import probe
from vsr.media.source.matroska import MatroskaFacts, matroska_facts, told_by_matroska
from vsr.media.streams.losses_before_start import losses_in
from vsr.media.streams.lost_tags import lost_labels
from vsr.media.streams.streams import plan_streams
from vsr.values import Size

LANGUAGE, LANGUAGE_BCP_47 = b"\x22\xb5\x9c", b"\x22\xb5\x9d"
IS_DEFAULT, IS_ORDERED = b"\x45\xdb", b"\x45\xdd"


def with_bytes(path: Path, old: bytes, new: bytes) -> Path:
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    return path


def regional(path: Path) -> Path:
    """Write a film as mkvmerge does, whose languages have regions or scripts."""
    write_clip(
        path,
        frames=10,
        audio=[Audio(language="pt-BR"), Audio(language="eng")],
        subtitles=[Subtitle(codec="subrip", language="zh-Hans", cues=[(0.0, 0.2, "text")])],
    )
    for code in (b"pt-BR", b"zh-Hans"):
        size = bytes([0x80 | len(code)])
        with_bytes(path, LANGUAGE + size + code, LANGUAGE_BCP_47 + size + code)
    return path


def element(kind: int, *content: bytes) -> bytes:
    body = b"".join(content)
    name = kind.to_bytes((kind.bit_length() + 7) // 8)
    return name + (1 << 28 | len(body)).to_bytes(4) + body


def atom(*inner: bytes) -> bytes:
    return element(0xB6, element(0x91, b"\0"), *inner)


CHAPTERS = element(
    0x1043A770,
    element(0x45B9, element(0x45DD, b"\1"), atom(atom(atom())), atom()),
    element(0x45B9, element(0x45DD, b"\0"), atom()),
)
SIDES = {0x54AA: 6, 0x54BB: 2, 0x54CC: 4, 0x54DD: 8}
VIDEO = element(0xE0, *(element(kind, bytes([count])) for kind, count in SIDES.items()))
TRACKS = element(
    0x1654AE6B, element(0xAE, VIDEO, element(0x22B59D, b"sr-Latn\0")), element(0xAE, b"")
)
HEADER = element(0x1A45DFA3, element(0x4282, b"matroska"))
FRAMES = element(0x1F43B675, bytes(1000))
FACTS = MatroskaFacts(
    languages=("sr-Latn", ""),
    crops=((4, 8, 2, 6), (0, 0, 0, 0)),
    chapters=5,
    is_ordered=True,
)


def seek_head(place: int) -> bytes:
    entry = element(0x53AB, CHAPTERS[:4]), element(0x53AC, place.to_bytes(8))
    return element(0x114D9B74, element(0x4DBB, *entry))


def test_tracks_and_chapters_are_read_to_any_depth(tmp_path: Path) -> None:
    path = tmp_path / "in.mkv"
    path.write_bytes(HEADER + element(0x18538067, TRACKS, CHAPTERS, FRAMES))
    assert matroska_facts(path) == FACTS


def test_chapters_behind_the_frames_are_found_where_the_file_says(tmp_path: Path) -> None:
    place = len(seek_head(0)) + len(TRACKS) + len(FRAMES)
    head = seek_head(place)
    path = tmp_path / "in.mkv"
    path.write_bytes(HEADER + element(0x18538067, head, TRACKS, FRAMES, CHAPTERS))
    assert matroska_facts(path) == FACTS


def test_a_place_beyond_the_file_is_none(tmp_path: Path) -> None:
    path = tmp_path / "in.mkv"
    path.write_bytes(HEADER + element(0x18538067, seek_head((1 << 64) - 1), TRACKS, FRAMES))
    assert matroska_facts(path).chapters == 0


@pytest.mark.parametrize("size", [0, 1, 20, 40, 60, 100, 130])
def test_of_a_file_that_is_cut_short_nothing_is_made_up(tmp_path: Path, size: int) -> None:
    path = tmp_path / "in.mkv"
    path.write_bytes((HEADER + element(0x18538067, TRACKS, CHAPTERS, FRAMES))[:size])
    assert matroska_facts(path).chapters <= FACTS.chapters
    path.write_bytes(bytes(range(256))[::-1] * 2)
    assert matroska_facts(path) == MatroskaFacts()


def test_languages_keep_their_region(tmp_path: Path) -> None:
    source, target = regional(tmp_path / "in.mkv"), tmp_path / "out.mkv"
    with av.open(str(source)) as container:
        assert [one.language for one in container.streams][1:] == ["eng", "eng", "eng"]
    info = probe(source)
    assert [one.language for one in info.others] == ["pt-BR", "eng", "zh-Hans"]
    carry(source, target)
    assert [one.language for one in probe(target).others] == ["pt-BR", "eng", "zh-Hans"]


def test_a_region_that_is_lost_is_told(tmp_path: Path) -> None:
    info = probe(regional(tmp_path / "in.mkv"))
    (told,) = lost_labels(info, plan_streams(info, "mp4"))
    assert "without the rest of pt-BR, zh-Hans. Choose .mkv" in told
    assert list(lost_labels(info, plan_streams(info, "matroska"))) == []


@pytest.mark.parametrize("container", ["matroska", "mp4"])
def test_chapters_that_are_not_in_order_are_said_to_be_lost(tmp_path: Path, container: str) -> None:
    chapters = [(0.4, 0.8, "second"), (0.0, 0.4, "first")]
    info = probe(write_clip(tmp_path / "in.mkv", frames=25, chapters=chapters))
    assert (len(info.chapters), info.untold_chapters) == (1, 1)
    (loss,) = losses_in(info, container_named(container))
    assert loss.is_content
    assert loss.text.startswith("1 of 2 chapters are lost")


def test_that_players_show_another_order_is_told(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=25, chapters=[(0.0, 0.4, "first")])
    assert list(losses_in(probe(source), container_named("matroska"))) == []
    with_bytes(source, IS_DEFAULT + b"\x81\1", IS_ORDERED + b"\x81\1")
    (loss,) = losses_in(probe(source), container_named("matroska"))
    assert loss.is_content
    assert "another order" in loss.text


def with_crop(path: Path) -> Path:
    """Write a film whose header crops it, in place of what it says of colours."""
    write_clip(path, frames=5, primaries=1, transfer=1, matrix=1, color_range=Range.LIMITED)
    content = path.read_bytes()
    begin = content.index(b"\x55\xb0")  # RFC 9559, 5.1.4.1.28.16: colours
    end = begin + 3 + (content[begin + 2] & 0x7F)
    sides = b"".join(kind.to_bytes(2) + bytes([0x81, count]) for kind, count in SIDES.items())
    rest = end - begin - len(sides) - 2
    void = bytes([0xEC, 0x80 | rest]) + bytes(rest)
    path.write_bytes(content[:begin] + sides + void + content[end:])
    return path


def test_a_crop_of_the_header_is_read(tmp_path: Path) -> None:
    info = probe(with_crop(tmp_path / "in.mkv"))
    box = info.video.header_crop
    assert str(box) == f"{info.video.size.width - 12}:{info.video.size.height - 8}:4:2"
    assert asked_by_header(info.video) == str(box)


def test_a_crop_that_leaves_nothing_is_none(tmp_path: Path) -> None:
    """FFmpeg refuses such a header; frames may be smaller than it says."""
    info = probe(with_crop(tmp_path / "in.mkv"))
    small = replace(info, video=replace(info.video, size=Size(12, 12)))
    assert told_by_matroska(small, [0]).video.header_crop is None
