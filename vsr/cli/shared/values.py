"""Option values with a syntax of their own: times, strength, pictures to write."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import click

from vsr.errors import InvalidOption
from vsr.notation import amount_of, factor_of, pixels_of, rate_of, seconds_of
from vsr.values import Dial, Grain


class Number(click.ParamType[float]):
    """A number, which may have a decimal comma."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number; its range is checked where it is used."""
        try:
            return float(str(value).replace(",", "."))
        except ValueError:
            self.fail(f"{value!r} is not a number.", param, ctx)


class Whole(click.ParamType[int]):
    """A whole number."""

    name = "n"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number; its range is checked where it is used."""
        try:
            return int(value)
        except ValueError:
            self.fail(f"{value!r} is not a whole number.", param, ctx)


class OneOf(click.Choice[str]):
    """One of several words, in any case."""

    def __init__(self, choices: Sequence[str]) -> None:
        super().__init__(choices, case_sensitive=False)


class Word(click.ParamType[str]):
    """A name that is the same in any case, such as ``yuv420p`` or ``cuda:0``."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it in small letters."""
        del param, ctx
        return str(value).lower()


class Seconds(click.ParamType[float]):
    """A time as ``90``, ``1:30`` or ``0:01:30.5``."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return seconds."""
        try:
            return seconds_of(value)
        except InvalidOption as error:
            self.fail(str(error), param, ctx)


class Amount(click.ParamType[int]):
    """A number of bits or bytes, which may be written as ``8M`` or ``4GB``."""

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        try:
            return amount_of(value)
        except InvalidOption as error:
            self.fail(str(error), param, ctx)


class Rate(click.ParamType[Fraction]):
    """Frames per second, which may be written as ``23.976`` or ``24000/1001``."""

    name = "rate"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Fraction:
        """Return the rate exactly."""
        try:
            return rate_of(value)
        except InvalidOption as error:
            self.fail(str(error), param, ctx)


class FactorOrSize(click.ParamType["Fraction | str"]):
    """A factor as ``2``, ``1.5`` or ``4x``, or the name of a size, such as ``4k``."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Fraction | str:
        """Return the factor exactly, or the name; its range is checked where it is used."""
        if isinstance(value, str) and SIZE_NAME.fullmatch(value):
            return value
        try:
            return factor_of(value)
        except InvalidOption:
            text = "give a number such as 2 or 1.5, or a size such as 4k."
            self.fail(f"{value!r} is not a factor; {text}", param, ctx)


SIZE_NAME = re.compile(r"\d+[kp]", re.IGNORECASE)
_BOX = re.compile(r"\d+[x×]\d+", re.IGNORECASE)
_FACTOR = re.compile(r"[x×]\d+(\.\d+)?|\d+(\.\d+)?[x×]", re.IGNORECASE)


def option_of_size(word: str) -> str | None:
    """Return the option that a word is for if it is a size: ``4k``, ``1920x1080``, ``2x``."""
    if SIZE_NAME.fullmatch(word) or _BOX.fullmatch(word):
        return "--preset"
    return "--scale" if _FACTOR.fullmatch(word) else None


class Pixels(click.ParamType[int]):
    """A number of pixels, which may be written as ``1080p`` or ``1920px``."""

    name = "pixels"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number; its range is checked where it is used."""
        try:
            return pixels_of(value)
        except InvalidOption as error:
            self.fail(str(error), param, ctx)


class NumberOrAuto(click.ParamType[Dial]):
    """A number, or ``auto``; ``name`` is used in messages."""

    def __init__(self, name: str) -> None:
        self.name = name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Dial:
        """Return the number; its range is checked where it is used."""
        if str(value).lower() == "auto":
            return "auto"
        try:
            return float(str(value).replace(",", "."))
        except ValueError:
            self.fail(
                f"{value!r} is not a {self.name}; give a number from 0 to 1, or auto.", param, ctx
            )


class GrainAmount(click.ParamType[Grain]):
    """A number, ``keep``, ``remove`` or ``auto``."""

    name = "grain"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Grain:
        """Return the number or the word; its range is checked where it is used."""
        word = str(value).lower()
        if word in ("auto", "keep", "remove"):
            return cast("Grain", word)
        try:
            return float(word.replace(",", "."))
        except ValueError:
            text = "give keep, remove, auto or a number from 0 to 1."
            self.fail(f"{value!r} is not an amount of grain; {text}", param, ctx)


class PngPath(click.ParamType[Path]):
    """A picture to write after minutes of measuring: refused at once where it could not be."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path."""
        path = Path(value)
        if path.suffix.lower() != ".png":
            self.fail(f"{path}: give a name that ends in .png.", param, ctx)
        if not path.absolute().parent.is_dir():
            self.fail(f"{path}: its folder does not exist. Create it first.", param, ctx)
        if path.is_dir():
            self.fail(f"{path}: is a folder. Give the name of a file.", param, ctx)
        if not os.access(path.absolute().parent, os.W_OK):
            self.fail(f"{path}: its folder cannot be written. Choose another.", param, ctx)
        return path
