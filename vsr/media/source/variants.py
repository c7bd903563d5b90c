"""The variants of an HLS presentation, as programmes: which streams are meant to play together.

FFmpeg opens the playlists of all variants, and gives every stream the number of its playlist as its
``id``: playlists are counted as the main one names them, those of subtitles left out.

Source: RFC 8216, 4.3.4.1 (renditions), 4.3.4.2 (variants); FFmpeg, libavformat/hls.c.
"""

from __future__ import annotations

import re
from pathlib import Path

from vsr.media.source.programmes import Programme

VARIANT, RENDITION = "#EXT-X-STREAM-INF:", "#EXT-X-MEDIA:"
ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')
OPENED = ("AUDIO", "VIDEO")
"""The types of renditions whose playlists FFmpeg opens."""

MOST_BYTES = 1 << 20
"""The most that is read of a main playlist, far more than a presentation needs."""


def variants_in(path: Path) -> tuple[Programme, ...]:
    """Return the variants that an HLS playlist names; none of one that names segments."""
    try:
        with path.open("rb") as file:
            lines = file.read(MOST_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return ()
    variants: list[tuple[Programme, dict[str, str]]] = []
    groups: dict[tuple[str, str], set[int]] = {}
    playlists = 0
    announced: dict[str, str] | None = None
    for line in map(str.strip, lines):
        if line.startswith(RENDITION):
            own = _attributes(line)
            if own.get("TYPE") in OPENED and own.get("URI"):
                groups.setdefault((own["TYPE"], own.get("GROUP-ID", "")), set()).add(playlists)
                playlists += 1
        elif line.startswith(VARIANT):
            announced = _attributes(line)
        elif line and not line.startswith("#") and announced is not None:
            variants.append((Programme(playlists, {playlists}, _name(announced)), announced))
            playlists, announced = playlists + 1, None
    for variant, attributes in variants:  # groups may be named after what uses them
        for kind in OPENED:
            variant.pids |= groups.get((kind, attributes.get(kind, "")), set())
    return tuple(variant for variant, _ in variants)


def _attributes(line: str) -> dict[str, str]:
    return {name: value.strip('"') for name, value in ATTRIBUTE.findall(line.partition(":")[2])}


def _name(attributes: dict[str, str]) -> str:
    """Return what a variant is called: its size and its rate, as far as it says them."""
    rate = attributes.get("BANDWIDTH", "")
    parts = attributes.get("RESOLUTION", ""), f"{rate} bit/s" if rate else ""
    return ", ".join(filter(None, parts))
