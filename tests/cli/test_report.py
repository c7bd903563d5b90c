"""The bar of a job."""

import pytest

from vsr.cli.shared.report import echo_table, report_for
from vsr.jobs.progress import Progress


def test_the_bar_counts_the_time_of_the_first_frame(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(
        frames=1, total_frames=1, out_seconds=0.0, elapsed_seconds=4.0, fps=0.25, speed=0.0,
        bytes_written=9,
    )  # fmt: skip
    with report_for("photo.png", as_json=False, is_quiet=False) as report:
        report.on_progress(progress)
    assert "4.00s/ frames" in capsys.readouterr().err


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
