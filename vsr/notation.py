"""Times, rates, amounts, numbers of pixels and factors, as people write them."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from math import floor
from numbers import Real

from vsr.errors import InvalidOption

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
    if isinstance(value, str):
        for form in _TIMES:
            match = form.fullmatch(value.strip())
            if match is None or not any(match.groups()):
                continue
            parts = (float((one or "0").replace(",", ".")) for one in match.groups())
            hours, minutes, seconds = parts
            if (not match[1] or minutes < 60) and (not match[2] or seconds < 60):
                return 3600 * hours + 60 * minutes + seconds
    elif isinstance(value, (Real, Decimal)) and not isinstance(value, bool):
        return float(value)
    raise InvalidOption(f"{value!r} is not a time; write 90, 1:30 or 0:01:30.5.")


FrameRate = Fraction | float | str

NTSC = tuple(Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60, 120))
"""What people mean by 23.976, 29.97, 47.95, 59.94 and 119.88."""


def rate_of(value: FrameRate) -> Fraction:
    """Return frames per second exactly; they may be written as ``25``, ``23.976``, ``24000/1001``.

    A decimal comma is a point.

    Raises:
        InvalidOption: it is not a rate from 1/1000 to 1000.
    """
    try:
        rate = Fraction(str(value).strip().replace(",", "."))
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
"""The factor by which the sides of a frame are multiplied; exact once a spec holds it."""

HALF = Fraction(1, 2)


def factor_of(value: Factor | str) -> Fraction:
    """Return a factor exactly; it may be written as ``2``, ``1.5``, ``3/2``, ``4x`` or ``x4``.

    A decimal comma is a point.

    Raises:
        InvalidOption: it is not a number.
    """
    text = str(value).strip().lower().replace("×", "x").replace(",", ".").strip("x")
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise InvalidOption(f"scale {value}: give a number such as 2 or 1.5.") from None
