"""One declaration for an option: help, flags, range and what depends on it stand at its field.

The command line, the keys of presets and the fingerprint of unfinished work are derived from it;
the typed signature of the Python API is literal, and a test compares the two. Frozen values check
their own fields when they are made; the messages name a field in plain words that fit the command
line and Python alike.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from numbers import Integral, Real
from typing import Any, Literal, get_args, get_origin, get_type_hints

from vsr.errors import InvalidOption

Entry = Literal["asked", "resolved", "none"]

KEY = "option"
"""The key of an option in its field's metadata."""


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
        is_of_segments: nor for what goes into a pipe, which is not written in segments.
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
    is_of_segments: bool = False
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

    @property
    def admits_none(self) -> bool:
        """Whether its value may be ``None``."""
        return type(None) in get_args(self.kind)

    def value(self, spec: Any) -> Any:
        """Return its value in a spec."""
        for name in self.path:
            spec = getattr(spec, name)
        return spec


def option(default: Any, **facts: Any) -> Any:
    """Return a field that declares an option; the facts are those of `Option`."""
    metadata = {KEY: Option(**facts)}
    if isinstance(default, Mapping):
        return field(default_factory=lambda: default, hash=False, metadata=metadata)
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


def check_kinds(spec: Any) -> None:
    """Check every text, switch and inner spec of a dataclass; a path becomes its text.

    Raises:
        InvalidOption: a value is of another type.
    """
    for name, kind in get_type_hints(type(spec)).items():
        value = getattr(spec, name)
        if kind is bool:
            object.__setattr__(spec, name, checked_switch(name, value))
        elif kind is str or (kind == (str | None) and value is not None):
            object.__setattr__(spec, name, checked_text(name, value))
        elif isinstance(kind, type) and is_dataclass(kind) and not isinstance(value, kind):
            raise InvalidOption(f"{name} {value!r}: give it as vsr.{kind.__name__}(...).")


def checked_text(name: str, value: Any) -> str:
    """Return a text, or a path as one.

    Raises:
        InvalidOption: it is neither.
    """
    text = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(text, str):
        raise InvalidOption(f"{_words(name)} {value!r} is not a text; give a str.")
    return text


def checked_switch(name: str, value: Any) -> bool:
    """Return True or False, also if written as 1 or 0.

    Raises:
        InvalidOption: it is neither: ``"no"`` would else be true.
    """
    if not (isinstance(value, Integral) and value in (0, 1)):
        raise InvalidOption(f"{_words(name)} {value!r}: give True or False.")
    return bool(value)


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
    is_whole = isinstance(value, Integral) and not isinstance(value, bool)
    if value is not None and not (is_whole and value >= least):
        raise InvalidOption(f"{_words(name)} {value} must be at least {least} and a whole number.")


def check_between(name: str, value: float | None, least: float, most: float) -> None:
    """Check that a number is within a range; None passes.

    Raises:
        InvalidOption: it is out of range, or not a number.
    """
    if value is not None and (not isinstance(value, Real) or isinstance(value, bool)):
        what = f"{_words(name)} {value!r} is not a number"
        raise InvalidOption(f"{what}; give one between {least:g} and {most:g}.")
    if value is not None and not least <= value <= most:
        given = f"{_words(name)} {float(value):g}"
        raise InvalidOption(f"{given} must be between {least:g} and {most:g}.")


def _words(name: str) -> str:
    return name.replace("_", " ")
