"""Judge how enlarged clips look: table, sheets, loops, and blind pairs.

    VSR_DATA=… python -m tests.benchmarks.looks [table] [--quick] [--candidate NAME=FILE …]
    VSR_DATA=… python -m tests.benchmarks.looks loops --candidate NAME=FILE --folder DIR
    VSR_DATA=… python -m tests.benchmarks.looks pairs --candidate NAME=FILE --folder DIR --key FILE
    python -m tests.benchmarks.looks verdict --key FILE --answers FILE …

``--scale 2`` judges what is enlarged by 2 (``results/looks_x2.md``): sources of the same size, and
networks of ×4, the public one among them, reduced by 2. A candidate is a weights file, a blend
(``NAME=FILE*0.5+FILE*0.5``), or what is corrected as a teacher's pictures are
(``NAME=FILE@tone=6,sharpen=0.8``). What was measured before is kept (``VSR_CACHE``), so that a run
costs only what is new. The table is written to ``results/looks.md`` and ``.json`` beside this
folder (``looks_quick`` with ``--quick``), or to ``--out``; pictures of other films than
``nasa_13013.mp4`` and ``bigbuckbunny.mp4`` stay outside.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.benchmarks.looks import methods, pairs
from tests.benchmarks.looks.clips import CLIPS, SCALE, Clip
from tests.benchmarks.looks.judge import flat, judged
from tests.benchmarks.looks.loops import loop
from tests.benchmarks.looks.methods import TEACHER, Method
from tests.benchmarks.looks.sheets import draw
from tests.benchmarks.looks.table import table

RESULTS = Path(__file__).parents[1] / "results"


def main() -> None:
    """Do what was typed."""
    typed = arguments()
    if typed.mode == "verdict":
        print(pairs.verdict(typed.key, typed.answers))
        return
    scale = typed.scale
    every = [methods.by_lanczos(scale), methods.by_default(scale)]
    every += [methods.by_candidate(text, scale) for text in typed.candidate]
    every += [methods.by_rival(name, scale) for name in typed.rivals.split(",") if name]
    match = typed.match or every[2].name
    if typed.mode == "table":
        measure(typed, [*every, methods.by_default(scale, in_int8=True)], match)
    elif typed.mode == "pairs":
        clips = [clip for clip in _clips(typed) if clip.half == typed.half]
        count = pairs.write(clips, every, every[2].name, typed)
        print(f"{count} pairs in {typed.folder}, their key in {typed.key}")
    else:
        for clip in _clips(typed):
            if path := loop(clip, every, match, typed.folder):
                print(path, flush=True)


def arguments() -> argparse.Namespace:
    """Return what was typed."""
    parser = argparse.ArgumentParser(description=__doc__)
    modes = ("table", "loops", "pairs", "verdict")
    parser.add_argument("mode", nargs="?", choices=modes, default="table")
    parser.add_argument("--quick", action="store_true", help="only half of the choosing clips")
    parser.add_argument("--scale", type=int, choices=(4, 2), default=4, help="of what is enlarged")
    parser.add_argument("--only", default="", metavar="TEXT", help="clips with this in their name")
    parser.add_argument("--candidate", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--rivals", default=TEACHER, help="general-x4v3,x4plus")
    parser.add_argument("--match", default="", help="whose acutance the unsharp mask is given")
    parser.add_argument("--sheets", type=Path, help="a folder outside the project for pictures")
    parser.add_argument("--out", type=Path, help="the JSON file; the table lies beside it")
    parser.add_argument("--folder", type=Path, help="for loops or pairs")
    parser.add_argument("--half", choices=("report", "choose"), default="report", help="of pairs")
    parser.add_argument("--key", type=Path, help="where the names behind A and B are kept")
    parser.add_argument("--seed", type=int, default=0, help="of the order of pairs")
    parser.add_argument("--answers", type=Path, nargs="*", default=[], help="lines such as 07 B")
    return parser.parse_args()


def measure(typed: argparse.Namespace, every: list[Method], match: str) -> None:
    """Write the table and, if asked to, the sheets."""
    found: dict[str, Any] = {
        "scale": typed.scale,
        "flat": {m.name: flat(m) for m in every},
        "clips": {},
    }
    for clip in _clips(typed):
        row, shown = judged(clip, every, match)
        found["clips"][clip.name] = {
            "half": clip.half,
            "what": clip.what,
            "purpose": clip.purpose,
            "scores": row,
        }
        if typed.sheets:
            draw(typed.sheets, clip, shown)
        print(clip.name, {name: _first(one) for name, one in row.items()}, flush=True)
    name = f"looks{'' if typed.scale == SCALE else f'_x{typed.scale}'}{'_quick' * typed.quick}.json"
    out = typed.out or RESULTS / name
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(found, indent=1) + "\n")
    text = table(found)
    out.with_suffix(".md").write_text(text)
    print(text)


def _clips(typed: argparse.Namespace) -> list[Clip]:
    every = [replace(clip, scale=typed.scale) for clip in CLIPS]
    clips = [clip for clip in every if clip.is_quick or not typed.quick]
    return [clip for clip in clips if typed.only in f"{clip.name}, {clip.half}"]


def _first(values: dict[str, Any]) -> float | None:
    """Return a clip's first figure, to be told while the benchmark runs."""
    first = next(iter(values.values()), None)
    return None if first is None else round(first, 2)


if __name__ == "__main__":
    main()
