"""The line of a job, and tables."""

import io
import logging
from dataclasses import replace
from errno import EIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.command import vsr
from vsr.cli.shared.lines import echo_lines, echo_table, name_broken
from vsr.cli.shared.page_report import show_result
from vsr.cli.shared.status_line import LogLines, StatusLine, fitted, parts_of
from vsr.cli.shared.width import shortened, width_of, wrapped
from vsr.errors import Refused
from vsr.jobs.preview.spec import PageResult
from vsr.jobs.progress import Phase, Progress

SOME = Progress(
    frames=1200, total_frames=3600, out_seconds=48.0, elapsed_seconds=100.0, fps=12.0, speed=0.48,
    bytes_written=9,
)  # fmt: skip


class Terminal(io.StringIO):
    """What a terminal of 80 columns is sent."""

    def isatty(self) -> bool:
        return True

    @property
    def rows(self) -> list[str]:
        """What is seen, row by row: a carriage return writes over the row."""
        rows = [""]
        for piece in self.getvalue().replace("\n", "\r\n\r").split("\r"):
            if piece == "\n":
                rows.append("")
            else:
                rows[-1] = piece + rows[-1][len(piece) :]
        return [row.rstrip() for row in rows]


def test_a_line_is_seen_at_once_and_tells_each_phase():
    terminal = Terminal()
    seen = []
    with StatusLine("in.mp4", lambda: 80, terminal) as line:
        seen.append(terminal.rows[-1])
        line.on_progress(SOME)
        seen.append(terminal.rows[-1])
        line.note("the colour matrix is not tagged.")
        for phase in (Phase.JOINING, Phase.VERIFYING, Phase.WAITING):
            line.on_progress(replace(SOME, phase=phase))
            seen.append(terminal.rows[-1])
    assert seen == [
        "in.mp4: looking",
        "in.mp4: upscaling, 33%, 1200/3600 frames, 3 min left, 12.0 fps, 0.48× real time",
        "in.mp4: joining",
        "in.mp4: verifying",
        "in.mp4: waiting for files",
    ]
    assert terminal.rows == ["vsr: the colour matrix is not tagged.", ""], "the line is gone"


def test_the_line_comes_back_below_a_note_and_goes_for_good():
    terminal = Terminal()
    with StatusLine("in.mp4", lambda: 80, terminal) as line:
        line.show("looking", ("1 s",))
        line.note("a note.")
        assert terminal.rows == ["vsr: a note.", "in.mp4: looking, 1 s"]
    line.note("another.")
    assert terminal.rows == ["vsr: a note.", "vsr: another.", ""]


def test_a_part_is_shown_whole_or_not_at_all():
    whole = "in.mp4: upscaling, 33%, 3 min left"
    parts = ("33%", "3 min left")
    assert fitted("in.mp4", "upscaling", parts, len(whole)) == whole
    assert fitted("in.mp4", "upscaling", parts, len(whole) - 1) == "in.mp4: upscaling, 33%"
    terminal = Terminal()
    with StatusLine("in.mp4", lambda: len(whole), terminal) as line:
        line.show("upscaling", parts)  # the last column stays free: some terminals go on below it
        assert terminal.rows[-1] == "in.mp4: upscaling, 33%"


def test_what_has_lasted_a_second_without_figures_says_so():
    log, now = io.StringIO(), [0.0]
    with StatusLine("in.mp4", lambda: 80, log, clock=lambda: now[0]) as line:
        now[0] = 30.0
        line.show("looking", ())
        now[0] = 60.0
        line.show("joining", ())
    assert log.getvalue().splitlines() == ["in.mp4: looking, 30 s", "in.mp4: joining"]


def test_a_job_goes_on_where_its_terminal_is_closed():
    class Closed(Terminal):
        def write(self, text: str) -> int:
            raise OSError(EIO, "closed")

    with StatusLine("in.mp4", lambda: 80, Closed()) as line:
        line.on_progress(SOME)
        line.note("the colour matrix is not tagged.")


def test_a_log_and_an_error_are_lost_with_their_terminal_and_change_no_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(EIO, "closed")

    monkeypatch.setattr("sys.stderr", Closed())
    LogLines(logging.INFO).emit(logging.makeLogRecord({"msg": "cpu"}))
    assert vsr("probe", tmp_path / "none.mp4", "-v") == 2


def test_a_log_has_a_line_for_each_phase_and_none_for_each_frame():
    log, now = io.StringIO(), [0.0]
    with StatusLine("in.mp4", lambda: 80, log, clock=lambda: now[0]) as line:
        for frame in range(1, 7):
            now[0] += 10.0
            done = replace(SOME, frames=frame, total_frames=6, fps=0.1, speed=0.004)
            line.on_progress(done)
        line.on_progress(replace(SOME, phase=Phase.JOINING))
    assert log.getvalue().splitlines() == [
        "in.mp4: upscaling, 16%, 1/6 frames, 50 s left, 0.1 fps, 0.00× real time",
        "in.mp4: upscaling, 66%, 4/6 frames, 20 s left, 0.1 fps, 0.00× real time",
        "in.mp4: upscaling, 100%, 6/6 frames, 0.1 fps, 0.00× real time",
        "in.mp4: joining",
    ]


@given(
    st.text(st.characters(min_codepoint=46, max_codepoint=0x9FFF), max_size=300),
    st.integers(20, 200),
    st.integers(0, 10**7),
    st.one_of(st.none(), st.integers(1, 10**7)),
    st.floats(0, 1e4),
)
def test_a_line_never_runs_over_the_edge(label, width, frames, total, fps):
    progress = replace(SOME, frames=frames, total_frames=total, fps=fps)
    text = fitted(label, progress.phase.value, parts_of(progress), width)
    assert width_of(text) <= width
    assert "-" not in text.removeprefix(label)


def test_a_table_fits_eighty_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    words = " ".join(["word"] * 30)
    echo_table(("name", "count", "what"), [("a" * 10, 12345, words), ("b", 2, "short")])
    shown = capsys.readouterr().out.splitlines()
    assert max(map(len, shown)) <= 80
    assert shown[1].startswith("aaaaaaaaaa  12 345  word word")
    assert shown[2].startswith(" " * 20 + "word")
    assert shown[-1] == "b                2  short"


def test_letters_that_take_two_columns_are_counted_so(capsys: pytest.CaptureFixture[str]) -> None:
    film, accented = "千と千尋の神隠し.mkv", "Ame\u0301lie.mkv"  # a mark over the e
    assert (width_of(film), width_of(accented)) == (20, 10)
    assert shortened(film, 20, 9) == film
    assert shortened(film, 16, 6) == "千と千尋…し.mkv"
    assert shortened("film.mkv", 6, 3) == "fi…mkv"
    echo_table(("file", "frames"), [(film, 5), (accented, 12)])
    assert [width_of(line) for line in capsys.readouterr().out.splitlines()] == [28, 28, 28]


def test_a_wide_line_is_wiped_whole() -> None:
    stream = Terminal()
    with StatusLine("映画.mkv", lambda: 80, stream):
        pass
    drawn, *_, wiped, end = stream.getvalue().split("\r")[1:]
    assert end == ""
    assert len(wiped) == width_of(drawn)


def test_a_loss_hangs_below_its_head_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "out.mkv: 9 frames\nloss: " + " ".join(["stream"] * 12)
    for stream, count in ((Terminal(), 3), (io.StringIO(), 2)):
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.setattr("sys.stdout", stream)
        echo_lines(text)
        shown = stream.getvalue().splitlines()
        assert len(shown) == count
        assert shown[2:] in ([], ["      stream stream"])
        assert shown[0] == "out.mkv: 9 frames"


def test_an_error_is_broken_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    path = "a" * 70 + ".mp4"
    for stream, count in ((Terminal(), 3), (io.StringIO(), 1)):
        monkeypatch.setenv("COLUMNS", "60")
        monkeypatch.setattr("sys.stderr", stream)
        assert vsr("probe", path) == 2
        shown = stream.getvalue().splitlines()
        assert len(shown) == count
        assert " ".join(" ".join(shown).split()) == f"vsr: {path}: no such file. Check the path."


def test_names_in_a_table_are_shortened_on_a_terminal_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heads = ("in", "out", "state", "frames")
    row = ("in/" + "a" * 80 + ".mp4", "out/" + "a" * 80 + ".mp4", "done", 48)
    for stream in (Terminal(), io.StringIO()):
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.setattr("sys.stdout", stream)
        echo_table(heads, [row])
        shown = stream.getvalue().splitlines()[1]
        if stream.isatty():
            assert len(shown) == 80
            assert shown.startswith("in/a")
            assert shown.endswith("a.mp4  done       48")
        else:
            assert shown.split() == [str(cell) for cell in row]


def test_escapes_in_names_do_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    echo_table(("file", "frames"), [("a\nb\x1b[31m.mp4", 5)])
    assert capsys.readouterr().out.splitlines()[1] == "a\\nb\\x1b[31m.mp4       5"
    name_broken([Refused("a\x1b[31m.toml: not TOML.")])
    assert capsys.readouterr().err == "vsr: a\\x1b[31m.toml: not TOML.\n"
    page = PageResult(page=Path("a\nb.html"), sheet=Path("a\nb.png"))
    show_result(page, as_json=False, is_quiet=False, is_opened=False)
    assert capsys.readouterr().out.splitlines() == ["page   a\\nb.html", "sheet  a\\nb.png"]


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=0x9FFF, categories=["L", "Zs"])),
    st.integers(4, 90),
)
def test_wrapped_lines_fit_and_lose_nothing(text, width):
    lines = wrapped(text, width, breaks_words=True)
    assert all(width_of(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    whole = wrapped(text, width, "  ")
    assert all(width_of(line) <= width or " " not in line.strip() for line in whole)


def test_a_note_in_japanese_fits_the_terminal() -> None:
    stream = Terminal()
    with StatusLine("映画.mkv", lambda: 40, stream) as line:
        line.note("字幕は そのまま 残ります。 音声は 変換されます。 元の ファイルは 変わりません。")
    shown = [line for line in stream.getvalue().split("\r")[-2].splitlines() if line.strip()]
    shown = [one for one in stream.getvalue().replace("\r", "\n").splitlines() if "。" in one]
    assert len(shown) >= 2
    assert max(map(width_of, shown)) <= 40
