"""Judge the look ``tape``: ``python -m tests.benchmarks.tape [--sheets DIR] [NAME=FILE …]``.

Needs the shared data of ``VSR_DATA``. Films are halved, worn as a tape wears them
(`tests.benchmarks.looks.wear.taped`, which nothing was trained with), coded by the codecs that
tapes are digitised to, and enlarged ×2 by Lanczos, by ``fast`` as ``--strength auto`` makes it (the
look before it had a network of its own), by the default look, by ``tape`` and by
realesr-general-x4v3, reduced by 2. The measures are those of `tests.benchmarks.looks`; the table is
``results/tape.md``.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from torch import nn

from tests.benchmarks.looks import methods
from tests.benchmarks.looks.clips import Clip, Coding, crf, mpeg4
from tests.benchmarks.looks.judge import flat, judged
from tests.benchmarks.looks.methods import TEACHER, Method
from tests.benchmarks.looks.sheets import draw
from tests.benchmarks.looks.table import table
from vsr.models import catalog
from vsr.models.int8.features import quantise
from vsr.models.int8.network import with_integers
from vsr.models.plain import Plain
from vsr.models.weights_files import files_of
from vsr.values import Blend

RESULT = Path(__file__).parent / "results" / "tape.json"

HEAD = "The look `tape` (`python -m tests.benchmarks.tape`, which says what is measured).\n\n"

SCALE = 2


def mpeg2(q: int) -> Coding:
    """Return MPEG-2 of a constant quantiser."""
    return Coding(encoder="mpeg2video", options={"qmin": str(q), "qmax": str(q)})


def _taped(file: str, what: str, coding: Coding, start: float = 0.0, **more: Any) -> Clip:
    return Clip(
        file=file, what=what, half="report", start_seconds=start, coding=coding, wear="tape",
        scale=SCALE, **more,
    )  # fmt: skip


CLIPS = (
    _taped("demo.mp4", "people", mpeg4(4), 3.0),
    _taped("vfr_640x480.webm", "hand, shelf", mpeg2(4)),
    _taped("flipping_a_pancake.mkv", "cloth", mpeg2(3), 4.0),
    _taped("bikes.mp4", "street", crf(23), 8.0),
    _taped("cockatoo.mp4", "bird", mpeg2(6), 10.0, halved=True),
    _taped("sample_rotate_and_reflect.mp4", "face", mpeg4(3), halved=True),
    _taped("realshort.mp4", "plant, room", crf(20)),
    _taped("bigbuckbunny.mp4", "animation", mpeg2(5), 2.4, halved=True),
)


def by_strength() -> Method:
    """Return ``fast`` with the strength of the film and nothing drawn."""

    @cache
    def network(blend: Blend) -> nn.Module:
        net = catalog.load("fast", SCALE, replace(blend, sharpness=0.0)).net
        assert net is not None
        return methods.as_written(net)

    return Method(name="fast, auto", key=f"strength {_key('fast')}", network=network, scale=SCALE)


def by_integers() -> Method:
    """Return ``tape`` as an x86 CPU computes it."""

    @cache
    def network(blend: Blend) -> nn.Module:
        net = catalog.load("tape", SCALE).net
        assert isinstance(net, Plain)
        return methods._Written(with_integers(net, quantise(net)), SCALE)

    @cache
    def counted(blend: Blend) -> nn.Module:
        net = catalog.load("tape", SCALE).net
        assert net is not None
        return net

    key = f"int8 {_key('tape')}"
    return Method(name="tape, int8", key=key, network=network, counted=counted, scale=SCALE)


def _key(name: str) -> str:
    model = catalog.load(name, SCALE, Blend(strength=1.0) if name == "fast" else Blend())
    return f"{model.sha256[:16]}{methods.MENDED}"


def main() -> None:
    """Measure, then write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sheets", type=Path, help="a folder outside the project for pictures")
    parser.add_argument("candidates", nargs="*", metavar="NAME=FILE", help="others")
    typed = parser.parse_args()
    own = files_of("tape")[SCALE].path
    every = [methods.by_lanczos(SCALE), by_strength(), methods.by_default(SCALE)]
    every += [methods.by_candidate(one, SCALE) for one in (f"tape={own}", *typed.candidates)]
    every += [by_integers(), methods.by_rival(TEACHER, SCALE)]
    found: dict[str, Any] = {
        "scale": SCALE, "flat": {one.name: flat(one) for one in every}, "clips": {},
    }  # fmt: skip
    for clip in CLIPS:
        row, shown = judged(clip, every, "tape")
        found["clips"][f"{clip.what}, {clip.coding}"] = {"half": clip.half, "scores": row}
        if typed.sheets:
            draw(typed.sheets, clip, shown)
        print(clip.name, flush=True)
    RESULT.write_text(json.dumps(found, indent=1) + "\n")
    text = HEAD + table(found)
    RESULT.with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
