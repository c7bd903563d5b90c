"""Subtitles of an mp4 or mov are shown unasked where the source says so, and nowhere else."""

from pathlib import Path

import av
import pytest
from av.stream import Disposition

from tests.clips import Audio, Subtitle, indices_in, write_clip
from tests.media.written import carry, packets_in

CUES = [(0.0, 0.2, "one"), (0.24, 0.4, "two")]


def write_with_defaults(path: Path, defaults: tuple[int, ...]) -> Path:
    """Write a film with sound and three subtitles, of which some are the default."""
    made = write_clip(
        path.with_stem("made"),
        frames=12,
        audio=[Audio()],
        subtitles=[Subtitle(cues=CUES)] * 3,
        chapters=[(0.0, 0.2, "first"), (0.2, 0.48, "second")],
    )
    with av.open(str(made)) as origin, av.open(str(path), "w") as output:
        output.set_chapters(origin.chapters())
        streams = [output.add_stream_from_template(one, opaque=True) for one in origin.streams]
        for index, stream in enumerate(streams):
            is_default = index < 2 or index - 2 in defaults
            stream.disposition = Disposition.default if is_default else Disposition(0)
        for packet in origin.demux():
            if packet.size:
                packet.stream = streams[packet.stream_index]
                output.mux(packet)
    return path


@pytest.mark.parametrize("defaults", [(), (0,), (1,)], ids=str)
@pytest.mark.parametrize("options", [(), (("movflags", "+faststart"),)], ids=["last", "first"])
@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_subtitles_are_shown_that_the_source_shows(
    tmp_path: Path, suffix: str, options: tuple[tuple[str, str], ...], defaults: tuple[int, ...]
) -> None:
    source = write_with_defaults(tmp_path / "in.mkv", defaults)
    target = tmp_path / f"out.{suffix}"
    carry(source, target, options=options)
    with av.open(str(target)) as film:
        shown = [bool(one.disposition & Disposition.default) for one in film.streams]
        texts = [index for index, one in enumerate(film.streams) if one.type == "subtitle"]
        assert [shown[index] for index in texts] == [index in defaults for index in range(3)]
        assert shown[film.streams.video[0].index]
        assert shown[film.streams.audio[0].index]
        assert len(film.chapters()) == 2
    assert indices_in(target) == list(range(12))
    assert [len(packets_in(target, "subtitle", index)) for index in range(3)] == [
        len(packets_in(target, "subtitle", 0))
    ] * 3
