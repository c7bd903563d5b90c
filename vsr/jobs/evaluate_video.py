"""``vsr evaluate REFERENCE RESULT``: one video against another, frame by frame."""

from __future__ import annotations

from itertools import dropwhile, zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vsr.colour import Codes, Range
from vsr.errors import InvalidData
from vsr.frames import HostFrame
from vsr.jobs.estimate.moments import seconds_at
from vsr.jobs.preview.beginning import beginning_of
from vsr.jobs.progress import Count, Note, ignore
from vsr.jobs.upscale.source_film import films_of
from vsr.media.reading.black_bars import as_shown
from vsr.media.reading.probe import probe
from vsr.media.reading.reader import Reader
from vsr.media.source.info import MediaInfo
from vsr.metrics.evaluation import Evaluation, NamedScores, Scores, mean_of
from vsr.metrics.flicker import FlickerMeter
from vsr.metrics.scores import CEILING_DB, WINDOW, psnr, ssim
from vsr.wording import counted

ROUNDED_SECONDS = 1e-4
"""How far the start that a part names may be from the time of its first frame: it is written
rounded."""


def evaluate_video(
    reference: Path,
    result: Path,
    on_progress: Count = lambda _done, _of: None,
    note: Note = ignore,
) -> Evaluation:
    """Measure the luma of ``result`` against that of ``reference``, and its flicker.

    Frames are paired by number, from where a part says that it begins, and only two of each video
    are held at once. What a header hides of each frame is not measured. Codes of any depth and
    range are brought to limited-range 8-bit codes first, without rounding.

    Args:
        note: called with what is assumed of images.

    Raises:
        MediaError: a film cannot be opened.
        InvalidData: they differ in size, or are smaller than SSIM's window.
        DecodingFailed: a film cannot be read any further.
    """
    with films_of(reference, result, note) as (truth, made):
        infos = as_shown(probe(truth)), as_shown(probe(made))
        _check_sizes(*infos)
        return _measured(infos, (reference, result), on_progress)


def _measured(
    infos: tuple[MediaInfo, MediaInfo], sources: tuple[Path, Path], on_progress: Count
) -> Evaluation:
    start = beginning_of(infos, None).seconds

    def is_before(frame: HostFrame) -> bool:
        return seconds_at(infos[0], frame.pts) < start - ROUNDED_SECONDS

    meter, named, unpaired = FlickerMeter(), [], 0
    readers = (Reader.open(info.path, info) for info in infos)
    with next(readers) as truth, next(readers) as made:
        known = dropwhile(is_before, truth.frames())
        for number, (true, ours) in enumerate(zip_longest(known, made.frames())):
            if true is None or ours is None:
                unpaired += 1
                continue
            true_luma, our_luma = luma_codes(true), luma_codes(ours)
            meter.add(true_luma, our_luma)
            named.append(NamedScores(str(number), luma_scores(true_luma, our_luma)))
            on_progress(len(named), infos[0].video.frames_in_header)
    if not named:
        what = f"{sources[1]}: no frame of it could be compared with {sources[0]}"
        raise InvalidData(f"{what}. Check that both play.")
    about = {"reference": str(sources[0]), "result": str(sources[1]), "count": len(named)}
    about |= {"start": start} if start else {}
    what = f"{counted(unpaired)} of the longer video without a counterpart"
    skipped = (what,) if unpaired else ()
    mean = mean_of([item.scores for item in named])
    return Evaluation(
        about=about, mean=mean, pictures=tuple(named), flicker=meter.flicker(), skipped=skipped
    )


def luma_codes(frame: HostFrame) -> NDArray[np.float64]:
    """Return the luma (H, W) in limited-range 8-bit codes, not rounded."""
    own = Codes.of(frame.layout.bits, frame.colour.range)
    common = Codes.of(8, Range.LIMITED)
    amplitude = (frame.planes[0].astype(np.float64) - own.luma_offset) / own.luma_scale
    return common.luma_offset + common.luma_scale * amplitude


def luma_scores(truth: NDArray[np.float64], result: NDArray[np.float64]) -> Scores:
    """Return PSNR and SSIM of lumas as `luma_codes` gives them, at least `WINDOW` a side."""
    return Scores(psnr_y=min(psnr(truth, result), CEILING_DB), ssim_y=ssim(truth, result))


def _check_sizes(reference: MediaInfo, result: MediaInfo) -> None:
    ours, theirs = result.video.size, reference.video.size
    if ours != theirs:
        raise InvalidData(
            f"{result.path}: {ours} cannot be compared with {theirs} of {reference.path}. "
            f"Upscale to the reference's size first."
        )
    if min(ours.width, ours.height) < WINDOW:
        raise InvalidData(
            f"{result.path}: {ours} is smaller than SSIM's window. Give videos of "
            f"{WINDOW}×{WINDOW} or more."
        )
