"""How a file says what made it, in tags that no source fills.

``encoder`` names the program that encoded; it is never carried over from a source. MPEG-TS has no
place for it.
"""

from __future__ import annotations

from collections.abc import Mapping

SHORT_BYTES = 31
"""Of the name of a compressor in MP4 and QuickTime, in plain ASCII: ISO/IEC 14496-12, 12.1.3."""

SHORT = frozenset({"mp4", "mov"})
"""Containers whose tracks have no more room than that."""


def file_tags(container: str, made_by: str) -> Mapping[str, str]:
    """Return the tags of the file: MP4 has a box for it, which is read as ``encoder``."""
    return {"encoding_tool": made_by} if container == "mp4" and made_by else {}


def track_tags(container: str, made_by: str) -> Mapping[str, str]:
    """Return the tags of the video track; shortened to whole words where there is little room."""
    if not made_by:
        return {}
    return {"encoder": _short(made_by) if container in SHORT else made_by}


def _short(text: str) -> str:
    plain = text.replace("×", "x").encode("ascii", "replace").decode()
    words = plain[: SHORT_BYTES + 1].split(" ")
    fits = words if len(plain) <= SHORT_BYTES else words[:-1]
    return " ".join(fits).rstrip(",:") or plain[:SHORT_BYTES]
