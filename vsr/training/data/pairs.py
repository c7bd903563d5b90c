"""Two folders, low and high resolution of the same pictures → a prepared data set.

Pictures belong together by their path within the folder, else by their name alone. The scale is
what all pairs have in common. Pairs that are shifted against each other teach a network to shift,
and to blur where the shifts differ, so each is measured (`shift`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vsr.errors import InvalidData, InvalidOption
from vsr.kernels import imresize
from vsr.metrics.protocol import luma
from vsr.training.data.cutting import Tally, corners, unwanted
from vsr.training.data.manifest import PAIRS, DatasetManifest, digest_of, low_name
from vsr.training.data.new_set import new_set
from vsr.training.data.partners import Partners, name_in
from vsr.training.data.prepare import Weights, check_weights, find_sources, weight_of
from vsr.training.data.shift import shift_between
from vsr.training.pictures import Pixels, UnusablePicture, decode_picture, is_picture

MAX_SCALE = 8

MAX_SHIFT = 0.5
"""Pixels of the high resolution that a pair may be off: less than a codec's chroma is."""

PATCH = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class PairsSpec:
    """Which folders, and how their patches are cut.

    Attributes:
        low: the folder of low resolution; ``high`` that of the same pictures in high resolution.
        patch: side in pixels of the high resolution; None is the largest up to `PATCH` that fits
            the scale and every picture.
        weights: as in `PrepareSpec`, by the name of the high resolution.
    """

    low: Path
    high: Path
    out: Path
    patch: int | None = None
    weights: Weights = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """One picture twice.

    Attributes:
        name: where the high resolution lies in its folder.
    """

    name: str
    path: Path
    low: Pixels
    high: Pixels

    @property
    def scale(self) -> int:
        """How much larger ``high`` is; 0 if not 1 to 8 times, as a whole, in both directions."""
        (h, w), (rows, columns) = self.low.shape[:2], self.high.shape[:2]
        scale = int(rows // h)
        is_whole = (h * scale, w * scale) == (rows, columns) and scale <= MAX_SCALE
        return scale if is_whole else 0

    def shift(self) -> tuple[float, float] | None:
        """Return (down, right), in pixels of the high resolution; None where nothing tells."""
        h, w = self.low.shape[:2]
        reduced = luma(np.clip(np.rint(imresize(self.high, h, w)), 0, 255).astype(np.uint8))
        shift = shift_between(luma(self.low), reduced)
        return None if shift is None else (shift[0] * self.scale, shift[1] * self.scale)


def prepare_pairs(
    spec: PairsSpec, on_file: Callable[[int, int], None] = lambda *_: None
) -> DatasetManifest:
    """Prepare a data set of pairs. The folder appears under its name only once it is complete.

    Args:
        on_file: called with (files done, files in all).

    Raises:
        InvalidData: no pairs, or sizes that do not fit or shifts in most of them.
        InvalidOption: a weight matches no file, or an impossible ``--patch``.
        OutputExists, UnwritableOutput, NoSpace: the output folder.
    """
    tally = Tally()
    names = _matched(spec, tally)
    check_weights(spec.weights, (high for _, high in names))
    scale, patch = _measured(spec, names)
    with new_set(spec.out) as part:
        with ExitStack() as stack:
            low, high = (
                stack.enter_context((part / name).open("wb"))
                for name in (low_name(scale, PAIRS), "hr.u8")
            )
            for done, pair in enumerate(_decoded(spec, names, tally)):
                on_file(done, len(names))
                if not _fits(pair, tally):
                    continue
                tally.sources += 1
                for small, large in _patches(pair, patch, tally):
                    low.write(small.tobytes())
                    high.write(large.tobytes())
                    tally.weights.append(weight_of(spec.weights, pair.path))
        on_file(len(names), len(names))
        manifest = _manifest(spec, tally, part, scale, patch)
        manifest.write(part)
    return manifest


def _matched(spec: PairsSpec, tally: Tally) -> tuple[tuple[Path, Path], ...]:
    """Return the pictures of both folders that belong together."""
    low, high = (filter(is_picture, find_sources((folder,))) for folder in (spec.low, spec.high))
    partners = Partners.of(low, high, (spec.low, spec.high))
    if not partners.pairs:
        raise InvalidData(
            f"{spec.low} and {spec.high}: no two images have the same name. Rename those that "
            "belong together."
        )
    tally.skipped["without a partner of the same name"] = list(partners.alone)
    return partners.pairs


def _decoded(spec: PairsSpec, names: Sequence[tuple[Path, Path]], tally: Tally) -> Iterator[Pair]:
    for low, high in names:
        name = name_in(high, spec.high)
        try:
            small, large = decode_picture(low), decode_picture(high)
        except UnusablePicture as error:
            tally.skipped[str(error)].append(name)
            continue
        tally.converted.update((*small.conversions, *large.conversions))
        yield Pair(name, high, small.pixels, large.pixels)


def _measured(spec: PairsSpec, names: Sequence[tuple[Path, Path]]) -> tuple[int, int]:
    """Return the scale that all pairs have, and the side of a patch; refuse what does not fit.

    Raises:
        InvalidData: sizes that do not fit in most pairs, other scales, or most pairs shifted alike.
    """
    scale, shifts = 0, []
    fitting, misfits = 0, []
    smallest = PATCH
    for pair in _decoded(spec, names, Tally()):
        if not pair.scale:
            misfits.append(_misfit(pair))
            continue
        if scale and pair.scale != scale:
            raise InvalidData(
                f"{pair.name}: ×{pair.scale}, where others are ×{scale}. Prepare each scale by "
                "itself."
            )
        scale, fitting = pair.scale, fitting + 1
        smallest = min(smallest, *pair.high.shape[:2])
        if (shift := pair.shift()) is not None:
            shifts.append(shift)
    if misfits and len(misfits) >= fitting:
        raise InvalidData(f"{misfits[0]}. Crop one of the two.")
    if not scale:
        raise InvalidData(f"{spec.high}: no image of a pair can be read. Check both folders.")
    down, right = np.median(shifts, axis=0) if shifts else (0.0, 0.0)
    if max(abs(down), abs(right)) > MAX_SHIFT:
        raise InvalidData(
            f"{spec.low}: shifted against {spec.high} by {right:+.1f} px to the right and "
            f"{down:+.1f} px down (median of {len(shifts)} pairs, pixels of the high resolution). "
            "Align the two."
        )
    patch = spec.patch or smallest - smallest % scale
    if patch < 32 or patch % scale:
        raise InvalidOption(f"--patch {patch} must be at least 32 and a multiple of {scale}.")
    return scale, patch


def _misfit(pair: Pair) -> str:
    """Return in words what the sizes of a pair are."""
    (h, w), (rows, columns) = pair.low.shape[:2], pair.high.shape[:2]
    return (
        f"{pair.name}: {w}×{h} and {columns}×{rows} are not 1 to {MAX_SCALE} times as large in "
        "both directions"
    )


def _fits(pair: Pair, tally: Tally) -> bool:
    """Return whether the sizes of a pair fit and it is not shifted; else count it as skipped."""
    if not pair.scale:
        tally.skipped["of sizes that do not fit"].append(pair.name)
        return False
    shift = pair.shift()
    if shift is None or max(map(abs, shift)) <= MAX_SHIFT:
        return True
    tally.skipped["shifted against their partners"].append(pair.name)
    return False


def _patches(pair: Pair, patch: int, tally: Tally) -> Iterator[tuple[Pixels, Pixels]]:
    """Yield the patches of a pair, low and high resolution."""
    height, width = pair.high.shape[:2]
    if min(height, width) < patch:
        tally.dropped["in images smaller than a patch"] += 1
        return
    scale = pair.scale
    small = patch // scale
    for y in corners(height, patch, scale):
        for x in corners(width, patch, scale):
            large = np.ascontiguousarray(pair.high[y : y + patch, x : x + patch])
            if reason := unwanted(large, tally.looks):
                tally.dropped[reason] += 1
                continue
            v, u = y // scale, x // scale
            yield np.ascontiguousarray(pair.low[v : v + small, u : u + small]), large


def _manifest(spec: PairsSpec, tally: Tally, part: Path, scale: int, patch: int) -> DatasetManifest:
    if not tally.weights:
        reasons = [f"{len(names)} {reason}" for reason, names in tally.skipped.items() if names]
        reasons += [f"{count} {reason}" for reason, count in tally.dropped.items()]
        raise InvalidData(
            f"{spec.high}: no usable pair ({', '.join(reasons)}). Give other images, or a smaller "
            "--patch."
        )
    return tally.manifest(
        patch=patch, scales=(scale,), sha256=digest_of(part, [PAIRS]), degradations=(PAIRS,)
    )
