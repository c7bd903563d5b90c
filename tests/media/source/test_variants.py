"""The variants of an HLS presentation: only what plays with the picture is kept."""

from pathlib import Path

import av
import pytest

from tests.clips import Audio, write_clip
from vsr.media.reading.probe import probe
from vsr.media.source.variants import variants_in
from vsr.media.streams.streams import Fate, plan_streams
from vsr.values import Size

LARGE = '#EXT-X-STREAM-INF:BANDWIDTH=400000,RESOLUTION=320x180,CODECS="avc1.64001f,mp4a.40.2"'
SOUND = {"low": 24000, "high": 48000}
SMALL = "#EXT-X-STREAM-INF:BANDWIDTH=90000,RESOLUTION=160x90"


def playlist(folder: Path, name: str, segment: Path) -> str:
    """Write a playlist of one segment."""
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:1", "#EXTINF:0.4,", segment.name, "#EXT-X-ENDLIST"]
    (folder / name).write_text("\n".join(lines) + "\n")
    return name


@pytest.fixture
def presentation(tmp_path: Path) -> Path:
    """Return a folder with playlists of a large and a small picture with sound, and of sound."""
    for name, size in (("large", Size(320, 180)), ("small", Size(160, 90))):
        clip = write_clip(tmp_path / f"{name}.ts", size=size, frames=10, audio=[Audio()])
        playlist(tmp_path, f"{name}.m3u8", clip)
        silent = write_clip(tmp_path / f"{name}_silent.ts", size=size, frames=10)
        playlist(tmp_path, f"{name}_silent.m3u8", silent)
    for name, rate in SOUND.items():
        tone = Audio(seconds=0.4, rate=rate)
        playlist(
            tmp_path, f"{name}.m3u8", write_clip(tmp_path / f"{name}.ts", frames=0, audio=[tone])
        )
    return tmp_path


def main(folder: Path, *lines: str) -> Path:
    path = folder / "main.m3u8"
    path.write_text("\n".join(("#EXTM3U", *lines)) + "\n")
    return path


def test_sound_of_another_variant_is_lost_and_named(presentation: Path) -> None:
    source = main(presentation, SMALL, "small.m3u8", LARGE, "large.m3u8")
    info = probe(source)
    assert info.video.size == Size(320, 180)
    fates = plan_streams(info, "matroska").fates
    assert [fate.stream.index for fate in fates if fate.fate is Fate.COPY] == [3]
    other = next(fate for fate in fates if fate.stream.index == 1)
    assert (other.fate, other.is_loss) == (Fate.DROP, True)
    assert other.reason == "it belongs to another variant: 160x90, 90000 bit/s"


def test_sound_of_a_group_belongs_to_the_variants_that_name_it(presentation: Path) -> None:
    sound = '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="{0}",NAME="English",URI="{0}.m3u8"'
    texts = '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="texts",NAME="English",URI="none.m3u8"'
    source = main(
        presentation,
        *(sound.format("low"), texts, f'{SMALL},AUDIO="low"', "small_silent.m3u8"),
        *("", "# a remark", f'{LARGE},AUDIO="high"', "large_silent.m3u8", sound.format("high")),
    )
    small, large = variants_in(source)
    assert (small.pids, large.pids) == ({0, 1}, {2, 3})
    (kept,) = plan_streams(probe(source), "matroska").carried
    with av.open(str(source)) as container:
        sound_kept = container.streams[kept.stream.index]
        assert isinstance(sound_kept, av.AudioStream)
        assert sound_kept.rate == SOUND["high"]


def test_a_playlist_of_segments_has_no_variants(presentation: Path) -> None:
    assert variants_in(presentation / "large.m3u8") == ()
    assert variants_in(presentation / "missing.m3u8") == ()
    assert plan_streams(probe(presentation / "large.m3u8"), "matroska").losses == ()
