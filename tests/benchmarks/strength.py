"""Fit ``--strength auto``: measure which strength suits a clip, by how it is compressed.

    VSR_DATA=… python -m tests.benchmarks.strength

The clips that settings are chosen on, at two sizes, are compressed by three codecs at several
qualities and enlarged at each strength. What suits best is fitted by lines over the quantiser and
over how much blocks show, whose coefficients are printed, with what is lost against the best
strength of each clip. ``vsr/jobs/upscale/strength.py`` has those of both. Measurements are kept in
``results/strength.json``.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks import video_clips
from tests.benchmarks.video_clips import SCALE, SOURCES, Source, encode_as, reduced
from tests.benchmarks.video_methods import Method, enlarged
from vsr.jobs.upscale.segment_worker import SegmentWorker
from vsr.jobs.upscale.strength import condition_of
from vsr.media.reading.probe import probe
from vsr.metrics.scores import psnr
from vsr.values import TimeRange

RESULT = Path(__file__).with_name("results") / "strength.json"
STRENGTHS = (0.0, 1 / 3, 2 / 3, 1.0)
CODED, FIRST, FRAMES = 64, 18, 5
"""Pictures that are compressed, and those of them that are enlarged: well behind the key one."""

QUALITIES = (
    *(("libx264", {"crf": str(crf)}) for crf in (14, 18, 23, 28, 34)),
    *(("libx265", {"crf": str(crf), "x265-params": "log-level=none"}) for crf in (20, 30)),
    *(("mpeg4", {"qmin": str(q), "qmax": str(q)}) for q in (3, 8)),
)
"""Encoders and what they are asked for."""

X265_BLOCK = 64
"""libx265 was seen to write past its memory (and abort) with a picture of 44×36."""

Row = dict[str, Any]
Fit = NDArray[np.float64]


def main() -> None:
    """Measure what is not measured yet, then fit."""
    rows: list[Row] = json.loads(RESULT.read_text()) if RESULT.exists() else []
    known = {row["name"] for row in rows}
    for source in sources():
        if source_name(source) not in known:
            rows += measured(source)
            RESULT.write_text(json.dumps(rows, indent=1) + "\n")
    for kind, features in KINDS.items():
        fit = fitted(rows, features)
        left_out = fmean(
            regret([row for row in rows if row["clip"] == clip], fitted(others, features), features)
            for clip in {row["clip"] for row in rows}
            if (others := [row for row in rows if row["clip"] != clip])
        )
        loss = regret(rows, fit, features)
        print(
            f"{kind:28} {np.round(fit, 3)}  loses {loss:.3f} dB, of clips left out {left_out:.3f}"
        )
    for strength in STRENGTHS:
        lost = fmean(max(row["psnr"]) - at(row, strength) for row in rows)
        print(f"always {strength:g}: loses {lost:.3f} dB")


def sources() -> Iterator[Source]:
    """Yield the clips to fit on; those that are halved for the benchmark, in full as well."""
    for source in SOURCES:
        if source.is_tuned:
            yield source
            if source.halved:
                yield replace(source, halved=False)


def source_name(source: Source) -> str:
    """Return the clip's name, told from its other size."""
    return f"{source.name}{'/2' if source.halved else ''}"


def measured(source: Source) -> Iterator[Row]:
    """Yield for each quality how the clip is compressed, and its PSNR at each strength."""
    whole = video_clips.truth(Path(os.environ["VSR_DATA"]) / "clips", source, CODED)
    small, pictures = [reduced(planes) for planes in whole], whole[FIRST : FIRST + FRAMES]
    time = TimeRange(start_seconds=float(FIRST / video_clips.RATE), max_frames=FRAMES)
    inner = slice(SCALE, -SCALE)
    with tempfile.TemporaryDirectory() as scratch, closing(SegmentWorker()) as worker:
        for index, (encoder, options) in enumerate(QUALITIES):
            if encoder == "libx265" and min(small[0][0].shape) < X265_BLOCK:
                continue
            clip = encode_as(Path(scratch) / f"{index}.mkv", small, encoder, options)
            info = probe(clip)
            condition = condition_of(info)
            assert condition is not None
            values = []
            for strength in STRENGTHS:
                _, result = enlarged(Method(strength=strength), clip, [], worker, time=time)
                values.append(
                    fmean(
                        psnr(true[0][inner, inner], own[0][inner, inner])
                        for true, own in zip(pictures, result, strict=True)
                    )
                )
            row = {
                "name": source_name(source),
                "clip": source.name,
                "encoder": f"{encoder} {options}",
                "quantiser": round(condition.quantiser, 2),
                "blockiness": round(condition.blockiness, 4),
                "psnr": [round(value, 4) for value in values],
            }
            print(row["name"], row["encoder"], row["psnr"], flush=True)
            yield row


KINDS: dict[str, Callable[[Row], tuple[float, ...]]] = {
    "quantiser / 10": lambda row: (1.0, row["quantiser"] / 10),
    "blocks": lambda row: (1.0, row["blockiness"]),
    "quantiser / 10, blocks": lambda row: (1.0, row["quantiser"] / 10, row["blockiness"]),
}
"""What a fit may look at; its first coefficient is a constant."""


def at(row: Row, strength: float) -> float:
    """Return the PSNR of a row at any strength, linear between those measured."""
    return float(np.interp(strength, STRENGTHS, row["psnr"]))


def regret(rows: Sequence[Row], fit: Fit, features: Callable[[Row], tuple[float, ...]]) -> float:
    """Return how much is lost against the best strength of each row, in dB, on the mean."""
    return fmean(
        max(row["psnr"]) - at(row, float(np.clip(fit @ np.array(features(row)), 0, 1)))
        for row in rows
    )


def fitted(rows: Sequence[Row], features: Callable[[Row], tuple[float, ...]]) -> Fit:
    """Return the coefficients that lose least, by descent along each in turn; none but the first
    is negative, so that coarser films and more blocks never ask for less."""
    best = np.array([0.5] + [0.0] * (len(features(rows[0])) - 1))
    step = 0.5
    while step > 0.005:
        trials = [
            best + move
            for axis in range(len(best))
            for other in range(len(best))
            for move in _moves(len(best), axis, other, step)
            if (best + move)[1:].min() >= 0
        ]
        nearest = min(trials, key=lambda fit: regret(rows, fit, features))
        if regret(rows, nearest, features) < regret(rows, best, features) - 1e-6:
            best = nearest
        else:
            step /= 2
    return best


def _moves(count: int, axis: int, other: int, step: float) -> Iterator[Fit]:
    """Yield steps along one axis, or along two at once."""
    for sign in (-step, step):
        for second in (0.0, -2 * step, 2 * step):
            move = np.zeros(count)
            move[axis] += sign
            move[other] += second if other != axis else 0.0
            yield move


if __name__ == "__main__":
    main()
