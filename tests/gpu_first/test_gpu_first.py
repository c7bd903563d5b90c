"""The first minutes on a GPU, rehearsed: what is run, for how long, and what the rows say."""

import json
import sys
from pathlib import Path

import pytest

from tests.gpu_first.__main__ import main
from tests.gpu_first.plan import (
    BUDGET_SECONDS,
    LEAST_SECONDS,
    LEFT_OUT,
    NO_GPU,
    ROWS,
    STAGES,
    VERDICT,
    Rows,
    Stage,
    command_of,
    run_all,
    run_apart,
)

EIGHT_MINUTES = 480


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    path = tmp_path / ROWS
    path.touch()
    return Rows(path)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_everything_is_tried_on_a_cpu(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["--dry", "--results", str(tmp_path), "--clips", str(tmp_path)]) == 0
    lines = (tmp_path / ROWS).read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    ended = {row["stage"]: row["ended"] for row in found if "ended" in row}
    assert ended == {stage.name: "ok" for stage in STAGES}
    unexpected = [
        row
        for row in found
        if "error" in row
        and not row.get("form", "").startswith("fused")  # cuDNN's
        and row["stage"] != "compiled"
    ]
    assert not unexpected
    forms = {(row["model"], row["form"]) for row in found if "codes_from" in row}
    assert {("fast", "cast"), ("swift-srgan", "cast"), ("fast", "autocast")} <= forms
    assert {row["way"] for row in found if "way" in row} == {
        "lifted", "padded", "unlifted",
    }  # fmt: skip
    assert all(row["off"] < 0.05 for row in found if "off" in row)
    assert {row["part"] for row in found if "part" in row} == {"prepare", "network", "complete"}
    assert any(row.get("overlap_efficiency") for row in found)
    text = (tmp_path / VERDICT).read_text(encoding="utf-8")
    assert text.startswith("RIGHT: yes")
    assert "FAST ENOUGH: NO\n  fast 1080p: not measured" in text  # a CPU is no answer
    assert "NOT ANSWERED\n  kernels of our own:" in text
    assert text in capsys.readouterr().out


def test_without_a_gpu_the_first_stage_ends_it_in_one_line(tmp_path, capsys, monkeypatch):
    def refuse(command, seconds, log: Path, environment) -> str:
        log.write_text("gpu_first: --device cuda: torch finds no CUDA driver.\n")
        return f"failed ({NO_GPU})"

    monkeypatch.setattr("tests.gpu_first.__main__.run_apart", refuse)
    assert main(["--results", str(tmp_path)]) == NO_GPU
    assert capsys.readouterr().err == "gpu_first: --device cuda: torch finds no CUDA driver.\n"


def test_a_stage_here_says_that_there_is_no_gpu(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("torch.version.cuda", None)
    words = ["--stage", "doctor", "--seconds", "9", "--rows", str(tmp_path / ROWS)]
    assert main(words) == NO_GPU
    assert capsys.readouterr().out.startswith("gpu_first: --device cuda: this torch was built")


def test_stages_keep_to_the_budget_and_the_most_wanted_come_first(rows: Rows):
    clock, given = Clock(), []

    def run(stage: Stage, seconds: float) -> str:
        given.append((stage.name, seconds))
        clock.now += seconds  # each takes all it may
        return f"stopped after {seconds:.0f} s"

    run_all(rows, run, clock=clock)
    assert clock.now <= BUDGET_SECONDS < EIGHT_MINUTES
    assert [name for name, _ in given] == [stage.name for stage in STAGES][: len(given)]
    assert all(seconds >= LEAST_SECONDS for _, seconds in given)
    left_out = [row["stage"] for row in rows.read() if row["ended"] == LEFT_OUT]
    assert left_out == [stage.name for stage in STAGES[len(given) :]]
    assert "compiled" in left_out


def test_a_stage_that_hangs_is_ended_with_what_it_started_and_its_rows_stay(rows: Rows, tmp_path):
    child = "import time; time.sleep(60)"
    code = (
        "import subprocess, sys; from pathlib import Path; from tests.gpu_first.plan import Rows\n"
        f"Rows(Path({str(rows.path)!r})).of('network')({{'ms': 1}})\n"
        f"subprocess.run([sys.executable, '-c', {child!r}])"
    )
    ended = run_apart([sys.executable, "-c", code], 3, tmp_path / "log")
    assert ended == "stopped after 3 s"
    assert [row["ms"] for row in rows.read()] == [1]


def test_a_stage_that_dies_is_said_and_its_words_are_kept(tmp_path):
    code = "import os; print(os.environ['A'], flush=True); os.abort()"
    ended = run_apart([sys.executable, "-c", code], 20, tmp_path / "log", [("A", "words")])
    assert ended == "failed (-6)"
    assert "words" in (tmp_path / "log").read_text()


def test_a_line_that_was_cut_off_is_left_out(rows: Rows):
    rows.of("network")({"ms": 1})
    with rows.path.open("a") as file:
        file.write('{"stage": "netw')
    assert len(rows.read()) == 1


def test_every_stage_has_its_function_and_its_command(rows: Rows, tmp_path: Path):
    from importlib import import_module

    for stage in STAGES:
        assert callable(getattr(import_module(f"tests.gpu_first.{stage.module}"), stage.name))
        command = command_of(stage, 30, rows.path, tmp_path)
        assert command[1:3] == ["-m", "tests.gpu_first"]


def test_the_summary_of_pytest_is_read():
    from tests.gpu_first.whole import summary_of

    text = "FAILED tests/a.py::b - x\n1 failed, 12 passed, 3 deselected in 9.10s"
    assert summary_of(text) == {
        "passed": 12, "failed": 1, "failures": ["tests/a.py::b - x"],
    }  # fmt: skip
    assert summary_of("") == {"failures": []}
