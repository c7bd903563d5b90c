"""The bar of a job."""

import pytest

from vsr.cli.shared.report import report_for
from vsr.jobs.progress import Progress


def test_the_bar_counts_the_time_of_the_first_frame(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(
        frames=1, total_frames=1, out_seconds=0.0, elapsed_seconds=4.0, fps=0.25, speed=0.0,
        bytes_written=9,
    )  # fmt: skip
    with report_for("photo.png", as_json=False, is_quiet=False) as report:
        report.on_progress(progress)
    assert "4.00s/ frames" in capsys.readouterr().err
