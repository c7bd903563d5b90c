"""Checks that frozen values run on their own fields when they are made.

The messages name a field in plain words that fit the command line and Python alike.
"""

from __future__ import annotations

from dataclasses import fields
from numbers import Integral, Real
from typing import Any, Literal, get_args, get_origin, get_type_hints

from vsr.errors import InvalidOption
from vsr.option import KEY


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
    if value is not None and not (isinstance(value, Real) and least <= value <= most):
        raise InvalidOption(f"{_words(name)} {value} must be between {least:g} and {most:g}.")


def _words(name: str) -> str:
    return name.replace("_", " ")
