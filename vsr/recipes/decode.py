"""TOML → frozen dataclass, with strict keys and errors that name the place.

One decoder serves presets, pipelines and training recipes: the dataclass is the schema, its
``__post_init__`` the range check. Nothing is coerced but int → float.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from vsr.errors import InvalidRecipe, Refused

T = TypeVar("T")


def decode_toml(text: str, schema: type[T], where: str) -> T:
    """Decode TOML text into ``schema``.

    Args:
        where: the file's name, for messages.

    Raises:
        InvalidRecipe: not TOML; an unknown, missing or wrongly typed key; an impossible value.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidRecipe(f"{where}: not valid TOML: {error}.") from error
    return decode(table, schema, where)


def decode(table: Mapping[str, Any], schema: type[T], where: str) -> T:
    """Decode a parsed table into the dataclass ``schema``, nested tables into nested ones."""
    hints = get_type_hints(schema)
    known = {item.name: item for item in fields(schema)}  # type: ignore[arg-type] # a dataclass
    for key in table:
        if key not in known:
            raise InvalidRecipe(f"{where}: unknown key '{key}'. {_suggestion(key, list(known))}")
    values = {}
    for name, item in known.items():
        if name in table:
            values[name] = _value(table[name], hints[name], f"{where}: {name}")
        elif item.default is MISSING and item.default_factory is MISSING:
            raise InvalidRecipe(f"{where}: the key '{name}' is missing. Add it.")
    try:
        return schema(**values)
    except Refused as error:
        raise InvalidRecipe(f"{where}: {error}") from error


def _suggestion(key: str, known: list[str]) -> str:
    close = get_close_matches(key, known, n=1)
    return f"Did you mean '{close[0]}'?" if close else f"Known keys: {', '.join(known)}."


def _value(value: Any, hint: Any, where: str) -> Any:
    """Check one value against its annotation, and decode what is nested."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        kinds = [kind for kind in arguments if kind is not NoneType]
        return _first_that_fits(value, kinds, where)
    if origin is Literal:
        if value not in arguments:
            raise InvalidRecipe(f"{where} is {value!r}; choose from {_listed(arguments)}.")
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise InvalidRecipe(f"{where} is {value!r}; a list is needed.")
        kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else list(arguments)
        if len(kinds) != len(value):
            raise InvalidRecipe(f"{where} needs {len(kinds)} values, not {len(value)}.")
        return tuple(_value(v, k, f"{where}[{i}]") for i, (v, k) in enumerate(zip(value, kinds)))
    if origin in (dict, Mapping):
        if not isinstance(value, dict):
            raise InvalidRecipe(f"{where} is {value!r}; a table is needed.")
        return {key: _value(item, arguments[1], f"{where}.{key}") for key, item in value.items()}
    if is_dataclass(hint):
        if not isinstance(value, dict):
            raise InvalidRecipe(f"{where} is {value!r}; a table is needed.")
        return decode(value, hint, where)  # type: ignore[arg-type] # a class, not an instance
    if hint is float and type(value) is int:
        return float(value)
    if hint is not Any and type(value) is not hint:
        raise InvalidRecipe(f"{where} is {value!r}; {_named(hint)} is needed.")
    return value


def _first_that_fits(value: Any, kinds: list[Any], where: str) -> Any:
    for kind in kinds[:-1]:
        try:
            return _value(value, kind, where)
        except InvalidRecipe:
            continue
    return _value(value, kinds[-1], where)


def _named(kind: type) -> str:
    names = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
    return names.get(kind, kind.__name__)


def _listed(choices: tuple[Any, ...]) -> str:
    return ", ".join(str(choice) for choice in choices)
