"""What players show of each frame, as the sample entry of mp4 and mov has it."""

from dataclasses import replace
from io import FileIO
from pathlib import Path

import pytest

from tests.clips import write_clip
from tests.media.sample_entries import box, clean_aperture, with_box
from vsr.media.reading.probe import probe
from vsr.media.reading.sample_entry import told_by_sample_entry
from vsr.values import Size

WHOLE = Size(96, 64)


def with_aperture(path: Path, *numbers: tuple[int, int], frames: int = 5) -> Path:
    return with_box(write_clip(path, frames=frames, size=WHOLE), clean_aperture(*numbers))


@pytest.mark.parametrize(
    ("numbers", "found"),
    [
        (((80, 1), (40, 1), (4, 1), (-2, 1)), "80:40:12:10"),
        (((88, 1), (64, 1), (0, 1), (0, 1)), "88:64:4:0"),
        (((159, 2), (40, 1), (0, 1), (0, 1)), "80:40:8:12"),  # out to whole pixels
        (((96, 1), (64, 1), (0, 1), (0, 1)), "None"),
        (((96, 1), (64, 1), (8, 1), (0, 1)), "None"),  # outside
        (((80, 0), (40, 1), (0, 1), (0, 1)), "None"),
    ],
)
@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_a_clean_aperture_is_read(
    tmp_path: Path, numbers: list[tuple[int, int]], found: str, suffix: str
):
    clip = with_aperture(tmp_path / f"in{suffix}", *numbers)
    assert str(probe(clip).video.header_crop) == found


CUT = (80, 1), (40, 1), (0, 1), (0, 1)


def test_a_file_that_begins_with_its_index_is_read_too(tmp_path: Path):
    """As QuickTime wrote them before there was a box for the brand."""
    clip = with_aperture(tmp_path / "in.mov", *CUT)
    info, content = probe(clip), clip.read_bytes()
    begin = content.index(b"moov") - 4
    clip.write_bytes(content[begin : begin + int.from_bytes(content[begin : begin + 4])])
    bare = replace(info, video=replace(info.video, header_crop=None))
    assert told_by_sample_entry(bare, 1).video.header_crop == info.video.header_crop


@pytest.mark.parametrize("length", [0, 1, 7, 1 << 31])
def test_only_the_aperture_is_read_whatever_other_boxes_say_of_their_length(
    tmp_path: Path, length: int, monkeypatch: pytest.MonkeyPatch
):
    clip = with_aperture(tmp_path / "in.mp4", *CUT)
    with_box(clip, length.to_bytes(4) + box(b"free", bytes(40))[4:])
    read = list[int]()

    class Counting(FileIO):
        def read(self, size: int | None = -1) -> bytes:
            content = super().read(size)
            read.append(len(content))
            return content

    def opened(path: Path, mode: str) -> FileIO:
        return Counting(path, mode)

    info = probe(clip)
    monkeypatch.setattr(Path, "open", opened)
    assert str(told_by_sample_entry(info, 1).video.header_crop) == "80:40:8:12"
    assert max(read) < 40


@pytest.mark.parametrize("left", range(8, 33, 4))
def test_a_header_of_a_track_that_is_cut_short_tells_nothing(tmp_path: Path, left: int):
    clip = with_aperture(tmp_path / "in.mp4", *CUT)
    info, content = probe(clip), clip.read_bytes()
    clip.write_bytes(content[: content.index(b"tkhd") - 4 + left])
    assert told_by_sample_entry(info, 1) == info
