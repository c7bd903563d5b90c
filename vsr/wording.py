"""Counts and names as messages write them."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def counted(count: int, noun: str = "frame") -> str:
    """Return a number of things in words: ``1 frame``, ``2 frames``, ``2 patches``."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun}{'es' if noun.endswith('ch') else 's'}"


def of_all(count: int, total: int, noun: str) -> str:
    """Return how many of all things are something: ``1 of 4 segments is``, ``3 of 4 … are``."""
    return f"{count} of {counted(total, noun)} {'is' if count == 1 else 'are'}"


def printable(text: object) -> str:
    """Return a text, such as a path, on one line that every terminal and JSON reader takes.

    Undecodable bytes become question marks, and control characters their escapes.
    """
    clean = str(text).encode("utf-8", "replace").decode()
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], clean)
