"""One declaration for an option: help, flags, range and what depends on it stand at its field.

The command line, the keys of presets and the fingerprint of unfinished work are derived from it;
the typed signature of the Python API is literal, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal, get_type_hints

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
        is_in_presets: a preset may hold it.
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
    is_in_presets: bool = False
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
