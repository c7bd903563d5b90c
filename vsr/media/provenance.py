"""What made a file, as its own tags say: program, network, and where in the source it begins.

``encoder`` names the program that encoded; it is never carried over from a source. MPEG-TS has no
place for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

SHORT_BYTES = 31
"""The longest compressor name that MP4 and QuickTime hold, in plain ASCII. Source: ISO/IEC
14496-12, 12.1.3."""

SHORT = frozenset({"mp4", "mov"})
"""Containers whose tracks have no more room than that."""


START = re.compile(r"vsr \S+ from (\d+(?:\.\d+)?) s(?::|$)")
"""What stands before the network, so that it stays where there is little room."""


def with_start(made_by: str, skipped: Fraction) -> str:
    """Return what made a file, with the seconds of its source before its first frame, if any."""
    if not skipped:
        return made_by
    seconds = f"{float(skipped):.6f}".rstrip("0").rstrip(".")
    return made_by.replace(":", f" from {seconds} s:", 1)


def start_in(made_by: str | None) -> float:
    """Return how many seconds into its source a file begins, as the tag of its video says."""
    match = START.match(made_by or "")
    return float(match[1]) if match else 0.0


def is_by_vsr(made_by: str | None) -> bool:
    """Return whether vsr made a file, as the tag of its video says."""
    return BY_VSR.match(made_by or "") is not None


BY_VSR = re.compile(r"vsr \d+\.\d+\.\d+")


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
