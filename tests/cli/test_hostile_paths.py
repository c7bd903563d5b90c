"""Whatever path is typed, the answer is one line and a documented code, and never a bug of ours."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.command import QUICK, vsr
from tests.clips import write_clip

PATHS = [
    "", ".", "..", "~", "~nobody/x.mp4", "folder", "folder/", "in.mp4/", "in.mp4/x.mp4", "x" * 300,
    "x" * 300 + ".mp4", "x" * 251 + ".mp4", "a/" * 2100 + "x.mp4", "/dev/null", "/dev/zero",
    "/dev/full", "/proc/x.mp4", "/proc/self/mem", "broken.mp4", "loop.mp4", "new\nline.mp4",
    "new\nmissing.mp4", "b\udcff.mp4", "t\tab.mp4", "red\x1b[31m.mp4", "-x.mp4", "*", "[",
    "%05d.png", "in.png", "con:1.mp4", "file://", "http://", "..mp4", ".mp4", "...", "@x",
]  # fmt: skip

Typed = Callable[[str], list[str]]
INPUTS: dict[str, Typed] = {
    "vsr": lambda path: [path, *QUICK, "--dry-run"],
    "upscale": lambda path: ["upscale", path, "out.mp4", *QUICK, "--dry-run"],
    "several": lambda path: ["in.mp4", path, "out/", *QUICK, "--dry-run"],
    "batch": lambda path: ["batch", path, "out", *QUICK, "--dry-run"],
    "probe": lambda path: ["probe", path],
    "probe --json": lambda path: ["probe", path, "--json"],
    "preset": lambda path: ["upscale", "in.mp4", "out.mp4", "--preset", path, "--dry-run"],
    "look": lambda path: ["upscale", "in.mp4", "out.mp4", "--look", path, "--dry-run"],
    "model": lambda path: ["upscale", "in.mp4", "out.mp4", "--model", path, "--dry-run"],
    "models add": lambda path: ["models", "add", path, "--name", "mine"],
    "evaluate": lambda path: ["evaluate", path, "in.mp4"],
    "evaluate --data": lambda path: ["evaluate", "--model", "bicubic", "--data", path],
    "fit": lambda path: ["train", "fit", "fast-x4", "--data", path, "--out", "run"],
    "resume": lambda path: ["train", "resume", path],
    "export": lambda path: ["train", "export", path, "--name", "mine"],
    "teach": lambda path: ["train", "teach", path, "--teacher", "fast"],
}
"""Where a path is read; nothing is written in any of these."""

OUTPUTS: dict[str, Typed] = {
    "upscale": lambda path: ["upscale", "in.mp4", path, *QUICK, "-q"],
    "-o": lambda path: ["-i", "in.mp4", "-o", path, *QUICK, "--dry-run"],
    "batch": lambda path: ["batch", "films", path, *QUICK, "--dry-run"],
    "probe": lambda path: ["probe", "in.mp4", path, *QUICK],
    "preview": lambda path: ["preview", "in.mp4", path, "--frames", "1", *QUICK],
    "compare": lambda path: ["compare", "in.mp4", "films/x.mp4", path],
    "work dir": lambda path: ["upscale", "in.mp4", "a.mp4", *QUICK, "-qy", "--work-dir", path],
}
"""Where a path is written."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a film, links that lead nowhere, and a home of its own."""
    folder = tmp_path / "above" / "here"
    for one in (folder / "folder", folder / "films", tmp_path / "home"):
        one.mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    write_clip(folder / "in.mp4", frames=2)
    write_clip(folder / "films" / "x.mp4", frames=2)
    (folder / "broken.mp4").symlink_to("nowhere")
    (folder / "loop.mp4").symlink_to("loop.mp4")
    (folder / "new\nline.mp4").write_bytes(b"no film")
    return folder


@pytest.mark.parametrize("command", INPUTS)
def test_no_path_to_read_is_a_bug(here: Path, capsys, command: str):
    before = sorted(here.rglob("*"))
    for path in PATHS:
        check(capsys, INPUTS[command](path), (0, 2, 3))
        assert sorted(here.rglob("*")) == before, path


@pytest.mark.slow
@pytest.mark.parametrize("command", OUTPUTS)
def test_no_path_to_write_is_a_bug(here: Path, capsys, command: str):
    for path in PATHS:
        check(capsys, OUTPUTS[command](path), (0, 2))
        assert (here / "in.mp4").stat().st_size > 999
        left = [one for one in here.iterdir() if one.suffix in (".part", ".vsr")]
        assert not left, path


def check(capsys: pytest.CaptureFixture[str], typed: list[str], codes: tuple[int, ...]) -> None:
    """Run a command; check its code, and that a refusal is one line."""
    code = vsr(*typed)
    said = capsys.readouterr().err
    assert code in codes, (typed, said)
    assert "internal error" not in said, (typed, said)
    if code == 2:
        told = [line for line in said.splitlines() if line.startswith("vsr: ")]
        assert said.splitlines()[-1].startswith("vsr: "), (typed, said)
        assert told, (typed, said)
