"""Tags, titles, languages and timecodes that a container cannot hold.

Tags are found by writing them. mp4 and mov have a box for a few, which every player reads. Under
Apple's keys they hold any tag (a phone's location, make and model), but no cover art, so the keys
are used only if a tag needs them and the source has no cover art.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

import av

from vsr.media.containers import Container, container_named
from vsr.media.encoding.encoding import OutputVideo
from vsr.media.source.info import ROLES, MediaInfo, StreamInfo
from vsr.media.streams.copy_streams import container_metadata
from vsr.media.streams.languages import NO_LANGUAGE, is_held, is_shortened
from vsr.media.streams.stream_plan import StreamPlan
from vsr.media.timecode import TIMECODE, is_countable, relabelled, timecode_in

SELECTIVE = frozenset({"mp4", "mov"})
"""Muxers that write only the tags they have a box for, and silently drop the others."""

AS_A_TRACK = frozenset({TIMECODE})
"""Tags that they write as a track of its own."""

ROLES_LOST = {
    "mov": frozenset(ROLES),
    "mp4": frozenset({"original"}),
    "mpegts": frozenset({"dub", "original", "comment", "forced"}),
    "nut": frozenset({"forced", "hearing_impaired", "visual_impaired"}),
    "webm": frozenset(ROLES) - {"forced"},
}
"""What streams are for, as far as each muxer does not write it. Matroska's does."""

ROLES_IN_WORDS = {
    "dub": "dubbed",
    "original": "original language",
    "comment": "commentary",
    "forced": "forced",
    "hearing_impaired": "for the hard of hearing",
    "visual_impaired": "with description",
}

OF_A_PROGRAMME = ("service_name", "service_provider")
"""Tags as FFmpeg's muxer of MPEG-TS takes them."""

APPLES_KEYS = "+use_metadata_tags"
"""A value for ``movflags`` that writes any tag by its name. Source: FFmpeg, libavformat/movenc.c.
"""


def lost_tags(source: MediaInfo, container: str) -> tuple[str, ...]:
    """Return the names of the tags that ``container`` would not hold, in order.

    MPEG-TS holds only the names of a programme and of its provider, or a title instead; Matroska,
    WebM and NUT hold every tag.
    """
    tags = container_metadata(dict(source.metadata))
    if container_named(container).is_bare:
        return tuple(tags)
    if container == "mpegts":
        there = {key.lower() for key in tags}
        kept = OF_A_PROGRAMME if OF_A_PROGRAMME[0] in there else ("title", *OF_A_PROGRAMME)
        return tuple(key for key in tags if key.lower() not in kept)
    return _without_box(tags, container, _flags(source, container))


def muxer_options(
    source: MediaInfo, container: str, options: Iterable[tuple[str, str]]
) -> dict[str, str]:
    """Return a muxer's options, extended so that it holds most of the source's tags."""
    found = dict(options)
    if flags := _flags(source, container):
        found["movflags"] = found.get("movflags", "") + flags
    return found


def _flags(source: MediaInfo, container: str) -> str:
    if any(stream.is_cover_art for stream in source.others):
        return ""
    tags = container_metadata(dict(source.metadata))
    return APPLES_KEYS if _without_box(tags, container, "") else ""


def _without_box(tags: Mapping[str, str], container: str, flags: str) -> tuple[str, ...]:
    """Return the names of the tags that are lost when written."""
    if not tags or container not in SELECTIVE:
        return ()
    file = io.BytesIO()
    options = {"movflags": flags} if flags else {}
    with av.open(file, "w", format=container, container_options=options) as output:
        output.metadata.update(tags)
        output.add_stream("aac", rate=48_000)
        output.start_encoding()
    file.seek(0)
    with av.open(file, metadata_errors="ignore") as written:
        held = frozenset(key.lower() for key in written.metadata)
    return tuple(key for key in tags if key.lower() not in held | AS_A_TRACK)


def lost_labels(info: MediaInfo, plan: StreamPlan) -> Iterator[str]:
    """Yield what is lost of titles, languages and roles of the video and of what is carried."""
    container, carried = container_named(plan.container), [fate.stream for fate in plan.carried]
    titles = [one for one in (info.video.title, *(x.title for x in carried)) if one is not None]
    if titles and not container.has_track_tags:
        yield (
            f"{container.name} cannot store titles of streams: {', '.join(titles)}. "
            "Choose .mkv to keep them."
        )
    yield from _lost_languages(info.video.language, carried, container)
    lost = ROLES_LOST.get(container.name, frozenset())
    unsaid = [
        f"{one.kind} {one.index} ({', '.join(ROLES_IN_WORDS[role] for role in roles)})"
        for one in carried
        if (roles := [role for role in one.roles if role in lost])
    ]
    if unsaid:
        yield (
            f"{container.name} cannot store what streams are for: {', '.join(unsaid)}. "
            "Choose .mkv to keep it."
        )


def _lost_languages(
    seen: str | None, carried: Iterable[StreamInfo], container: Container
) -> Iterator[str]:
    """Yield which languages are lost, and of which the rest is: the dialect, the script.

    Args:
        seen: the language of the video, whose track may be one that is not labelled.
    """
    spoken = {one.language for one in carried if one.language is not None}
    lost = {one for one in spoken if not is_held(one, container.name)}
    if seen is not None and seen not in NO_LANGUAGE:
        if container.has_track_tags and is_held(seen, container.name):
            spoken.add(seen)
        else:
            lost.add(seen)
    if lost:
        mp4 = ".mp4 or " if all(is_held(one, "mp4") for one in lost) else ""
        yield (
            f"{container.name} cannot store the language of a stream that is "
            f"{', '.join(sorted(lost))}. Choose {mp4}.mkv to keep it."
        )
    shortened = sorted(one for one in spoken if is_shortened(one, container.name))
    if shortened:
        yield (
            f"{container.name} stores a language alone, without the rest of "
            f"{', '.join(shortened)}. Choose .mkv to keep it."
        )


def lost_timecode(
    info: MediaInfo, plan: StreamPlan, video: OutputVideo, skipped: Fraction
) -> str | None:
    """Return what is lost of the label of the first frame; None if it is kept, or there is none.

    Args:
        video: what is written.
        skipped: seconds of the source before its first frame.
    """
    container, own, rate = container_named(plan.container), info.video.timecode, video.frame_rate
    if not container.has_track_tags:
        is_told = any("timecode" in fate.reason for fate in plan.fates)
        if own is None or is_told:
            return None
        return f"{container.name} cannot store the timecode {own}. Choose .mov or .mkv to keep it."
    text, old = own or timecode_in(info.metadata), info.video.frame_rate
    if text is None:
        return None
    label = relabelled(text, old, skipped, rate / old if rate and old else Fraction(1))
    if label is None:
        return f"the timecode {text} cannot be counted forward to the first frame, and is lost."
    if container.name in SELECTIVE and not is_countable(label, rate):
        return f"{container.name} cannot store the timecode {label}. Choose .mkv to keep it."
    return None
