"""A track keeps its language in every container that can tell it; else that is said."""

from pathlib import Path

import av
import pytest

from tests.clips import Audio, Subtitle, write_clip
from tests.media.written import carry, video_of
from vsr.media.reading.probe import probe
from vsr.media.streams.languages import AS_THEY_ARE, QUICKTIME, is_held, spelt
from vsr.media.streams.losses_before_start import Loss, losses_among, losses_of_labels
from vsr.media.streams.streams import plan_streams


def languages_in(path: Path) -> list[str | None]:
    with av.open(str(path)) as container:
        tracks = [*container.streams.audio, *container.streams.subtitles]
        return [stream.metadata.get("language") for stream in tracks]


def losses(source: Path, container: str, **keep: bool) -> list[Loss]:
    info = probe(source)
    plan = plan_streams(info, container, **keep)
    return [*losses_among(plan), *losses_of_labels(info, plan, video_of(info))]


@pytest.mark.parametrize("languages", [sorted(AS_THEY_ARE), sorted(QUICKTIME)])
def test_quicktime_holds_what_is_said_to_be_held(tmp_path: Path, languages: list[str]) -> None:
    path = tmp_path / "a.mov"
    with av.open(str(path), "w") as output:
        for language in languages:
            stream = output.add_stream("pcm_s16le", rate=8000, layout="mono")
            stream.metadata["language"] = spelt(language, "mov")
        output.start_encoding()
        for stream in output.streams:
            packet = av.Packet(bytes(2))
            packet.stream, packet.pts, packet.dts = stream, 0, 0
            output.mux(packet)
    found = languages_in(path)
    assert found == [spelt(language, "mov") for language in languages]
    for language, one in zip(languages, found, strict=True):
        assert spelt(one or "", "matroska") == (one if one in AS_THEY_ARE else language)


@pytest.mark.parametrize(
    ("path", "written"),
    [
        (["in.mkv", "out.mov"], ["fra", "sve", "ces"]),
        (["in.mkv", "out.mov", "back.mkv"], ["fra", "swe", "ces"]),
        (["in.mkv", "out.mp4"], ["fre", "swe", "cze"]),
    ],
)
def test_sound_and_subtitles_keep_their_language(
    tmp_path: Path, path: list[str], written: list[str]
) -> None:
    audio = [Audio(language="fre"), Audio(language="swe", codec="flac")]
    subtitles = [Subtitle(language="cze")]
    source = write_clip(tmp_path / path[0], frames=5, audio=audio, subtitles=subtitles)
    for name in path[1:]:
        carry(source, tmp_path / name)
        source = tmp_path / name
    assert languages_in(source) == written


@pytest.mark.parametrize(
    ("suffix", "written"),
    [
        ("mp4", ["swe", "por", "hrv"]),
        ("mov", ["sve", "por", "hr "]),
        ("ts", ["swe", "por", "hrv"]),
        ("mkv", ["sv", "pt-BR", "hr"]),
        ("nut", ["sv", "pt-BR", "hr"]),
    ],
)
def test_a_language_of_two_letters_is_written_as_a_container_has_it(
    tmp_path: Path, suffix: str, written: list[str]
) -> None:
    audio = [Audio(language=one) for one in ("sv", "pt-BR", "hr")]
    source = write_clip(tmp_path / "in.mkv", frames=5, audio=audio)
    carry(source, tmp_path / f"out.{suffix}")
    assert languages_in(tmp_path / f"out.{suffix}") == written


def test_what_is_behind_a_language_is_told_where_it_is_lost(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=5, audio=[Audio(language="pt-BR")])
    for name in ("mp4", "mov"):
        (loss,) = losses(source, name)
        assert loss.text.startswith(f"{name} stores a language alone, without the rest of pt-BR.")
    assert not losses(source, "matroska")
    assert not is_held("x", "mp4")


@pytest.mark.parametrize(
    ("suffix", "name", "written", "lost"),
    [
        ("ts", "mpegts", "eng,deu", ""),
        ("mp4", "mp4", "eng", "without the rest of eng,deu."),
        ("mov", "mov", "eng", "without the rest of eng,deu."),
        ("mkv", "matroska", "eng,deu", ""),
    ],
)
def test_of_two_languages_of_one_stream_the_first_is_kept_everywhere(
    tmp_path: Path, suffix: str, name: str, written: str, lost: str
) -> None:
    """As a broadcast has them: one is in the left channel, the other in the right one."""
    source = write_clip(tmp_path / "in.ts", frames=5, audio=[Audio(language="eng,deu")])
    assert languages_in(source) == ["eng,deu"]
    carry(source, tmp_path / f"out.{suffix}")
    assert languages_in(tmp_path / f"out.{suffix}") == [written]
    texts = " ".join(map(str, losses(source, name)))
    assert lost in texts
    assert bool(lost) is ("language" in texts)


def test_the_same_language_twice_is_no_loss(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.ts", frames=5, audio=[Audio(language="deu,deu")])
    assert not losses(source, "mp4")


def test_a_language_that_quicktime_does_not_know_is_told(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=5, audio=[Audio(language="gle")])
    (loss,) = losses(source, "mov")
    assert loss.text == (
        "mov cannot store the language of a stream that is gle. Choose .mp4 or .mkv to keep it."
    )
    assert not loss.is_content
    assert not losses(source, "mp4")
    assert is_held("und", "mov")


def test_a_container_that_cannot_tell_a_language_either_is_not_advised(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=5, audio=[Audio(language="i-klingon")])
    for name in ("mov", "mp4", "mpegts"):
        (loss,) = losses(source, name)
        assert loss.text.endswith("is i-klingon. Choose .mkv to keep it.")


def test_of_what_is_left_out_nothing_more_is_lost(tmp_path: Path) -> None:
    """A strict run would refuse it, though nobody wants it."""
    source = write_clip(
        tmp_path / "in.mkv", frames=5, audio=[Audio(language="gle", title="Irish")],
        subtitles=[Subtitle(language="gle", title="Words")],
    )  # fmt: skip
    assert [loss.text.count("gle") for loss in losses(source, "mov", keep_subtitles=False)] == [1]
    assert not losses(source, "mov", keep_audio=False, keep_subtitles=False)
    (loss, *_) = losses(source, "mpegts", keep_subtitles=False)
    assert loss.text.startswith("mpegts cannot store titles of streams: Irish.")
    assert not losses(source, "mpegts", keep_audio=False, keep_subtitles=False)
