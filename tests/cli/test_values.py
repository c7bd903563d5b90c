import re
from collections.abc import Iterator
from fractions import Fraction

import click
import pytest

from vsr.cli.root import vsr
from vsr.cli.shared.values import (
    GrainAmount,
    Number,
    NumberOrAuto,
    OneOf,
    PngPath,
    Rate,
    Seconds,
    Whole,
    Word,
)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90.5", 90.5), ("1:30", 90), ("0:01:30.5", 90.5)]
)
def test_a_time_is_read_as_seconds_or_as_a_clock_shows_it(text: str, seconds: float):
    assert Seconds().convert(text, None, None) == seconds


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Number(), "18,5", 18.5), (NumberOrAuto("strength"), "0,5", 0.5),
        (NumberOrAuto("strength"), "AUTO", "auto"), (GrainAmount(), "Keep", "keep"),
        (GrainAmount(), "0,5", 0.5), (Word(), "YUV420P", "yuv420p"),
        (OneOf(["auto", "bob"]), "BOB", "bob"), (Rate(), "23,976", Fraction(24000, 1001)),
    ],
)  # fmt: skip
def test_words_are_read_in_any_case_and_numbers_with_a_comma(kind, text: str, value: object):
    assert kind.convert(text, None, None) == value


def test_what_is_no_number_is_said_in_plain_words():
    with pytest.raises(click.BadParameter, match="'good' is not a number"):
        Number().convert("good", None, None)
    with pytest.raises(click.BadParameter, match=r"'2\.5' is not a whole number"):
        Whole().convert("2.5", None, None)


def every_option(command: click.Command = vsr) -> Iterator[tuple[click.Context, click.Parameter]]:
    with click.Context(command) as context:
        yield from ((context, one) for one in command.params)
        for name in command.list_commands(context) if isinstance(command, click.Group) else ():
            yield from every_option(command.get_command(context, name) or command)


def test_the_help_has_no_words_of_programmers_for_values():
    shown = [(one.opts, one.make_metavar(context)) for context, one in every_option()]
    programmers = {"TEXT", "INTEGER", "FLOAT", "UUID", "DATETIME"}
    found = [names for names, metavar in shown if programmers & set(re.findall("[A-Z]+", metavar))]
    texts = [["--note"], ["-i", "--input"], ["-o", "--output"]]  # a sentence, and what is hidden
    assert [names for names in found if names not in texts] == []


def test_a_picture_that_could_not_be_written_is_refused_before_the_work(tmp_path, monkeypatch):
    assert PngPath().convert(str(tmp_path / "a.PNG"), None, None) == tmp_path / "a.PNG"
    with pytest.raises(click.BadParameter, match=r"ends in \.png"):
        PngPath().convert(str(tmp_path / "a.jpg"), None, None)
    with pytest.raises(click.BadParameter, match="folder does not exist"):
        PngPath().convert(str(tmp_path / "none" / "a.png"), None, None)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(click.BadParameter, match="is a folder"):
        PngPath().convert(str(tmp_path / "folder.png"), None, None)
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(click.BadParameter, match="cannot be written"):
        PngPath().convert(str(tmp_path / "a.png"), None, None)
