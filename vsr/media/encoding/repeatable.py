"""What makes an encoder give the same bytes for the same frames.

With AVX-512 x264's macroblock tree gives other bits from run to run where the blocks across are no
multiple of 8, as at 1440x1080 and 854x480, not at 1920x1080: they go by what lay in memory. Found
with glibc's ``M_PERTURB`` in 8-bit x264 165 on a Zen 4, at the presets veryfast, medium and slow;
not at ultrafast, nor with ``mbtree=0``. x264 without AVX-512 or in 10 bits, x265, SVT-AV1, libvpx,
MPEG-2, MPEG-4, MJPEG, ProRes and FFV1 gave one result at three sizes. AVX2 takes 0.96 and 1.08
times the CPU time (two clips, 1440x1080).
"""

from __future__ import annotations

from collections.abc import Mapping

from vsr.media.encoding.parameters import with_parameters

HELD = "asm=AVX2"


def repeatable(name: str, options: Mapping[str, str]) -> dict[str, str]:
    """Return the options with which an encoder, by FFmpeg's name, repeats itself.

    Where nothing has to be held they are the same; the user's own parameters come last and win.
    """
    if name != "libx264" or not _has_avx512():
        return dict(options)
    return with_parameters(options, "x264-params", [HELD])


def _has_avx512() -> bool:
    """Return whether x264 would use AVX-512 here."""
    import torch

    return torch.cpu._is_avx512_supported()
