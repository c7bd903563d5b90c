"""What developers compare the pipeline with: a plain loop, peaks of memory, a roofline."""

import json
import sys
from pathlib import Path

import pytest

from tests.benchmarks import measured
from tests.benchmarks.roofline import Ceilings, Cost, costs_of
from tests.clips import write_clip
from vsr.models.catalog import load
from vsr.values import Size

TOY = Size(64, 36)


def test_a_plain_loop_peaks_and_a_roofline_stand_beside_the_report(
    tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
):
    clip = write_clip(tmp_path / "in.mp4", frames=6, size=TOY)
    words = [str(clip), "-m", "fast", "-s", "4", "-d", "cpu", "--frames", "2", "--repeat", "1"]
    monkeypatch.setattr(sys, "argv", ["measured", *words])
    monkeypatch.setattr(measured, "settle", lambda: None)
    measured.main()
    row = json.loads(capsys.readouterr().out)
    assert row["plain_loop_fps"] > 0
    assert row["peak_host_mb"] > 50  # torch alone takes more
    assert row["peak_device_mb"] is None
    assert row["roofline"]["operations"] == 2 * load("fast", 4).traits.macs_per_pixel * 2304
    slowest = min(stage["fps"] for stage in row["stages"].values())
    assert row["overlap_efficiency"] == pytest.approx(row["whole_fps"] / slowest, rel=1e-3)


def test_a_convolution_takes_the_longer_of_computing_and_moving():
    ceilings = Ceilings(operations_per_second=100, bytes_per_second=10)
    assert Cost(operations=200, bytes_moved=10).seconds(ceilings) == 2
    assert Cost(operations=200, bytes_moved=50).seconds(ceilings) == 5


def test_costs_grow_with_the_picture_and_bytes_with_the_precision():
    model = load("fast", 4)
    small, large = (sum(c.operations for c in costs_of(model, Size(w, 90), 4)) for w in (160, 320))
    assert large == 2 * small == 2 * 2 * model.traits.macs_per_pixel * 160 * 90
    full, half = (sum(c.bytes_moved for c in costs_of(model, TOY, size)) for size in (4, 2))
    assert full == 2 * half
    assert costs_of(load("bicubic", 4), TOY, 4) == ()
