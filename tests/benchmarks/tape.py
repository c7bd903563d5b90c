"""Judge the look ``tape``: ``python -m tests.benchmarks.tape [--sheets DIR] [NAME=FILE …]``.

Needs the shared data of ``VSR_DATA``. Films are halved; worn as VHS wears them, or less, as S-VHS
or Hi8 do (`tests.benchmarks.looks.wear`, which nothing was trained with), and coded by the codecs
that tapes are digitised to; or not worn and coded frame by frame, as on MiniDV. Then they are
enlarged ×2 by Lanczos, by ``fast`` as ``--strength auto`` makes it (the look before it had a
network of its own), by the default look, by ``tape``, and by realesr-general-x4v3, reduced by 2.
The measures are those of `tests.benchmarks.looks`; the table is ``results/tape.md``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from statistics import fmean
from typing import Any

from torch import nn

from tests.benchmarks.looks import methods
from tests.benchmarks.looks.clips import Clip, Coding, crf, mpeg4
from tests.benchmarks.looks.judge import judged
from tests.benchmarks.looks.methods import LANCZOS, TEACHER, Method
from tests.benchmarks.looks.sheets import draw
from tests.benchmarks.looks.written import as_written, written_in_integers
from vsr.models import catalog
from vsr.models.plain import Plain
from vsr.models.weights_files import files_of
from vsr.values import Blend

RESULT = Path(__file__).parent / "results" / "tape.json"

HEAD = """\
The look `tape` (`python -m tests.benchmarks.tape`, which says what is measured), beside Lanczos:
mean (and worst) over films. Features are the MobileNet cosine; lower is better. How much of what
was trained is in the weights was chosen by the first films of each kind.
"""

SCALE = 2


def mpeg2(q: int) -> Coding:
    """Return MPEG-2 of a constant quantiser."""
    return Coding(encoder="mpeg2video", options={"qmin": str(q), "qmax": str(q)})


FRAME_BY_FRAME = Coding(
    encoder="mjpeg", options={"qmin": "3", "qmax": "3", "g": "1", "strict": "unofficial"}
)
"""As DV codes; its own encoder takes pictures of 720 columns only."""

KINDS = {
    "worn as by VHS": "tape",
    "worn less, as by S-VHS and Hi8": "good tape",
    "not worn, coded frame by frame as MiniDV": "",
}

choosing = partial(Clip, half="choose", scale=SCALE)
reporting = partial(Clip, half="report", scale=SCALE)

CLIPS = (
    choosing(file="demo.mp4", what="people", coding=mpeg4(4), start_seconds=3.0),
    choosing(file="flipping_a_pancake.mkv", what="cloth", coding=mpeg2(3), start_seconds=4.0),
    choosing(file="bikes.mp4", what="street", coding=crf(23), start_seconds=8.0),
    choosing(file="cockatoo.mp4", what="bird", coding=mpeg2(6), start_seconds=10.0, halved=True),
    choosing(
        file="bigbuckbunny.mp4", what="animation", coding=mpeg2(5), start_seconds=2.4, halved=True
    ),
    reporting(file="vfr_640x480.webm", what="hand, shelf", coding=mpeg2(4)),
    reporting(file="sample_rotate_and_reflect.mp4", what="face", coding=mpeg4(3), halved=True),
    reporting(file="realshort.mp4", what="plant, room", coding=crf(20)),
)


def by_strength() -> Method:
    """Return ``fast`` with the strength of the film and nothing drawn."""

    @cache
    def network(blend: Blend) -> nn.Module:
        net = catalog.load("fast", SCALE, replace(blend, sharpness=0.0)).net
        assert net is not None
        return as_written(net)

    key = catalog.load("fast", SCALE, Blend(strength=1.0)).sha256
    return Method(
        name="fast, auto",
        key=f"strength {key}{methods.MENDED}{methods.STEADIED}",
        network=network,
        scale=SCALE,
        is_steady=lambda blend: blend.sharpness > 0,  # as auto draws: on what is compressed
    )


def by_integers() -> Method:
    """Return ``tape`` as an x86 CPU computes it."""
    model = catalog.load("tape", SCALE)

    @cache
    def network(blend: Blend) -> nn.Module:
        assert isinstance(model.net, Plain)
        return written_in_integers(model.net, restores_tape=True)

    return Method(
        name="tape, int8",
        key=f"int8, own means {model.sha256}{methods.STEADIED}",
        network=network,
        scale=SCALE,
        is_steady=lambda blend: True,
    )


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
    found: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    for kind, wear in KINDS.items():
        for clip in CLIPS:
            worn = replace(clip, wear=wear, coding=clip.coding if wear else FRAME_BY_FRAME)
            row, shown = judged(worn, every, "tape")
            found[kind][clip.what] = {"half": clip.half, "scores": row}
            if typed.sheets:
                draw(typed.sheets, worn, shown)
            print(worn.name, flush=True)
    RESULT.write_text(json.dumps(found, indent=1) + "\n")
    text = "\n".join([HEAD, *_tables(found)])
    RESULT.with_suffix(".md").write_text(text)
    print(text)


def _tables(found: dict[str, dict[str, Any]]) -> Iterator[str]:
    for kind, films in found.items():
        for half, title in (("choose", "to choose by"), ("report", "only reported")):
            rows = [film["scores"] for film in films.values() if film["half"] == half]
            yield f"## {kind[0].upper()}{kind[1:]}: {len(rows)} films {title}\n"
            yield "| | luma, dB | colours, dB | edges as sharp | along motion | features |"
            yield "|---|---|---|---|---|---|"
            for name in rows[0]:
                if not name.startswith("unsharp"):
                    yield _line(name, rows)
            yield ""


def _line(name: str, rows: list[dict[str, Any]]) -> str:
    own, base = [row[name] for row in rows], [row[LANCZOS] for row in rows]
    pairs = list(zip(own, base, strict=True))
    luma, colour = ([a[key] - b[key] for a, b in pairs] for key in ("psnr_y", "psnr_c"))
    edges = _mean([one["acutance"] for one in own])
    motion = _mean([a["boiling"] and a["boiling"] / b["boiling"] for a, b in pairs])
    gains = "– | –" if name == "truth" else f"{_gain(luma)} | {_gain(colour)}"
    features = _mean([one["cosine"] for one in own])
    return f"| {name} | {gains} | {edges} | {motion} | {features} |"


def _mean(values: list[float | None]) -> str:
    """Return the mean of those films of which there is one."""
    found = [value for value in values if value is not None]
    return f"{fmean(found):.2f}" if found else "–"


def _gain(values: list[float]) -> str:
    return f"{fmean(values):+.2f} ({min(values):+.2f})"


if __name__ == "__main__":
    main()
