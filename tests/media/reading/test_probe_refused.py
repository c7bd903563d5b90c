"""What is no video is refused, and the message says why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from av.stream import Disposition

from tests.clips import Audio, write_clip
from tests.composed import side_by_side
from vsr.errors import NoSuchFile, NoVideo, UnreadableMedia
from vsr.media.reading.probe import probe


def test_sound_alone_is_refused_with_the_counts(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "sound.mka", frames=0, audio=[Audio(seconds=0.2)] * 2)
    with pytest.raises(NoVideo, match=r"sound\.mka: no video stream \(2 audio\)\. Choose another"):
        probe(path)


def test_sound_with_cover_art_is_refused(tmp_path: Path) -> None:
    cover = write_clip(tmp_path / "c.mkv", codec="mjpeg", pix_fmt="yuvj420p", frames=1)
    sound = write_clip(tmp_path / "s.mka", frames=0, audio=[Audio(seconds=0.2)])
    song = side_by_side(tmp_path / "song.mp4", [cover, sound], [Disposition.attached_pic])
    with pytest.raises(NoVideo, match=r"\(1 audio, 1 cover art\)"):
        probe(song)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoSuchFile, match=r"gone\.mp4: no such file"):
        probe(tmp_path / "gone.mp4")


def test_a_directory_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableMedia, match="is a folder"):
        probe(tmp_path)


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(UnreadableMedia, match="the file is empty"):
        probe(tmp_path / "empty.mp4")


@pytest.mark.parametrize("name", ["notes.txt", "notes.mp4", "notes.ans"])
def test_a_text_file_is_no_video(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("It was a dark and stormy night.\n" * 40)
    with pytest.raises(UnreadableMedia):
        probe(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_says_so(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "secret.mp4", frames=1)
    path.chmod(0)
    with pytest.raises(UnreadableMedia, match="no permission"):
        probe(path)


def test_an_mp4_without_its_index_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "cut.mp4")
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(UnreadableMedia, match="damaged beyond opening"):
        probe(path)


def test_undecodable_video_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", codec="ffv1", frames=3, gop=1)
    data = path.read_bytes()
    start = data.index(bytes.fromhex("1F43B675"))  # the first cluster
    path.write_bytes(data[: start + 40] + b"\x55" * (len(data) - start - 40))
    with pytest.raises(UnreadableMedia):
        probe(path)
