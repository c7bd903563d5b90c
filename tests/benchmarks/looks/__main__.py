"""Judge how enlarged clips look, and write the table.

    VSR_DATA=… python -m tests.benchmarks.looks [--quick] [--candidate NAME=FILE …] [--sheets DIR]

A candidate is a weights file of the plain family, or a blend: ``NAME=FILE*0.5+FILE*0.5``. What was
measured before is kept (``VSR_CACHE``), so that a run costs only what is new. Results are written
to ``results/looks.md`` and ``.json`` beside this folder (``looks_quick`` with ``--quick``), or to
``--out``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.looks import cache, methods, score, tones
from tests.benchmarks.looks.clips import CLIPS, Clip, Material, material
from tests.benchmarks.looks.methods import LANCZOS, SLOW, TEACHER, Method
from tests.benchmarks.looks.score import LOOKED_AT, Scene
from tests.benchmarks.looks.sheets import draw
from tests.benchmarks.looks.table import table

RESULTS = Path(__file__).parents[1] / "results"
VERSION = cache.digest(
    [
        file.read_text()
        for file in sorted(Path(__file__).parent.glob("*.py"))
        if file.stem in ("score", "sharpness", "tones")
    ]
)  # figures are measured anew when a measure changes


def main() -> None:
    """Measure, then write the table and, if asked to, the sheets."""
    typed = arguments()
    every = [methods.by_lanczos(), methods.by_default()]
    every += [methods.by_candidate(text) for text in typed.candidate]
    every += [methods.by_rival(name) for name in typed.rivals.split(",") if name]
    clips = [clip for clip in CLIPS if clip.is_quick or not typed.quick]
    found: dict[str, Any] = {"flat": {m.name: flat(m) for m in every}, "clips": {}}
    for clip in clips:
        row, shown = judged(clip, every, typed.match or _matched(typed.candidate))
        found["clips"][clip.name] = {"half": clip.half, "what": clip.what, "scores": row}
        if typed.sheets:
            draw(typed.sheets, clip, shown)
        print(clip.name, {name: _short(one) for name, one in row.items()}, flush=True)
    out = typed.out or RESULTS / ("looks_quick.json" if typed.quick else "looks.json")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(found, indent=1) + "\n")
    text = table(found)
    out.with_suffix(".md").write_text(text)
    print(text)


def arguments() -> argparse.Namespace:
    """Return what was typed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only half of the choosing clips")
    parser.add_argument("--candidate", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--rivals", default=TEACHER, help="general-x4v3,x4plus, or nothing")
    parser.add_argument("--match", default="", help="whose acutance the unsharp mask is given")
    parser.add_argument("--sheets", type=Path, help="a folder outside the project for pictures")
    parser.add_argument("--out", type=Path, help="the JSON file; the table lies beside it")
    return parser.parse_args()


def flat(method: Method) -> dict[str, Any]:
    """Return what becomes of flat fields, at the strength of a typical film."""

    def measured() -> dict[str, Any]:
        fields = tones.flat_fields(partial(method.enlarge, strength=0.6))
        return {"worst": fields.worst, "is_exact": fields.is_exact}

    return cache.kept_values(cache.digest("flat", method.key, VERSION), measured)


def judged(
    clip: Clip, every: Sequence[Method], match: str
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the figures of each method on a clip, and the frames to be looked at."""
    given = material(clip)
    results = {method.name: enlarged(method, given) for method in every}
    scene = Scene.of(clip, given, results[LANCZOS], results.get(TEACHER))
    row = {m.name: _scores(scene, m.key, pictures(results[m.name])) for m in every}
    target = row[match]["acutance"]
    if target is not None:
        name, frames = matched_unsharp(scene, match, target)
        results[name] = frames
        row[name] = _scores(scene, cache.digest(name, target), pictures(frames))
    if given.truth is not None:
        results["truth"] = given.truth
        row["truth"] = _scores(scene, "truth", pictures(given.truth))
    return row, results


def enlarged(method: Method, given: Material) -> np.ndarray:
    """Return a method's frames, from the cache if they are there: slow methods' few."""
    source = given.source[list(LOOKED_AT)] if method.name in SLOW else given.source
    make = partial(method.frames, source, given.strength)
    if method.name == LANCZOS:
        return make()
    return cache.kept_array(cache.digest(method.key, given.key, len(source)), make)


def pictures(frames: np.ndarray) -> np.ndarray:
    """Return the frames that are judged as single pictures."""
    return frames if len(frames) == len(LOOKED_AT) else frames[list(LOOKED_AT)]


def matched_unsharp(scene: Scene, match: str, target: float) -> tuple[str, np.ndarray]:
    """Return Lanczos with an unsharp mask of equal acutance, by bisection."""
    base = pictures(scene.lanczos)
    lost = methods.detail(base)
    low, high = 0.0, 8.0
    for _ in range(10):
        amount = (low + high) / 2
        own = scene.acutance(methods.to_codes(base + amount * lost))
        assert own is not None
        low, high = (amount, high) if own < target else (low, amount)
    amount = (low + high) / 2
    whole = [methods.to_codes(one + amount * methods.detail(one[None])[0]) for one in scene.lanczos]
    return f"unsharp = {match}", np.stack(whole)


def _scores(scene: Scene, key: str, frames: np.ndarray) -> dict[str, Any]:
    teacher = scene.teacher is not None
    whole = cache.digest("scores", key, scene.material.key, VERSION, teacher)
    return cache.kept_values(whole, lambda: score.scores(scene, frames))


def _matched(candidates: Sequence[str]) -> str:
    """Name the method whose acutance the unsharp mask gets: the first candidate, or the rival."""
    return candidates[0].partition("=")[0] if candidates else TEACHER


def _short(values: dict[str, Any]) -> float | None:
    return values["acutance"] and round(values["acutance"], 2)


if __name__ == "__main__":
    main()
