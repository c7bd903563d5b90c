"""Signs that a terminal's encoding lacks, as signs that every terminal has."""

from __future__ import annotations

import codecs
from io import TextIOWrapper

PLAIN = {"×": "x", "→": "->", "…": "...", "–": "-", "−": "-", "±": "+-"}
"""What a terminal without the sign on the left shows in its place. Signs of file names become
escapes."""

_HANDLER = "vsr-plain"


def in_signs_it_has(stream: TextIOWrapper) -> None:
    """Let a stream write what its encoding lacks, rather than fail."""
    codecs.register_error(_HANDLER, _replaced)
    stream.reconfigure(errors=_HANDLER)


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(PLAIN.get(one, _escaped(one)) for one in signs), error.end


def _escaped(sign: str) -> str:
    return sign.encode("ascii", "backslashreplace").decode("ascii")
