"""What decoders drop at both ends of a copied sound is told to mp4 too, to the sample."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import Audio, write_clip
from tests.media.written import carry
from vsr.media.clock import rounded

OPUS = Audio(codec="libopus", seconds=0.487)
MP3 = Audio(codec="libmp3lame", seconds=0.487)

HALF_A_TICK = 24
"""Samples of half a millisecond, Matroska's tick."""


def heard(path: Path) -> np.ndarray:
    """Return the samples that a decoder gives, (channels, n)."""
    with av.open(str(path)) as container:
        return np.concatenate([one.to_ndarray() for one in container.decode(audio=0)], axis=1)


def samples_in_header(path: Path) -> int:
    """Return how many samples mp4 tells to be heard."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        return rounded(stream.duration * stream.time_base * stream.codec_context.sample_rate)


@pytest.mark.parametrize("sound", [OPUS, MP3], ids=lambda one: one.codec)
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_the_same_samples_are_heard(tmp_path: Path, sound: Audio, suffix: str) -> None:
    source, target = tmp_path / "in.mkv", tmp_path / f"out.{suffix}"
    write_clip(source, frames=12, audio=[sound])
    carry(source, target)

    before, after = heard(source), heard(target)
    count = before.shape[1]
    assert np.array_equal(before, after[:, :count])
    if suffix == "mkv":
        assert after.shape[1] == count
    else:  # FFmpeg's decoders do not look at where mp4 ends
        assert samples_in_header(target) == pytest.approx(count, abs=HALF_A_TICK)
