"""What the rows of a run say: what is right, what is fast enough, what to change."""

from collections.abc import Callable

import pytest

from tests.gpu_first.plan import LEFT_OUT
from tests.gpu_first.verdict import judge


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
