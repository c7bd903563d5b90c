"""Which container a file name means, and what each needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from vsr.errors import UnsuitableContainer
from vsr.media.sequence import SUFFIXES, is_numbered

ALL = frozenset({"h264", "hevc", "av1", "vp9", "ffv1", "prores"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One muxer of FFmpeg, as vsr uses it.

    Attributes:
        name: FFmpeg's name of the muxer.
        suffixes: the file suffixes that select it.
        video_codecs: the codecs that vsr writes into it.
        text_subtitles: the codec that other text subtitles are converted to.
        audio: what sound that it cannot hold becomes, the best first; ``pcm`` and ``flac`` only
            for sound without loss.
        has_attachments: it can hold fonts and other files.
        has_cover_art: it can hold a still image.
        has_chapters: it can hold chapters.
        has_index: it has an index, which may stand first.
        has_rotation: it can say how the stored frame is to be turned.
        has_track_tags: it can hold the titles and the timecode of its streams.
        is_bare: it holds the frames, and nothing else.
        is_sequence: it is no file but a numbered image for each frame.
        is_credulous: it accepts streams of any codec, even ones that cannot be read back.
        options: always passed to the muxer of a finished file.
        pipe_options: added if the output cannot seek.
        tags: the codec tag that a video codec must have, where FFmpeg's choice is unsuitable.
    """

    name: str
    suffixes: tuple[str, ...]
    video_codecs: frozenset[str] = ALL
    text_subtitles: str | None = None
    audio: tuple[str, ...] = ("pcm", "flac", "aac", "libopus")
    has_attachments: bool = False
    has_cover_art: bool = False
    has_chapters: bool = True
    has_index: bool = False
    has_rotation: bool = True
    has_track_tags: bool = True
    is_bare: bool = False
    is_sequence: bool = False
    is_credulous: bool = False
    options: tuple[tuple[str, str], ...] = ()
    pipe_options: tuple[tuple[str, str], ...] = ()
    tags: tuple[tuple[str, str], ...] = ()


# A pipe cannot seek back to write the index; once the first packets are known it is complete.
FRAGMENTED = (("movflags", "+frag_keyframe+delay_moov"),)
# The start of each stream is stored in these ticks; with the default of 1 ms, sync is off by 1 ms.
FINE_CLOCK = (("movie_timescale", "90000"),)
# Apple's players accept HEVC only under this tag: the parameter sets are in the header.
HVC1 = (("hevc", "hvc1"),)

CONTAINERS: tuple[Container, ...] = (
    Container(
        name="mp4",
        suffixes=(".mp4", ".m4v"),
        video_codecs=frozenset({"h264", "hevc", "av1", "vp9"}),
        text_subtitles="mov_text",
        audio=("flac", "pcm", "aac", "libopus"),  # few players know PCM in mp4
        has_cover_art=True,
        has_index=True,
        options=FINE_CLOCK,
        pipe_options=FRAGMENTED,
        tags=HVC1,
    ),
    Container(
        name="mov",
        suffixes=(".mov", ".qt"),
        video_codecs=frozenset({"h264", "hevc", "prores"}),
        text_subtitles="mov_text",
        has_index=True,
        options=FINE_CLOCK,
        pipe_options=FRAGMENTED,
        tags=HVC1,
    ),
    Container(
        name="matroska",
        suffixes=(".mkv",),
        text_subtitles="srt",
        has_attachments=True,
        has_cover_art=True,
    ),
    Container(
        name="webm",
        suffixes=(".webm",),
        video_codecs=frozenset({"av1", "vp9"}),
        text_subtitles="webvtt",
        audio=("libopus",),
    ),
    Container(
        name="mpegts",
        suffixes=(".ts", ".m2ts", ".mts"),
        video_codecs=frozenset({"h264", "hevc"}),
        audio=("aac",),
        is_credulous=True,
        has_chapters=False,
        has_rotation=False,
        has_track_tags=False,
    ),
    Container(
        name="nut",
        suffixes=(".nut",),
        video_codecs=ALL - {"prores"},
        text_subtitles="ass",
        has_rotation=False,
    ),
)

_BARE = Container(
    name="rawvideo",
    suffixes=(),
    video_codecs=frozenset({"rawvideo"}),
    audio=(),
    has_chapters=False,
    has_rotation=False,
    has_track_tags=False,
    is_bare=True,
)

IMAGES = replace(
    _BARE,
    name="png sequence",
    suffixes=(".png",),
    video_codecs=frozenset({"png"}),
    is_sequence=True,
)
"""Chosen by a name with a number in it: ``out/%05d.png``."""

RAW = (
    # more than 8 bits are FFmpeg's own addition
    replace(_BARE, name="yuv4mpegpipe", pipe_options=(("strict", "-1"),)),
    _BARE,
)
"""Containers for pipes alone, whose frames have no times."""

PIPE = "-"

ALIASES = {
    "mkv": "matroska",
    "ts": "mpegts",
    "m4v": "mp4",
    "quicktime": "mov",
    "y4m": "yuv4mpegpipe",
    "raw": "rawvideo",
}

REFUSED_SUFFIXES = {
    ".avi": "AVI stores no timestamps",
    ".flv": "FLV can hold neither several audio tracks nor subtitles",
    ".wmv": "it cannot hold the video codecs that vsr writes",
    ".mpg": "it cannot hold the video codecs that vsr writes",
    ".gif": "it is not a video container",
    ".y4m": "it is for pipes (--format y4m), and .nut with --codec ffv1 is as lossless",
}


def container_named(name: str) -> Container:
    """Return the container with this name: FFmpeg's, or a common one.

    Raises:
        UnsuitableContainer: vsr does not write it.
    """
    if name == IMAGES.name:
        return IMAGES
    plain = name.lower().removeprefix(".")
    wanted = ALIASES.get(plain, plain)
    for container in (*CONTAINERS, *RAW):
        if container.name == wanted:
            return container
    reason = REFUSED_SUFFIXES.get(f".{wanted}")
    refusal = f"vsr does not write this format{f': {reason}' if reason else ''}"
    raise UnsuitableContainer(f"{name}: {refusal}. {_choices()}")


def container_for(target: Path, name: str | None = None) -> Container:
    """Return the container that ``target`` asks for by its suffix, or by an explicit name.

    Raises:
        UnsuitableContainer: the suffix is missing, unknown, or means one that vsr does not write.
    """
    suffix = target.suffix.lower()
    if is_numbered(target) and suffix in SUFFIXES:
        if suffix != ".png" or name is not None:
            raise UnsuitableContainer(f"{target}: image sequences are written as .png alone.")
        return IMAGES
    if name is not None:
        found = container_named(name)
        if found in RAW and str(target) != PIPE:
            raise UnsuitableContainer(
                f"{target}: --format {name} is for pipes (-). In a file, .nut with --codec ffv1 "
                "is as lossless."
            )
        return found
    for container in CONTAINERS:
        if suffix in container.suffixes:
            return container
    if suffix in REFUSED_SUFFIXES:
        reason = f"vsr does not write {suffix}: {REFUSED_SUFFIXES[suffix]}"
    elif suffix:
        reason = f"{suffix} is not a container that vsr writes"
    else:
        reason = f"no suffix to choose a container by; {target}/ is a folder"
    raise UnsuitableContainer(f"{target}: {reason}. {_choices()}")


def _choices() -> str:
    suffixes = [container.suffixes[0] for container in CONTAINERS]
    return f"Choose one of {', '.join(suffixes)}."
