"""The same frames give the same bytes, whatever lay in memory before."""

import ctypes
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from vsr.frames import HostFrame, Layout
from vsr.media.encoding import repeatable
from vsr.media.encoding.choose_encoder import EncoderInput, choose
from vsr.media.encoding.encoding import Encoding, OutputVideo
from vsr.specs import EncodeSpec
from vsr.values import Size

Options = dict[str, str]

M_PERTURB = -6
"""Of glibc's mallopt: fresh memory is filled with the complement of this byte."""

SIDE = Size(96, 96)
"""Six blocks across: where x264 with AVX-512 goes by what lies beyond a row."""


@pytest.fixture
def filled() -> Iterator[Callable[[int], None]]:
    """Have fresh memory filled with a byte."""
    if not sys.platform.startswith("linux"):
        pytest.skip("glibc's mallopt is not here")
    libc = ctypes.CDLL(None)
    yield lambda byte: libc.mallopt(M_PERTURB, byte ^ 0xFF)
    libc.mallopt(M_PERTURB, 0)


def frames() -> list[HostFrame]:
    """Return waves that move, each way, in noise."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[: SIDE.height, : SIDE.width]
    chroma = (np.full((SIDE.height // 2, SIDE.width // 2), 128, np.uint8),) * 2
    found = []
    for k in range(24):
        waves = 128 + 50 * np.sin((x + 3 * k) / 9) + 40 * np.cos((y - 2 * k) / 7)
        luma = (waves + rng.normal(0, 3, waves.shape)).clip(16, 235).astype(np.uint8)
        found.append(HostFrame(planes=(luma, *chroma), pts=k, layout=Layout()))
    return found


def coded(path: Path, codec: str, threads: int = 1) -> list[bytes]:
    spec = EncodeSpec(codec=codec, encoder_preset="medium")
    encoder = choose(spec, "matroska", EncoderInput(size=SIDE), is_cpu_device=True, threads=threads)
    with av.open(str(path), "w", format="matroska") as output:
        encoding = Encoding(output, OutputVideo(size=SIDE, time_base=Fraction(1, 25)), encoder)
        packets = [bytes(p) for frame in frames() for p in encoding.encode(frame)]
        return packets + [bytes(p) for p in encoding.drain()]


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "vp9"])
def test_what_lay_in_memory_decides_no_bit(tmp_path: Path, filled, codec: str) -> None:
    found = []
    for byte in (0, 85, 170):
        filled(byte)
        found.append(coded(tmp_path / "a.mkv", codec))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    ("name", "has_avx512", "given", "options"),
    [
        ("libx264", True, {"crf": "20"}, {"crf": "20", "x264-params": "asm=AVX2"}),
        ("libx264", True, {"x264-params": "me=hex"}, {"x264-params": "asm=AVX2:me=hex"}),
        ("libx264", False, {"crf": "20"}, {"crf": "20"}),
        ("libx265", True, {"crf": "20"}, {"crf": "20"}),
    ],
)
def test_only_x264_with_avx512_is_held(
    monkeypatch: pytest.MonkeyPatch, name: str, has_avx512: bool, given: Options, options: Options
) -> None:
    monkeypatch.setattr(repeatable, "_has_avx512", lambda: has_avx512)
    assert repeatable.repeatable(name, given) == options
