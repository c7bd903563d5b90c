"""What README.md and docs/ say can be typed, can be, and what is marked to be run is run."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from PIL import Image

from tests.cli.command import vsr as run
from tests.clips import Audio, Subtitle, write_clip
from tests.documented import PAGES, ROOT, TOOLS, code_of, lines_of, shell_lines
from vsr.cli.root import vsr
from vsr.recipes.preset import load_look

SHELL = tuple(shell_lines())


def options_of(command: click.Command) -> Iterator[tuple[str | None, click.Option]]:
    """Yield every option of a command and of those below it, with the command's name."""
    yield from ((command.name, one) for one in command.params if isinstance(one, click.Option))
    if isinstance(command, click.Group):
        with click.Context(command) as context:
            for name in command.list_commands(context):
                yield from options_of(command.get_command(context, name) or vsr)


def option_names() -> set[str]:
    """Return every option of the program and its commands."""
    found = {name for _, one in options_of(vsr) for name in (*one.opts, *one.secondary_opts)}
    return {"--help", *found}


def test_the_help_of_an_option_says_what_it_is():
    """Read alone, as in a long list: neither ``Of the teacher`` nor ``auto or cpu``."""
    for command, option in options_of(vsr):
        if option.help is not None:
            assert re.match(r"[A-Z]", option.help), (command, option.help)
            assert option.help.split()[0] not in ("Default:", "In", "No", "Of", "Only"), command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_an_option_that_a_text_names_exists(page: Path):
    known = option_names()
    spans = [
        line.text.split()[0]
        for line in lines_of(page)
        if re.match("--[a-z]|-[a-z]( |$)", line.text)
    ]
    assert {span.partition("=")[0] for span in spans} <= known


def test_installs_name_extras_and_targets_that_exist():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    pinned = set(re.findall(r"^TORCH +\?= torch==(\S+)", makefile, re.MULTILINE))
    lines = [line for line in SHELL if line.commands[0][0] in TOOLS]
    assert {line.commands[0][0] for line in lines} >= {"pip", "uv", "pipx", "make", "ray"}
    for line in lines:
        for words in line.commands:
            assert set(re.findall(r"\btorch==(\S+)", " ".join(words))) <= pinned, line
            assert words[0] != "make" or {w for w in words[1:] if "=" not in w} <= targets, line
    spans = [line.text for page in PAGES for line in lines_of(page)]
    extras = {extra for text in spans for extra in re.findall(r"\.\[([a-z0-9,]+)\]", text)}
    assert extras >= {"cuda", "ray"}
    assert set(",".join(extras).split(",")) <= set(project["optional-dependencies"])


def test_links_lead_somewhere():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A reader's folder: under each name that the pages use, a short film of its kind."""
    monkeypatch.chdir(tmp_path)
    write_clip("in.mp4", frames=3, audio=[Audio()])
    write_clip("phone.mp4", frames=3, audio=[Audio()], options={"crf": "40"}, rotation=90)
    write_clip("tape.avi", frames=3, audio=[Audio(codec="pcm_s16le")], is_interlaced=True)
    write_clip("episode.mkv", frames=3, audio=[Audio()], subtitles=[Subtitle(codec="ass")])
    write_clip("film.mkv", frames=3, audio=[Audio()])
    Path("films").mkdir()
    write_clip("films/a.mp4", frames=3)
    Path("frames").mkdir()
    for index in range(3):
        Image.new("RGB", (32, 24), (40 * index, 0, 0)).save(f"frames/{index:05}.png")
    Image.new("RGB", (32, 24)).save("photo.jpg")
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_is_marked_runs(page: Path, here: Path, one_thread: None):
    for line in SHELL:
        if line.page == page and line.is_run:
            for call in line.calls:
                assert run(*call) == 0, line


@pytest.mark.parametrize("page", [page for page in PAGES if code_of(page, "python")])
def test_the_python_of_a_page_runs(page: Path, here: Path, one_thread: None):
    names: dict[str, object] = {}
    for code in code_of(page, "python"):
        exec(compile(code, str(page), "exec"), names)  # the pages are our own
    assert "vsr" in names


def test_a_documented_look_is_one(tmp_path: Path):
    (text,) = code_of(ROOT / "docs/looks.md", "toml")
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    assert load_look(str(path)).description


def test_the_scores_of_a_page_are_those_of_the_cards():
    text = (ROOT / "docs/quality.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)`(?: ×(\d))?[^|]*\| [\d ]+ \| (.*) \|$", text, re.MULTILINE)
    assert len(rows) >= 5
    for name, scale, scores in rows:
        card = ROOT / f"vsr/models/weights/{name}_x{scale or 4}.json"
        measured = json.loads(card.read_text(encoding="utf-8"))["scores"]
        told = [f"{measured[data]['psnr_y']:.2f}" for data in ("Set5", "Set14", "BSD100")]
        assert scores.split(" | ") == told, name
