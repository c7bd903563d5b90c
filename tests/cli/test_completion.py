"""What a shell completes: commands, options, names, and files wherever one is meant."""

from collections.abc import Iterator

import click
import pytest
from click.shell_completion import get_completion_class

from tests.cli.command import vsr
from vsr.cli.root import vsr as program

FILE = ("file", "f")


def completed(words: list[str], begun: str) -> list[tuple[str, str]]:
    """Return the kind and value of what may end the last word, as bash is told."""
    kind = get_completion_class("bash")
    assert kind is not None
    found = kind(program, {}, "vsr", "_VSR_COMPLETE").get_completions(words, begun)
    return [(item.type, item.value) for item in found]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed(shell: str, capsys):
    assert vsr("completion", shell) == 0
    assert "_VSR_COMPLETE" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        [], ["upscale"], ["f.mp4"], ["batch"], ["probe"], ["preview"], ["compare"], ["evaluate"],
        ["bench"], ["upscale", "-o"], ["upscale", "--preset"], ["f.mp4", "-i"], ["no-file"],
        ["train", "prepare"], ["models", "add"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_the_name_of_a_file_is_completed(words: list[str]):
    assert FILE in completed(words, "f")


def parameters(
    command: click.Command, context: click.Context
) -> Iterator[tuple[click.Context, click.Parameter]]:
    """Yield every parameter of a command and of those within it."""
    for name in command.list_commands(context) if isinstance(command, click.Group) else ():
        inner = command.get_command(context, name)
        assert inner is not None
        yield from parameters(inner, click.Context(inner, context, name))
    yield from ((context, one) for one in command.params)


def test_every_parameter_that_takes_a_path_completes_one():
    context = click.Context(program, info_name="vsr", resilient_parsing=True)
    paths = [
        (within, one)
        for within, one in parameters(program, context)
        if one.type.name in ("path", "file", "directory") or "FILE" in str(one.metavar)
    ]
    assert len(paths) > 40
    for within, one in paths:
        kinds = {item.type for item in one.shell_complete(within, "no such name")}
        assert kinds in ({"file"}, {"dir"}), f"{within.command_path} {one.name}"


def test_without_a_command_a_command_or_a_file_is_completed():
    assert completed([], "pre") == [("file", "pre"), ("plain", "preview"), ("plain", "presets")]
    assert completed(["in.mp4"], "--mod") == [("plain", "--model")]
    assert ("plain", "upscale") in completed(["help"], "up")


@pytest.mark.parametrize(
    ("words", "begun", "name"),
    [
        (["upscale", "--preset"], "4", "4k"),
        (["in.mp4", "--look"], "a", "anime"),
        (["upscale", "--model"], "l", "lite"),
        (["batch", "--codec"], "he", "hevc"),
        (["bench", "--preset"], "4", "4k"),
        (["train", "fit"], "fast-x4", "fast-x4"),
    ],
)
def test_names_are_completed(words: list[str], begun: str, name: str):
    assert ("plain", name) in completed(words, begun)


def test_folders_are_completed_where_a_folder_is_meant():
    assert completed(["upscale", "--work-dir"], "w") == [("dir", "w")]
