"""The container tags of the source that the output cannot hold, found by writing them.

mp4 and mov have a box for a few tags, which every player reads. Under Apple's keys they hold any
tag (a phone's location, make and model), but no cover art, so the keys are used only if a tag needs
them and the source has no cover art.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping

import av

from vsr.media.source.info import MediaInfo
from vsr.media.streams.copy_streams import container_metadata

SELECTIVE = frozenset({"mp4", "mov"})
"""Muxers that write only the tags they have a box for, and silently drop the others."""

APPLES_KEYS = "+use_metadata_tags"
"""For ``movflags``: any tag, by its name. Source: FFmpeg, libavformat/movenc.c."""


def lost_tags(source: MediaInfo, container: str) -> tuple[str, ...]:
    """Return the names of the tags that ``container`` would not hold, in order.

    MPEG-TS holds only a title; Matroska, WebM and NUT hold every tag.
    """
    tags = container_metadata(dict(source.metadata))
    if container == "mpegts":
        return tuple(key for key in tags if key.lower() != "title")
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
    return tuple(key for key in tags if key.lower() not in held)
