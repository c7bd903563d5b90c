"""Every container family damaged in six ways: nothing hangs, intact frames arrive, losses are said.

The reference is FFmpeg in one thread, past every error. A frame is intact if it is one of the whole
film's: what a decoder patches up differs from run to run.
"""

import random
from functools import cache
from pathlib import Path

import pytest

from tests.media.damage import DAMAGES, FAMILIES, FRAMES, found_in, reference, write_family
from vsr.errors import VsrError

UNTOLD = {
    "h264": set(DAMAGES),
    "ts": {"truncated", "flipped bits"},
    "nut": {"truncated", "flipped bits"},
}
"""What nothing in a file tells: a raw stream has no times, and a recording may end anywhere."""

MOST_UNTOLD = 0.15
"""Of the variants of a damage, those that may lose something that the file does not tell: the last
frame, the header of a packet of AVI, a payload of ASF.
"""

MOST_PATCHED = 10
"""Frames after an error that happen to be as in the whole film once, but not another time."""

FEW, MANY = 1, 200


@cache
def whole(suffix: str, folder: Path) -> tuple[bytes, frozenset[bytes]]:
    """Return a film as bytes, and its frames."""
    path = write_family(folder, suffix)
    found = found_in(path)
    assert not isinstance(found, VsrError)
    assert (len(found.frames), found.losses) == (FRAMES, "")
    return path.read_bytes(), frozenset(found.frames)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("families")


def untold_losses(suffix: str, kind: str, folder: Path, variants: int) -> int:
    """Damage a film in so many ways; return in how many frames are lost and nothing is said."""
    data, frames = whole(suffix, folder)
    path, untold = folder / f"damaged.{suffix}", 0
    for seed in range(variants):
        rng = random.Random(f"{suffix} {kind} {seed}")
        path.write_bytes(DAMAGES[kind](data, rng))
        found, decoded = found_in(path), reference(path)
        if isinstance(found, VsrError):
            assert not decoded, (seed, str(found))
            assert "\n" not in str(found)
            continue
        assert len(found.frames) >= len(decoded), seed
        patched = (set(decoded) & frames) - set(found.frames)
        assert len(patched) <= (MOST_PATCHED if found.losses else 0), seed
        threads = found_in(path, threads=3)
        assert not isinstance(threads, VsrError)
        assert len(threads.frames) == len(found.frames), seed
        untold += len(found.frames) < FRAMES and not found.losses
    return untold


@pytest.mark.parametrize("kind", DAMAGES)
@pytest.mark.parametrize("suffix", FAMILIES)
def test_a_damaged_file_is_read_as_far_as_it_goes(suffix: str, kind: str, folder: Path) -> None:
    untold = untold_losses(suffix, kind, folder, FEW)
    assert untold == 0 or kind in UNTOLD.get(suffix, ())


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", DAMAGES)
@pytest.mark.parametrize("suffix", FAMILIES)
def test_so_are_many_variants_of_it(suffix: str, kind: str, folder: Path) -> None:
    variants = -(-MANY // len(DAMAGES))
    untold = untold_losses(suffix, kind, folder, variants)
    assert untold <= MOST_UNTOLD * variants or kind in UNTOLD.get(suffix, ())
