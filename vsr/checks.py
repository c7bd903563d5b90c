"""What a frozen value checks its own fields with, at birth.

The messages name a field in plain words, as they are read on the command line and in Python.
"""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, Literal, get_args, get_origin, get_type_hints

from vsr.errors import InvalidOption


def check_choices(spec: Any) -> None:
    """Check every field of a dataclass whose type is a ``Literal``.

    Raises:
        InvalidOption: a value that is none of its literals; all are named.
    """
    for name, kind in get_type_hints(type(spec)).items():
        value = getattr(spec, name)
        if get_origin(kind) is Literal and value not in get_args(kind):
            *others, last = map(str, get_args(kind))
            raise InvalidOption(f"{_words(name)} {value}: choose {', '.join(others)} or {last}.")


def check_whole(name: str, value: int | None, least: int) -> None:
    """Check a whole number that has a least value; None passes.

    Raises:
        InvalidOption: it is less, or no whole number.
    """
    if value is not None and not (isinstance(value, Integral) and value >= least):
        raise InvalidOption(f"{_words(name)} {value} must be at least {least}, and whole.")


def check_between(name: str, value: float | None, least: float, most: float) -> None:
    """Check a number that has a least and a greatest value; None passes.

    Raises:
        InvalidOption: it lies outside, or is no number.
    """
    if value is not None and not (isinstance(value, Real) and least <= value <= most):
        raise InvalidOption(f"{_words(name)} {value} must lie between {least:g} and {most:g}.")


def _words(name: str) -> str:
    return name.replace("_", " ")
