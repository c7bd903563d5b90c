"""Option values with a syntax of their own: times, strength, pictures to write."""

from __future__ import annotations

import os
import re
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import click

from vsr.errors import InvalidOption
from vsr.notation import amount_of, factor_of, pixels_of, rate_of, seconds_of
from vsr.values import Dial, Grain


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
        if value == "auto":
            return "auto"
        try:
            return float(value)
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
        if value in ("auto", "keep", "remove"):
            return cast("Grain", value)
        try:
            return float(value)
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
