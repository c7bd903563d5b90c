"""spandrel, which knows the architectures of others, imported so that it loads beside any torch.

It asks for torchvision, which is built for one torch only and often does not load, but takes just
three names from it, for two architectures that are not run here. Where torchvision is absent or
does not load, a stand-in supplies them while spandrel is imported, and is gone afterwards.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, NoReturn

FUNCTIONAL = "torchvision.transforms.functional"
"""The only module of torchvision from which spandrel takes anything."""

NAMES = ("InterpolationMode", "rotate", "normalize")
"""The names that spandrel imports from it."""

INSTALL = (
    "pip install 'vsr-cli[models]'; without torchvision: pip install --no-deps spandrel einops"
)


@dataclass(frozen=True, slots=True)
class Library:
    """The library as it was found.

    Attributes:
        module: spandrel itself; None if it does not load.
        detail: its version and whose torchvision it has, or why it does not load.
    """

    module: Any | None
    detail: str


@cache
def library() -> Library:
    """Import spandrel, once in a process; never raise."""
    if find_spec("spandrel") is None:
        return Library(None, f"not installed ({INSTALL})")
    reason = _why_no_torchvision()
    try:
        with warnings.catch_warnings(), _stand_in(is_needed=bool(reason)):
            warnings.simplefilter("ignore")  # of its imports: nothing a user can fix
            spandrel = import_module("spandrel")
    except Exception as error:  # a foreign library, which may raise anything
        return Library(None, f"does not load ({_first_line(error)}; {INSTALL})")
    whose = f"a stand-in for torchvision, which {reason}" if reason else "torchvision's own names"
    return Library(spandrel, f"spandrel {spandrel.__version__}, with {whose}")


def _why_no_torchvision() -> str:
    """Return why torchvision cannot be used; an empty text if it can."""
    if find_spec("torchvision") is None:
        return "is not installed"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = import_module(FUNCTIONAL)
            for name in NAMES:
                getattr(module, name)
    except Exception as error:  # built for another torch, it fails in any way
        return f"does not load beside this torch ({_first_line(error)})"
    return ""


@contextmanager
def _stand_in(*, is_needed: bool) -> Iterator[None]:
    """Put modules with the three names in torchvision's place while the ``with`` lasts."""
    if not is_needed:
        yield
        return
    hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if _is_torchvision(name)}
    functional = ModuleType(FUNCTIONAL)
    for name in NAMES:
        setattr(functional, name, _absent)
    parts = ("torchvision", "torchvision.transforms")
    sys.modules |= {name: ModuleType(name) for name in parts} | {FUNCTIONAL: functional}
    try:
        yield
    finally:
        for name in (*parts, FUNCTIONAL):
            sys.modules.pop(name, None)
        sys.modules |= hidden


def _is_torchvision(name: str) -> bool:
    return name.partition(".")[0] == "torchvision"


def _absent(*_: object, **__: object) -> NoReturn:
    raise RuntimeError("this architecture needs torchvision itself")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
