"""The languages of streams, as each container spells them.

Most hold the codes of ISO 639-2, of which some languages have two: ``fre`` and ``fra``. QuickTime
numbers the languages that Macintosh systems knew; FFmpeg names each number in one way, not always
that of the standard, and writes nothing for every other code. Matroska and NUT hold any text, such
as the ``pt-BR`` of BCP 47, whose first part may have two letters; the others hold three.
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
"""Codes of ISO 639-2 that FFmpeg writes unchanged into QuickTime."""

NO_LANGUAGE = frozenset({"und", "mul", "zxx", "mis"})
"""What says that there is none, or several; QuickTime says nothing instead."""

_NAMED_IN_QUICKTIME = {theirs: code for code, theirs in QUICKTIME.items()}


THREE_LETTERS: Mapping[str, str] = {
    "aa": "aar", "ab": "abk", "ae": "ave", "af": "afr", "ak": "aka", "am": "amh", "an": "arg",
    "ar": "ara", "as": "asm", "av": "ava", "ay": "aym", "az": "aze", "ba": "bak", "be": "bel",
    "bg": "bul", "bi": "bis", "bm": "bam", "bn": "ben", "bo": "bod", "br": "bre", "bs": "bos",
    "ca": "cat", "ce": "che", "ch": "cha", "co": "cos", "cr": "cre", "cs": "ces", "cu": "chu",
    "cv": "chv", "cy": "cym", "da": "dan", "de": "deu", "dv": "div", "dz": "dzo", "ee": "ewe",
    "el": "ell", "en": "eng", "eo": "epo", "es": "spa", "et": "est", "eu": "eus", "fa": "fas",
    "ff": "ful", "fi": "fin", "fj": "fij", "fo": "fao", "fr": "fra", "fy": "fry", "ga": "gle",
    "gd": "gla", "gl": "glg", "gn": "grn", "gu": "guj", "gv": "glv", "ha": "hau", "he": "heb",
    "hi": "hin", "ho": "hmo", "hr": "hrv", "ht": "hat", "hu": "hun", "hy": "hye", "hz": "her",
    "ia": "ina", "id": "ind", "ie": "ile", "ig": "ibo", "ii": "iii", "ik": "ipk", "io": "ido",
    "is": "isl", "it": "ita", "iu": "iku", "ja": "jpn", "jv": "jav", "ka": "kat", "kg": "kon",
    "ki": "kik", "kj": "kua", "kk": "kaz", "kl": "kal", "km": "khm", "kn": "kan", "ko": "kor",
    "kr": "kau", "ks": "kas", "ku": "kur", "kv": "kom", "kw": "cor", "ky": "kir", "la": "lat",
    "lb": "ltz", "lg": "lug", "li": "lim", "ln": "lin", "lo": "lao", "lt": "lit", "lu": "lub",
    "lv": "lav", "mg": "mlg", "mh": "mah", "mi": "mri", "mk": "mkd", "ml": "mal", "mn": "mon",
    "mr": "mar", "ms": "msa", "mt": "mlt", "my": "mya", "na": "nau", "nb": "nob", "nd": "nde",
    "ne": "nep", "ng": "ndo", "nl": "nld", "nn": "nno", "no": "nor", "nr": "nbl", "nv": "nav",
    "ny": "nya", "oc": "oci", "oj": "oji", "om": "orm", "or": "ori", "os": "oss", "pa": "pan",
    "pi": "pli", "pl": "pol", "ps": "pus", "pt": "por", "qu": "que", "rm": "roh", "rn": "run",
    "ro": "ron", "ru": "rus", "rw": "kin", "sa": "san", "sc": "srd", "sd": "snd", "se": "sme",
    "sg": "sag", "si": "sin", "sk": "slk", "sl": "slv", "sm": "smo", "sn": "sna", "so": "som",
    "sq": "sqi", "sr": "srp", "ss": "ssw", "st": "sot", "su": "sun", "sv": "swe", "sw": "swa",
    "ta": "tam", "te": "tel", "tg": "tgk", "th": "tha", "ti": "tir", "tk": "tuk", "tl": "tgl",
    "tn": "tsn", "to": "ton", "tr": "tur", "ts": "tso", "tt": "tat", "tw": "twi", "ty": "tah",
    "ug": "uig", "uk": "ukr", "ur": "urd", "uz": "uzb", "ve": "ven", "vi": "vie", "vo": "vol",
    "wa": "wln", "wo": "wol", "xh": "xho", "yi": "yid", "yo": "yor", "za": "zha", "zh": "zho",
    "zu": "zul",
}  # fmt: skip
"""Code of ISO 639-1 → of ISO 639-2 for terminology, as ISO/IEC 14496-12, 8.4.2 asks for."""

OF_THREE_LETTERS = frozenset({"mp4", "mov", "mpegts"})
"""Containers that hold codes of three letters alone."""

SEVERAL = ","
"""What separates several languages of one stream (two channels, say), which FFmpeg reads as one
tag. Only MPEG-TS has a list. Source: ISO/IEC 13818-1, 2.6.18."""


def spelt(language: str, container: str) -> str:
    """Return the code of a language for a container, whatever container it comes from.

    Args:
        container: FFmpeg's name of the muxer.
    """
    if language not in AS_THEY_ARE:
        language = _NAMED_IN_QUICKTIME.get(language, language)
    if container in OF_THREE_LETTERS:
        codes = [_of_three_letters(one) for one in language.split(SEVERAL)]
        language = SEVERAL.join(codes) if container == "mpegts" else codes[0]
    return QUICKTIME.get(language, language) if container == "mov" else language


def _of_three_letters(language: str) -> str:
    code = language.split("-", maxsplit=1)[0].lower()
    return THREE_LETTERS.get(code, code)


def is_held(language: str, container: str) -> bool:
    """Return whether a container can tell a language; of several, at least the first."""
    code = spelt(language, container)
    if container == "mov":
        return code in NO_LANGUAGE or code in AS_THEY_ARE or code in _NAMED_IN_QUICKTIME
    codes = code.split(SEVERAL)
    return container not in OF_THREE_LETTERS or all(len(x) == 3 and x.isascii() for x in codes)


def is_shortened(language: str, container: str) -> bool:
    """Return whether a container holds a language without its region, its script or the others."""
    has_others = len(set(language.split(SEVERAL))) > 1 and container != "mpegts"
    has_rest = "-" in language or has_others
    return has_rest and container in OF_THREE_LETTERS and is_held(language, container)
