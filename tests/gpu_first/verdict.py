"""What the rows say: is it right, is it fast enough, what should be changed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.gpu_first.plan import LEFT_OUT, Row

NETWORK_MS = {
    ("fast", "1080p"): (0.5, 0.35),
    ("fast", "4k"): (1.3, 1.0),
    ("swift-srgan", "1080p"): (3.0, 2.0),
    ("swift-srgan", "4k"): (9.0, 7.0),
}
"""Planes → planes on an H100-class GPU, batch 1: what must be, and the goal."""

OVERLAP = {"1080p": (0.85, 0.95), "4k": (0.95, 0.98)}
"""Frames per second of all stages at once over those of the slowest alone, output discarded."""

LEAST_SPEEDUP = 5
"""How much faster swift-srgan must be than its published code."""

MOST_CODES = 2
"""How far half precision may be from autocast, in codes of 8 bits."""

NEEDED = ("doctor", "network", "gpu_tests", "overlap")
"""Stages that must end well; the others only tell what would be faster."""

WORTH = 0.95
"""A change is proposed where it takes less than this share of the time."""

CHOSEN = ("fused", "fused 2", "cast")
"""The forms among which the engine takes the first that agrees."""


@dataclass(slots=True)
class Verdict:
    """One line for each answer."""

    right: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    fast: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    change: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        """Nothing was found wrong, and something was found right."""
        return bool(self.right) and not self.wrong

    @property
    def is_fast(self) -> bool:
        """Everything was measured, and nothing takes longer than it may."""
        return bool(self.fast) and not self.slow

    def text(self) -> str:
        """Return all lines under their headings."""
        parts = (
            ("RIGHT", "yes" if self.is_right else "NO", [*self.wrong, *self.right]),
            ("FAST ENOUGH", "yes" if self.is_fast else "NO", [*self.slow, *self.fast]),
            ("TO CHANGE", "" if self.change else "nothing was found", self.change),
            ("NOT ANSWERED", "" if self.unanswered else "nothing", self.unanswered),
        )
        return "\n".join(
            line
            for head, answer, lines in parts
            for line in (f"{head}: {answer}".rstrip(": "), *(f"  {one}" for one in lines))
        )


def judge(rows: Iterable[Row]) -> Verdict:
    """Return what the rows of a run say."""
    verdict, rows = Verdict(), list(rows)
    by_stage: dict[str, list[Row]] = {}
    for row in rows:
        by_stage.setdefault(row.get("stage", ""), []).append(row)
        if row.get("ended", "ok") != "ok":
            is_needed = row["stage"] in NEEDED and row["ended"] != LEFT_OUT
            lines = verdict.wrong if is_needed else verdict.unanswered
            lines.append(f"{row['stage']}: {row['ended']}")
    forms = [row for row in by_stage.get("network", []) if "form" in row]
    _judge_forms(forms, verdict)
    _judge_tests(by_stage.get("gpu_tests", []), verdict)
    _judge_speed(forms, verdict)
    _judge_overlap(by_stage.get("overlap", []), verdict)
    _judge_media(by_stage.get("media", []), verdict)
    others = [*by_stage.get("compiled", []), *by_stage.get("heuristics", [])]
    verdict.change += _faster_forms(forms, others)
    verdict.change += _faster_layers(by_stage.get("last_layer", []))
    _judge_kernels(by_stage.get("kernels", []), verdict)
    return verdict


def _case(row: Row) -> str:
    return f"{row.get('model')} {row.get('preset')}"


def _judge_forms(forms: list[Row], verdict: Verdict) -> None:
    for row in forms:
        what = f"{_case(row)}, {row['form']}"
        faults = [
            words
            for key, words in (
                ("is_finite", "numbers that are not finite"),
                ("is_repeatable", "other codes each time"),
                ("graph_equals_eager", "the graph gives other codes than its kernels"),
            )
            if row.get(key) is False
        ]
        reference, off = _reference(row)
        if row["form"] in (*CHOSEN, "engine") and off > MOST_CODES:
            faults.append(f"{off} codes from {reference}")
        if "error" in row and not row["form"].startswith("fused"):
            faults.append(row["error"])
        faults += [f"the engine says: {remark}" for remark in row.get("remarks", [])]
        verdict.wrong += [f"{what}: {fault}" for fault in faults]
        if not faults and row["form"] in (*CHOSEN, "engine") and "error" not in row:
            verdict.right.append(f"{what}: {off} codes from {reference}, the same each time")


def _reference(row: Row) -> tuple[str, int]:
    """Return what a form was compared with, autocast where it was, and the codes between them."""
    found: dict[str, int] = row.get("codes_from", {})
    name = "autocast" if "autocast" in found else next(iter(found), "autocast")
    return name, found.get(name, 0)


def _judge_tests(rows: list[Row], verdict: Verdict) -> None:
    for row in rows:
        if row.get("failures"):
            verdict.wrong += [f"test {name}" for name in row["failures"]]
        elif "code" in row and row["code"] != 0:
            verdict.wrong.append(f"pytest -m gpu: code {row['code']}")
        elif "passed" in row:
            verdict.right.append(f"pytest -m gpu: {row['passed']} passed")


def _fastest(forms: list[Row]) -> dict[str, Row]:
    """Return, by case, the row of the form that the engine takes: the first that agrees."""
    taken: dict[str, Row] = {}
    for form in CHOSEN:
        for row in forms:
            if row["form"] == form and "ms" in row and _reference(row)[1] <= MOST_CODES:
                taken.setdefault(_case(row), row)
    return taken


def _judge_speed(forms: list[Row], verdict: Verdict) -> None:
    taken = _fastest(forms)
    for key, (must, goal) in NETWORK_MS.items():
        row = taken.get(" ".join(key))
        if row is None:
            verdict.slow.append(f"{' '.join(key)}: not measured")
            continue
        words = f"{_case(row)}, {row['form']}: {row['ms']:g} ms (must {must:g}, goal {goal:g})"
        (verdict.fast if row["ms"] <= must else verdict.slow).append(words)
    for row in forms:
        if row["form"] == "published" and "ms" in row and row["model"] == "swift-srgan":
            own = taken.get(_case(row))
            if own is None:
                continue
            times = row["ms"] / own["ms"]
            words = f"{_case(row)}: {times:.1f} × its published code (must {LEAST_SPEEDUP})"
            (verdict.fast if times >= LEAST_SPEEDUP else verdict.slow).append(words)


def _judge_overlap(rows: list[Row], verdict: Verdict) -> None:
    for row in rows:
        if "error" in row:
            verdict.wrong.append(f"{_case(row)}, all stages at once: {row['error']}")
        if row.get("overlap_efficiency") is None:
            continue
        must, goal = OVERLAP[row["preset"]]
        share = row["overlap_efficiency"]
        words = f"{_case(row)}: overlap {share:g} (must {must:g}, goal {goal:g})"
        (verdict.fast if share >= must else verdict.slow).append(words)


def _judge_media(rows: list[Row], verdict: Verdict) -> None:
    is_there = any(row.get("nvdec") == "cuda" for row in rows)
    for row in rows:
        if row.get("is_equal") is False:
            verdict.wrong.append("NVDEC gives other pictures than software")
        if row.get("nvdec") == "cuda" and not row.get("is_shared"):
            verdict.change.append("NVDEC decodes in a context of its own: find out why")
        fps = row.get("decode_fps", {})
        if is_there and fps.get("nvdec", 0) > fps.get("software", 0) / WORTH:
            verdict.change.append(f"NVDEC decodes faster ({fps}): consider --hwaccel auto")


def _faster_forms(forms: list[Row], others: list[Row]) -> Iterator[str]:
    for case, row in _fastest(forms).items():
        same = [one for one in [*forms, *others] if _case(one) == case and "ms" in one]
        for one in same:
            is_known = one["form"] in ("published", "fp32", row["form"])
            if not is_known and one["ms"] < row["ms"] * WORTH:
                yield f"{case}: {one['form']} takes {one['ms']:g} ms, {row['form']} {row['ms']:g}"


def _faster_layers(rows: list[Row]) -> Iterator[str]:
    for preset in ("1080p", "4k"):
        ms = {row["way"]: row["ms"] for row in rows if row.get("preset") == preset and "ms" in row}
        best = min(ms, key=lambda way: ms[way], default="lifted")
        if best != "lifted" and ms[best] < ms.get("lifted", float("inf")) * WORTH:
            times = f"takes {ms[best]:g} ms, not {ms['lifted']:g}"
            yield f"swift-srgan {preset}: with its last layer {best} {times}"


def _judge_kernels(rows: list[Row], verdict: Verdict) -> None:
    for row in rows:
        problem = row.get("problem") or row.get("error")
        if problem:
            verdict.unanswered.append(f"kernels of our own: {problem}")
        elif row.get("is_right") is False:
            off = [name for name, case in row["cases"].items() if not case["is_right"]]
            verdict.change.append(f"kernels of our own are wrong in {', '.join(off)}")
        elif row.get("is_faster"):
            line = f"kernels of our own are right and faster: add {row['device']} to PROVED"
            verdict.change.append(line)
