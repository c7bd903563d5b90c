"""The languages of streams, as each container spells them.

Most hold the codes of ISO 639-2, of which some languages have two: ``fre`` and ``fra``. QuickTime
numbers the languages that Macintosh systems knew; FFmpeg names each number in one way, not always
that of the standard, and writes nothing for every other code.
"""

from __future__ import annotations

from collections.abc import Mapping

QUICKTIME: Mapping[str, str] = {
    "bod": "tib", "cym": "wel", "cze": "ces", "deu": "ger", "ell": "gre", "eus": "baq",
    "fao": "fo ", "fas": "per", "fre": "fra", "hrv": "hr ", "hye": "arm", "isl": "ice",
    "kat": "geo", "mkd": "mac", "msa": "may", "mya": "bur", "nld": "dut", "pan": "pa ",
    "rum": "ron", "slo": "slk", "sqi": "alb", "srp": "sr ", "swe": "sve", "zho": "chi",
}  # fmt: skip
"""Code of ISO 639-2 → what FFmpeg calls the same language in QuickTime. Source: ``isom.c``."""

AS_THEY_ARE = frozenset({
    "eng", "fra", "ger", "ita", "dut", "spa", "dan", "por", "nor", "heb", "jpn", "ara", "fin",
    "gre", "ice", "mlt", "tur", "chi", "urd", "hin", "tha", "kor", "lit", "pol", "hun", "est",
    "lav", "per", "rus", "alb", "ron", "ces", "slk", "slv", "yid", "mac", "bul", "ukr", "bel",
    "uzb", "kaz", "aze", "arm", "geo", "mol", "kir", "tgk", "tuk", "mon", "pus", "kur", "kas",
    "snd", "tib", "nep", "san", "mar", "ben", "asm", "guj", "ori", "mal", "kan", "tam", "tel",
    "sin", "bur", "khm", "lao", "vie", "ind", "tgl", "may", "amh", "tir", "orm", "som", "swa",
    "kin", "run", "nya", "mlg", "epo", "wel", "baq", "cat", "lat", "que", "grn", "aym", "tat",
    "uig", "dzo", "jav",
})  # fmt: skip
"""Codes of ISO 639-2 that FFmpeg uses in QuickTime."""

NO_LANGUAGE = frozenset({"und", "mul", "zxx", "mis"})
"""What says that there is none, or several; QuickTime says nothing instead."""

_NAMED_IN_QUICKTIME = {theirs: code for code, theirs in QUICKTIME.items()}


def spelt(language: str, container: str) -> str:
    """Return the code of a language for a container, whatever container it comes from.

    Args:
        container: FFmpeg's name of the muxer.
    """
    if container == "mov":
        return QUICKTIME.get(language, language)
    return language if language in AS_THEY_ARE else _NAMED_IN_QUICKTIME.get(language, language)


def is_held(language: str, container: str) -> bool:
    """Return whether a container can tell a language."""
    known = language in NO_LANGUAGE or language in AS_THEY_ARE or language in QUICKTIME
    return container != "mov" or known or language in _NAMED_IN_QUICKTIME
