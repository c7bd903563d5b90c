"""The limits of a GPU's encoder (NVENC), as FFmpeg words them in its log."""

from __future__ import annotations

from collections.abc import Sequence

LIMITS = (" exceeds ", "OpenEncodeSessionEx failed")
"""What FFmpeg says of a limit, before it adds only that it found no capable device."""

NO_SESSION = ("out of memory", "incompatible client key")
"""How NVENC answers when as many encoders are open as the driver allows, or its memory is full."""

SESSIONS = "other encoders hold all sessions of the GPU, or its memory; fewer workers leave some"
"""What that mostly means: drivers allow consumer cards a few."""


def reason_in(said: Sequence[str], otherwise: str) -> str:
    """Return what a log tells most about an encoder that does not open.

    The line that names a limit of the GPU, and what it means, else the last one.
    """
    limit = next((text for text in said if any(sign in text for sign in LIMITS)), "")
    reason = (limit or (said[-1] if said else otherwise)).rstrip(".")
    return f"{reason}: {SESSIONS}" if any(sign in limit for sign in NO_SESSION) else reason
