"""One declaration for an option: help, flags, range and what depends on it stand at its field.

The command line, the keys of presets and the fingerprint of unfinished work are derived from it;
the typed signature of the Python API is literal, and a test compares the two. Frozen values check
their own fields when they are made; the messages name a field in plain words that fit the command
line and Python alike.

Times, rates, amounts and factors may be written as people write them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from fractions import Fraction
from math import floor
from numbers import Integral, Real
from typing import Any, Literal, get_args, get_origin, get_type_hints

from vsr.errors import InvalidOption

Entry = Literal["asked", "resolved", "none"]

KEY = "option"
"""Of a field's metadata."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """What the field of a spec is to a user.

    Attributes:
        entry: the fingerprint of unfinished work holds the value as asked, an entry of what it was
            resolved to, or nothing, as the bytes of a segment do not depend on it.
        is_of_file: a finished file that was made with another value is another file.
        help: a sentence for the command line.
        flags: on the command line; without any it is not offered there.
        metavar: what stands for its value in the help.
        name: of the keyword and of the parameter, where it is not the field's.
        is_off_by_flag: the flag turns it off.
        is_time: a number of seconds, also written as ``1:30``.
        is_rate: frames per second, also written as ``23.976`` or ``24000/1001``.
        is_amount: a whole number, also written as ``8M`` or ``4GB``.
        is_in_presets: a preset may hold it.
        is_for_films: it means nothing for a picture.
        least: the smallest value.
        most: the largest value; without one the option is a whole number.
    """

    entry: Entry
    is_of_file: bool = True
    help: str = ""
    flags: tuple[str, ...] = ()
    metavar: str | None = None
    name: str = ""
    is_off_by_flag: bool = False
    is_time: bool = False
    is_rate: bool = False
    is_amount: bool = False
    is_in_presets: bool = False
    is_for_films: bool = False
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True)
class Leaf:
    """An option where it stands: possibly in a spec within the spec.

    Attributes:
        name: of the keyword and of the parameter.
        path: the names of the fields that lead to it.
        kind: the type of its value.
    """

    name: str
    path: tuple[str, ...]
    kind: Any
    default: Any
    option: Option

    def value(self, spec: Any) -> Any:
        """Return its value in a spec."""
        for name in self.path:
            spec = getattr(spec, name)
        return spec


def option(default: Any, **facts: Any) -> Any:
    """Return a field that declares an option; the facts are those of `Option`."""
    metadata = {KEY: Option(**facts)}
    if isinstance(default, Mapping):
        return field(default_factory=lambda: default, metadata=metadata)
    return field(default=default, metadata=metadata)


def options_of(spec: type) -> Iterator[Leaf]:
    """Yield every option of a class of specs, in order, those of nested specs in their place."""
    hints = get_type_hints(spec)
    for item in fields(spec):
        kind = hints[item.name]
        if found := item.metadata.get(KEY):
            yield Leaf(found.name or item.name, (item.name,), kind, item.default, found)
        elif is_dataclass(kind) and isinstance(kind, type):
            for leaf in options_of(kind):
                yield replace(leaf, path=(item.name, *leaf.path))


def check_choices(spec: Any) -> None:
    """Check every field of a dataclass whose type is a ``Literal``.

    Raises:
        InvalidOption: a value is not one of its literals; the message lists them.
    """
    for name, kind in get_type_hints(type(spec)).items():
        value = getattr(spec, name)
        if get_origin(kind) is Literal and value not in get_args(kind):
            *others, last = map(str, get_args(kind))
            raise InvalidOption(f"{_words(name)} {value}: choose {', '.join(others)} or {last}.")


def check_ranges(spec: Any) -> None:
    """Check every number of a dataclass whose option declares a range; None passes.

    Raises:
        InvalidOption: it is out of range.
    """
    for item in fields(spec):
        declared = item.metadata.get(KEY)
        if declared is None or declared.least is None:
            continue
        if declared.most is None:
            check_whole(item.name, getattr(spec, item.name), declared.least)
        else:
            check_between(item.name, getattr(spec, item.name), declared.least, declared.most)


def check_whole(name: str, value: int | None, least: float) -> None:
    """Check that a number is whole and not below a minimum; None passes.

    Raises:
        InvalidOption: it is smaller, or not a whole number.
    """
    if value is not None and not (isinstance(value, Integral) and value >= least):
        raise InvalidOption(f"{_words(name)} {value} must be at least {least} and a whole number.")


def check_between(name: str, value: float | None, least: float, most: float) -> None:
    """Check that a number is within a range; None passes.

    Raises:
        InvalidOption: it is out of range, or not a number.
    """
    if value is not None and not isinstance(value, Real):
        what = f"{_words(name)} {value!r} is not a number"
        raise InvalidOption(f"{what}; give one between {least:g} and {most:g}.")
    if value is not None and not least <= value <= most:
        raise InvalidOption(f"{_words(name)} {value} must be between {least:g} and {most:g}.")


def _words(name: str) -> str:
    return name.replace("_", " ")


_SECONDS = r"(\d+(?:[.,]\d*)?|[.,]\d+)"
_TIMES = (
    re.compile(rf"(?:(\d+):)?(\d+):{_SECONDS}"),
    re.compile(rf"(?:(\d+)h)?(?:(\d+)m)?(?:{_SECONDS}s)?", re.IGNORECASE),
    re.compile(rf"()(){_SECONDS}"),
)
"""Clocks, units and plain seconds: each with hours, minutes and seconds. A subtitle file writes a
comma.
"""


def seconds_of(value: float | str) -> float:
    """Return a time in seconds, which may be written as ``90``, ``1:30``, ``0:01:30.5``, ``1m30s``.

    Raises:
        InvalidOption: it is not a time.
    """
    if not isinstance(value, str):
        return value
    for form in _TIMES:
        match = form.fullmatch(value.strip())
        if match is None or not any(match.groups()):
            continue
        hours, minutes, seconds = (float((one or "0").replace(",", ".")) for one in match.groups())
        if (not match[1] or minutes < 60) and (not match[2] or seconds < 60):
            return 3600 * hours + 60 * minutes + seconds
    raise InvalidOption(f"{value!r} is not a time; write 90, 1:30 or 0:01:30.5.")


FrameRate = Fraction | float | str


NTSC = tuple(Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60, 120))
"""What people mean by 23.976, 29.97, 47.95, 59.94 and 119.88."""


def rate_of(value: FrameRate) -> Fraction:
    """Return frames per second exactly; they may be written as ``25``, ``23.976``, ``24000/1001``.

    Raises:
        InvalidOption: it is not a rate from 1/1000 to 1000.
    """
    try:
        rate = Fraction(str(value).strip())
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not Fraction(1, 1000) <= rate <= 1000:
        raise InvalidOption(f"{value} is not a frame rate; write 25, 23.976 or 24000/1001.")
    return next((one for one in NTSC if abs(one - rate) < Fraction(1, 200)), rate)


_AMOUNT = re.compile(r"(\d+(?:\.\d*)?)\s*([kmgt]?)(i?)(?:b|bit|bits|bps|b/s|bit/s)?", re.IGNORECASE)


_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def amount_of(value: float | str) -> int:
    """Return a number of bits or bytes, which may be written as ``800k``, ``8M``, ``1.5GiB``.

    Raises:
        InvalidOption: it is not a number above 0.
    """
    match = _AMOUNT.fullmatch(str(value).strip())
    amount = 0
    if match is not None:
        number, letter, binary = match.groups()
        amount = floor(Fraction(number) * (1024 if binary else 1000) ** _POWERS[letter.lower()])
    if amount < 1:
        raise InvalidOption(f"{value!r} is not an amount; write 800k, 8M or 4GB.")
    return amount


Pixels = int | str

_PIXELS = re.compile(r"(-?\d+)(?:p|px)?", re.IGNORECASE)


def pixels_of(value: Pixels) -> int:
    """Return a number of pixels, which may be written as ``1080p`` or ``1920px``.

    Raises:
        InvalidOption: it is not one.
    """
    if not isinstance(value, str):
        return value
    match = _PIXELS.fullmatch(value.strip())
    if match is None:
        raise InvalidOption(f"{value!r} is not a number of pixels; write 1080 or 1080p.")
    return int(match[1])


Factor = Fraction | float
"""By what the sides of a frame are multiplied; exact once a spec holds it."""


HALF = Fraction(1, 2)


def factor_of(value: Factor | str) -> Fraction:
    """Return a factor exactly; it may be written as ``2``, ``1.5``, ``3/2``, ``4x`` or ``x4``.

    Raises:
        InvalidOption: it is not a number.
    """
    text = str(value).strip().lower().replace("×", "x").strip("x")
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise InvalidOption(f"scale {value}: give a number such as 2 or 1.5.") from None
