"""Messages for Python: they name keywords where those of the command line name flags."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from vsr.errors import VsrError
from vsr.option import options_of
from vsr.specs import UpscaleSpec

SHORT = {
    "Add -y": 'Give existing="overwrite"',
    "or -n": 'or existing="skip"',
    "same command": "same call",
}
"""Flags of one letter, which stand for a value, and what runs again after Ctrl-C."""

OF_FUNCTIONS = ("preset", "look", "include", "exclude", "workers")
"""Keywords of the functions that no spec holds."""

_SUBJECT = re.compile(r"(--[a-z][a-z-]*|-e)(?: (.+))?")
"""A flag as what a message is about, with its value, which may hold anything."""

_FLAG = re.compile(
    r"""
    (?<![^\s(])  # not within a name
    (--[a-z][a-z-]*|-e\b)
    (?:[ ]
        (?!(?:an?|and|another|are|for|if|in|is|or|the|to|was|with)\b)  # the sentence goes on
        ([^\s,;()"]*[^\s,;()".:])  # a value
    )?
    """,
    re.VERBOSE,
)


def with_keywords(text: str) -> str:
    """Return a message with keywords in the place of flags; of other options it stays as it is.

    What it is about, up to the first colon, is the flag itself or a file, which may have any name.
    """
    subject, colon, rest = text.partition(": ")
    if not colon:
        return _in_sentence(text)
    about = _SUBJECT.fullmatch(subject)
    return (subject if about is None else _keyword(about)) + colon + _in_sentence(rest)


def _in_sentence(text: str) -> str:
    for flag, keyword in SHORT.items():
        text = text.replace(flag, keyword)
    return _FLAG.sub(_keyword, text)


@contextmanager
def naming_keywords() -> Iterator[None]:
    """Replace flags by keywords in errors that the block raises."""
    try:
        yield
    except VsrError as error:
        error.args = tuple(with_keywords(a) if isinstance(a, str) else a for a in error.args)
        raise


def _keyword(found: re.Match[str]) -> str:
    flag, value = found.groups()
    name, switched = _names().get(flag, ("", None))
    if not name:
        return found[0]
    if switched is not None:
        return f"{name}={switched}" + (f" {value}" if value else "")
    if not value:
        return name
    key, equals, setting = value.partition("=")
    if equals and name == "encoder_options":
        return f'{name}={{"{key}": "{setting}"}}'
    is_number = re.fullmatch(r"\d+(\.\d+)?", value)
    return f"{name}={value}" if is_number else f'{name}="{value}"'


def _of_encoder(found: re.Match[str]) -> str:
    return 'encoder_options={{"{}": "{}"}}'.format(*found.groups())


@cache
def _names() -> dict[str, tuple[str, bool | None]]:
    """Return, for each flag, its keyword, and what it sets that to; None where a value follows."""
    names: dict[str, tuple[str, bool | None]] = {f"--{one}": (one, None) for one in OF_FUNCTIONS}
    for leaf in options_of(UpscaleSpec):
        switched = not leaf.option.is_off_by_flag if leaf.kind is bool else None
        names |= dict.fromkeys(leaf.option.flags, (leaf.name, switched))
    return names
