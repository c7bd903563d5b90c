"""What ``-v`` prints beyond the report."""

import logging
import re
from pathlib import Path

import pytest

from tests.cli.command import QUICK, vsr

PLAN = (
    r"vsr: cpu \(.*, fp32\); bicubic ×2; 96×64 → ×2 192×128; libx264, yuv420p, .*preset=ultrafast"
)
SEGMENT = r"vsr: segment 1: 12 frames in \d+\.\d s"


@pytest.mark.parametrize("command", ["upscale", "batch"])
@pytest.mark.parametrize("options", [[], ["-q"], ["-v"]], ids=str)
def test_the_plan_and_the_time_of_each_segment_are_said_only_with_v(
    clip: Path, tmp_path: Path, capsys, command: str, options: list[str]
):
    source = clip if command == "upscale" else clip.parent
    target = tmp_path / "out" / ("out.mp4" if command == "upscale" else "")
    (tmp_path / "out").mkdir()
    assert vsr(command, source, target, *QUICK, "-d", "cpu", *options) == 0
    said = capsys.readouterr().err
    for line in (PLAN, SEGMENT):
        assert bool(re.search(line, said)) is (options == ["-v"])
    assert logging.getLogger("vsr").handlers == []
