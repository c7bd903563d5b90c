import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.media.written import encoder_for, write_segment
from vsr.disk.output_folders import check_folder
from vsr.errors import OutputExists, UnsuitableContainer, UnwritableOutput
from vsr.frames import HostFrame
from vsr.media.containers import container_for
from vsr.media.encoding.encoding import OutputVideo
from vsr.media.writing.target import check_space, check_target, least_bytes
from vsr.values import Size


@pytest.mark.parametrize(
    ("name", "container"),
    [
        ("a.mp4", "mp4"),
        ("a.M4V", "mp4"),
        ("a.mov", "mov"),
        ("a.mkv", "matroska"),
        ("a.webm", "webm"),
        ("a.ts", "mpegts"),
        ("a.nut", "nut"),
    ],
)
def test_the_suffix_means_the_container(tmp_path: Path, name: str, container: str) -> None:
    chosen = check_target(None, tmp_path / name, "refuse")
    assert chosen is not None
    assert chosen.name == container


@pytest.mark.parametrize("name", ["a", "a.avi", "a.txt", "a.gif", "a."])
def test_a_suffix_that_means_none_is_refused_with_the_choice(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnsuitableContainer, match=r"Choose one of \.mp4, \.mov, \.mkv"):
        check_target(None, tmp_path / name, "refuse")


def test_a_named_format_needs_no_suffix(tmp_path: Path) -> None:
    chosen = check_target(None, tmp_path / "stream", "refuse", "mkv")
    assert chosen is not None
    assert chosen.name == "matroska"


@pytest.mark.parametrize("name", ["y4m", "rawvideo"])
def test_raw_frames_are_for_pipes(tmp_path: Path, name: str) -> None:
    assert container_for(Path("-"), name).is_bare
    with pytest.raises(UnsuitableContainer, match=r"for pipes \(-\). In a file, .nut with"):
        container_for(tmp_path / "out.nut", name)


def test_a_device_or_a_pipe_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "out.mkv")
    with pytest.raises(UnwritableOutput, match="is a device or a pipe. Name a file, or -"):
        check_target(None, tmp_path / "out.mkv", "overwrite")


def test_the_target_must_not_be_the_source(tmp_path: Path) -> None:
    source = tmp_path / "a.mp4"
    source.touch()
    link = tmp_path / "b.mp4"
    link.symlink_to(source)
    for target in (source, link, tmp_path / "." / "a.mp4"):
        with pytest.raises(UnwritableOutput, match="the output is the input file"):
            check_target(source, target, "overwrite")


def test_an_existing_target_is_refused_overwritten_or_skipped(tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    target.write_bytes(b"precious")
    with pytest.raises(OutputExists, match="Add -y"):
        check_target(None, target, "refuse")
    assert check_target(None, target, "skip") is None
    assert check_target(None, target, "overwrite") is not None
    assert target.read_bytes() == b"precious"


@pytest.mark.parametrize("name", ["a.mp4", "films"])
def test_a_folder_is_no_target(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    with pytest.raises(UnwritableOutput, match="is a folder"):
        check_target(None, folder, "overwrite")


def test_a_missing_folder_will_be_made_and_is_refused_where_it_cannot_be(tmp_path: Path) -> None:
    assert check_target(None, tmp_path / "missing" / "a.mp4", "refuse") is not None
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableOutput, match="file: is not a folder"):
        check_target(None, tmp_path / "file" / "missing" / "a.mp4", "refuse")
    with pytest.raises(UnwritableOutput, match="File name too long. Choose another name."):
        check_target(None, tmp_path / ("x" * 300) / "a.mp4", "refuse")


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableOutput, match="is not a folder"):
        check_target(None, tmp_path / "file" / "a.mp4", "refuse")


def test_a_folder_that_cannot_be_written_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("vsr.disk.output_folders.tempfile.TemporaryFile", refuse)
    with pytest.raises(UnwritableOutput, match="cannot be written \\(Permission denied\\)"):
        check_folder(Path())


def test_checking_leaves_nothing_behind(tmp_path: Path) -> None:
    check_target(None, tmp_path / "a.mp4", "refuse")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_sure_to_overflow_is_refused(tmp_path: Path) -> None:
    check_space(tmp_path, 1)
    with pytest.raises(UnwritableOutput, match=r"is needed, but only .* is free"):
        check_space(tmp_path, 1 << 60)


@pytest.mark.parametrize("codec", ["ffv1", "prores", "h264", "hevc", "av1"])
def test_a_black_film_needs_more_than_is_asked_for(tmp_path: Path, codec: str) -> None:
    """The estimate must refuse nothing that would fit, and nothing needs less than black."""
    size, count = Size(1280, 720), 8
    encoder = encoder_for(codec, size=size)
    layout = encoder.layout
    black = [np.full(shape, 16, layout.dtype) for shape in layout.plane_shapes(size)]
    frames = [HostFrame(planes=tuple(black), pts=pts, layout=layout) for pts in range(count)]
    video = OutputVideo(size=size, time_base=Fraction(1, 25))
    written = write_segment(tmp_path / "a.nut", frames, encoder, video).stat().st_size
    assert 2 * written > least_bytes(codec, size.pixels, count)
