"""The first minutes on a GPU, rehearsed: what is run, for how long, and what the rows say."""

import json
import sys
from collections.abc import Callable
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
from tests.gpu_first.verdict import judge

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


def good_rows() -> list[dict]:
    """Rows of a device that reaches everything."""
    ms = {("fast", "1080p"): 0.4, ("fast", "4k"): 1.1,
          ("swift-srgan", "1080p"): 2.5, ("swift-srgan", "4k"): 8}  # fmt: skip
    checked = {"is_finite": True, "is_repeatable": True, "graph_equals_eager": True}
    found: list[dict] = []
    for (model, preset), own in ms.items():
        row = {"stage": "network", "model": model, "preset": preset}
        off = {"fp32": 2, "autocast": 1}
        found += [
            row | checked | {"form": "autocast", "ms": own * 2, "codes_from": {"autocast": 0}},
            row | checked | {"form": "cast", "ms": own, "codes_from": off},
            row | {"form": "published", "ms": own * 9},
            row | {"form": "engine", "is_repeatable": True, "remarks": [], "codes_from": off},
        ]
    for preset, share in (("1080p", 0.9), ("4k", 0.97)):
        pipeline = {"model": "fast", "preset": preset, "overlap_efficiency": share}
        found.append({"stage": "overlap"} | pipeline)
    found.append({"stage": "gpu_tests", "code": 0, "passed": 12, "failures": []})
    return [*found, {"stage": "network", "ended": "ok", "seconds": 9}]


def changed(changes: Callable[[dict], bool], more: dict) -> list[dict]:
    return [row | more if changes(row) else row for row in good_rows()]


def test_a_device_that_reaches_everything_has_nothing_to_change():
    verdict = judge(good_rows())
    assert verdict.is_right
    assert not verdict.slow
    assert not verdict.change
    assert verdict.text().splitlines()[0] == "RIGHT: yes"
    assert "FAST ENOUGH: yes" in verdict.text()
    assert "TO CHANGE: nothing was found" in verdict.text()


def test_what_a_form_was_compared_with_is_named():
    rows = changed(lambda row: row.get("form") == "engine", {"codes_from": {"fp32": 1}})
    assert "fast 4k, engine: 1 codes from fp32, the same each time" in judge(rows).right


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"is_finite": False}, "fast 4k, cast: numbers that are not finite"),
        ({"is_repeatable": False}, "fast 4k, cast: other codes each time"),
        ({"graph_equals_eager": False}, "the graph gives other codes than its kernels"),
        ({"codes_from": {"autocast": 3}}, "fast 4k, cast: 3 codes from autocast"),
        ({"error": "RuntimeError: no"}, "fast 4k, cast: RuntimeError: no"),
    ],
)
def test_what_is_wrong_is_named(more, said):
    is_case = {"model": "fast", "preset": "4k", "form": "cast"}.items()
    verdict = judge(changed(lambda row: is_case <= row.items(), more))
    assert not verdict.is_right
    assert any(said in line for line in verdict.wrong)


@pytest.mark.parametrize(
    ("stage", "more", "said"),
    [
        ("gpu_tests", {"code": 1, "failures": ["tests/a.py::b"]}, "test tests/a.py::b"),
        ("gpu_tests", {"code": None}, "pytest -m gpu: code None"),
        ("network", {"ended": "stopped after 110 s"}, "network: stopped after 110 s"),
    ],
)
def test_a_needed_stage_that_did_not_end_well_is_wrong(stage, more, said):
    last = [row for row in good_rows() if row["stage"] == stage][-1]
    assert said in judge(changed(lambda row: row == last, more)).wrong


def test_a_stage_that_only_looks_for_more_may_end_early():
    rows = [{"stage": "compiled", "ended": "stopped after 90 s"},
            {"stage": "overlap", "ended": LEFT_OUT}]  # fmt: skip
    verdict = judge([*good_rows(), *rows])
    assert verdict.is_right
    assert verdict.unanswered == ["compiled: stopped after 90 s", f"overlap: {LEFT_OUT}"]


def test_what_is_too_slow_is_named_with_what_must_be():
    verdict = judge(changed(lambda row: row.get("ms") == 1.1, {"ms": 1.4}))
    assert verdict.slow == ["fast 4k, cast: 1.4 ms (must 1.3, goal 1)"]
    verdict = judge(changed(lambda row: row.get("overlap_efficiency") == 0.9,
                            {"overlap_efficiency": 0.8}))  # fmt: skip
    assert verdict.slow == ["fast 1080p: overlap 0.8 (must 0.85, goal 0.95)"]
    verdict = judge(changed(lambda row: row.get("ms") == 2.5 * 9, {"ms": 2.5 * 4}))
    assert verdict.slow == ["swift-srgan 1080p: 4.0 × its published code (must 5)"]


def test_what_was_not_measured_is_not_fast_enough():
    verdict = judge([row for row in good_rows() if row.get("preset") != "4k"])
    assert "fast 4k: not measured" in verdict.slow


def test_the_form_that_the_engine_takes_is_judged_not_the_fastest():
    fused = {"stage": "network", "model": "fast", "preset": "1080p", "form": "fused",
             "ms": 0.3, "codes_from": {"autocast": 2}}  # fmt: skip
    assert any("fast 1080p, fused: 0.3 ms" in line for line in judge([*good_rows(), fused]).fast)
    off = fused | {"codes_from": {"autocast": 5}}
    assert any("fast 1080p, cast: 0.4 ms" in line for line in judge([*good_rows(), off]).fast)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            {"stage": "compiled", "model": "fast", "preset": "4k", "form": "compiled", "ms": 0.9},
            "fast 4k: compiled takes 0.9 ms, cast 1.1",
        ),
        (
            {"stage": "heuristics", "model": "fast", "preset": "4k", "form": "b", "ms": 1.0},
            "fast 4k: b takes 1 ms, cast 1.1",
        ),
        (
            {"stage": "kernels", "device": "A GPU", "is_right": True, "is_faster": True},
            "kernels of our own are right and faster: add A GPU to PROVED",
        ),
        (
            {"stage": "kernels", "is_right": False, "cases": {"RGB": {"is_right": False}}},
            "kernels of our own are wrong in RGB",
        ),
        (
            {"stage": "media", "nvdec": "cuda", "is_shared": False},
            "NVDEC decodes in a context of its own",
        ),
    ],
)
def test_what_would_be_faster_is_proposed(row, said):
    assert any(said in line for line in judge([*good_rows(), row]).change)


def test_a_change_within_the_noise_is_not_proposed():
    row = {"stage": "compiled", "model": "fast", "preset": "4k", "form": "compiled", "ms": 1.08}
    assert not judge([*good_rows(), row]).change


def test_kernels_that_did_not_run_are_no_answer():
    row = {"stage": "kernels", "is_right": False, "problem": "no CuPy", "cases": {}}
    verdict = judge([*good_rows(), row])
    assert verdict.is_right
    assert verdict.unanswered == ["kernels of our own: no CuPy"]


def test_the_best_last_layer_is_proposed():
    layers = [{"stage": "last_layer", "preset": "4k", "way": way, "ms": ms}
              for way, ms in (("lifted", 3.0), ("padded", 2.0), ("unlifted", 2.5))]  # fmt: skip
    (line,) = judge([*good_rows(), *layers]).change
    assert line == "swift-srgan 4k: with its last layer padded takes 2 ms, not 3"


def test_pictures_of_nvdec_that_differ_are_wrong():
    row = {"stage": "media", "nvdec": "cuda", "is_equal": False}
    assert "NVDEC gives other pictures than software" in judge([*good_rows(), row]).wrong


def test_the_summary_of_pytest_is_read():
    from tests.gpu_first.whole import summary_of

    text = "FAILED tests/a.py::b - x\n1 failed, 12 passed, 3 deselected in 9.10s"
    assert summary_of(text) == {
        "passed": 12, "failed": 1, "failures": ["tests/a.py::b - x"],
    }  # fmt: skip
    assert summary_of("") == {"failures": []}
