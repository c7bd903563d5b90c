"""How long the video of a Matroska file lasts, whose header knows only its longest stream."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.clips import Audio, Subtitle, write_clip
from vsr.jobs.upscale.job import frames_expected
from vsr.media.reading.probe import probe
from vsr.media.source.describe import tagged_seconds
from vsr.specs import TimeRange

MILLISECOND = Fraction(1, 1000)
NEVER_ENDING = Subtitle(codec="subrip", cues=[(0.1, 300_000.0, "a menu that stays")])


def test_a_subtitle_that_never_ends_does_not_lengthen_the_film(tmp_path: Path) -> None:
    source = write_clip(
        tmp_path / "in.mkv", frames=25, audio=[Audio(seconds=1.5)], subtitles=[NEVER_ENDING]
    )
    info = probe(source)
    assert info.duration_seconds == pytest.approx(300_000, abs=1)
    assert info.video.duration_seconds == pytest.approx(1, abs=0.03)  # 21 ms for the priming
    assert frames_expected(info, TimeRange()) == pytest.approx(25, abs=1)
    assert info.others[0].duration_seconds == pytest.approx(1.5, abs=0.03)


def test_a_film_that_starts_late_is_as_long_as_its_frames(tmp_path: Path) -> None:
    late = [72_000_000 + 40 * index for index in range(25)]
    source = write_clip(tmp_path / "in.mkv", frames=25, pts=late, time_base=MILLISECOND)
    info = probe(source)
    assert info.duration_seconds == pytest.approx(72_001)
    assert frames_expected(info, TimeRange()) == 25


def test_a_tag_of_another_muxer_is_the_length_itself(tmp_path: Path) -> None:
    """As mkvmerge writes it: from the first packet of the stream on."""
    source = write_clip(
        tmp_path / "in.mkv",
        frames=25,
        pts=[400 + 40 * index for index in range(25)],
        time_base=MILLISECOND,
    )
    content = source.read_bytes()
    assert b"Lavf" in content
    source.write_bytes(content.replace(b"Lavf", b"mkvm").replace(b"00:00:01.400", b"00:00:01.000"))
    with av.open(str(source)) as container:
        assert container.streams[0].metadata["DURATION"].startswith("00:00:01.000")
    assert probe(source).video.duration_seconds == 1


@pytest.mark.parametrize(
    ("tags", "seconds"),
    [
        ({"DURATION": "01:02:03.500000000"}, 3723.5),
        ({"DURATION-eng": "00:00:02.000000000"}, 2.0),  # as older mkvmerge tags it
        ({"DURATION": "two hours"}, 0.0),
        ({}, 0.0),
    ],
)
def test_the_tag_is_read(tags: dict[str, str], seconds: float) -> None:
    assert tagged_seconds(tags) == seconds
