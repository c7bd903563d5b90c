"""Find a recipe by name or by path, and decode it.

Recipes are TOML files in two folders, ``presets`` (values; those of looks and of training in
folders within it) and ``pipelines`` (order). They are looked for in the user's own folder first
(`vsr.disk.folders`), then among the shipped ones: inside the installed package, or beside it in a
checkout. Anything that ends in ``.toml`` or holds a path separator is taken as a path.

One decoder serves presets, pipelines and training recipes: the dataclass is the schema, with strict
keys, and its ``__post_init__`` the range check. Errors name the place. Nothing is coerced but
int → float.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from difflib import get_close_matches
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from vsr.disk.folders import user_folder
from vsr.errors import InvalidRecipe, Refused, one_of

T = TypeVar("T")

Kind = Literal["presets", "presets/looks", "presets/train", "pipelines"]


WHAT: Mapping[Kind, str] = {
    "presets": "preset",
    "presets/looks": "look",
    "presets/train": "recipe",
    "pipelines": "pipeline",
}
"""What a user calls a recipe of each kind."""


ALSO: Mapping[Kind, str] = {"presets": "Any height with a p, such as 720p, is one as well."}
"""What else may be named."""


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a recipe, its name, and where it was found (for messages)."""

    name: str
    text: str
    where: str


def find(kind: Kind, name: str) -> Source:
    """Return the recipe ``name``, or the one at that path.

    Raises:
        UnknownName: no recipe of that name; the message suggests close ones.
        InvalidRecipe: a path that cannot be read.
    """
    if name.endswith(".toml") or any(mark in name for mark in (os.sep, os.altsep) if mark):
        return _read(Path(name), Path(name).stem)
    found = dict(_all(kind))
    return _read(found[one_of(name, sorted(found), WHAT[kind], ALSO.get(kind, ""))], name)


def recipe_names(kind: Kind) -> list[str]:
    """Return the names of every recipe of a kind; nothing is read."""
    return sorted(dict(_all(kind)))


def readable(kind: Kind, load: Callable[[str], T]) -> tuple[dict[str, T], list[Refused]]:
    """Load every recipe of a kind by name.

    Returns:
        those that can be loaded, and why each of the others cannot: one broken file of the user's
        does not hide the rest.
    """
    found, refused = {}, []
    for name in recipe_names(kind):
        try:
            found[name] = load(name)
        except Refused as error:
            refused.append(error)
    return found, refused


def shipped_folder(kind: str) -> Traversable:
    """Return the shipped folder: in the wheel inside the package, in a checkout beside it."""
    inside = files("vsr").joinpath(kind)
    return inside if inside.is_dir() else files("vsr").joinpath("..", kind)


def _all(kind: Kind) -> Iterator[tuple[str, Traversable]]:
    """Yield shipped recipes, then the user's: a later one of the same name wins."""
    for folder in (shipped_folder(kind), user_folder(kind)):
        if folder.is_dir():
            for item in folder.iterdir():
                if item.name.endswith(".toml"):
                    yield item.name.removesuffix(".toml"), item


MOST_CHARACTERS = 1 << 20
"""Far more than any recipe has."""


def _read(item: Traversable, name: str) -> Source:
    where = str(item) if isinstance(item, Path) and ".." not in item.parts else item.name
    try:
        with item.open(encoding="utf-8") as file:
            text = file.read(MOST_CHARACTERS)
        if len(text) == MOST_CHARACTERS:  # of a device there is no end
            raise InvalidRecipe(f"{where}: too long for a recipe. Check the path.")
        return Source(name, text, where)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise InvalidRecipe(f"{where}: cannot be read: {reason}. Check the path.") from error


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
