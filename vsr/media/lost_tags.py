"""Which of a file's own tags its new container does not hold, found by writing them."""

from __future__ import annotations

import io
from collections.abc import Mapping

import av

from vsr.media.carrying import container_metadata

SELECTIVE = frozenset({"mp4", "mov"})
"""Muxers that write the tags they have a box for, and pass over the others without a word."""


def lost_tags(metadata: Mapping[str, str], container: str) -> tuple[str, ...]:
    """Return the names of the tags that ``container`` would not hold, in order.

    MPEG-TS holds nothing but a title; Matroska, WebM and NUT hold every tag.
    """
    tags = container_metadata(dict(metadata))
    if container == "mpegts":
        return tuple(key for key in tags if key.lower() != "title")
    if not tags or container not in SELECTIVE:
        return ()
    held = _held(tags, container)
    return tuple(key for key in tags if key.lower() not in held)


def _held(tags: Mapping[str, str], container: str) -> frozenset[str]:
    """Write the tags into an empty film in memory, and return those that can be read again."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        output.metadata.update(tags)
        output.add_stream("aac", rate=48_000)
        output.start_encoding()
    file.seek(0)
    with av.open(file, metadata_errors="ignore") as written:
        return frozenset(key.lower() for key in written.metadata)
