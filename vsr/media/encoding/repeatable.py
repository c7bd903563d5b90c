"""What makes an encoder give the same bytes for the same frames.

x264's macroblock tree, as written for AVX-512, reads beyond the end of a row of blocks where their
number is no multiple of 8, and what lies there decides bits: of 1440x1080 or 854x480, not of
1920x1080. Found with glibc's ``M_PERTURB`` in 8-bit x264 165 on a Zen 4, at each preset that has
such a tree; x264 for AVX2 and below, its 10 bits, x265, SVT-AV1, libvpx and FFmpeg's own encoders
give one result. It is as fast with AVX2: 0.96 and 1.08 times the CPU time (two clips, 1440x1080).
"""

from __future__ import annotations

from collections.abc import Mapping

PARAMETERS = "x264-params"
HELD = "asm=AVX2"


def repeatable(name: str, options: Mapping[str, str]) -> dict[str, str]:
    """Return the options with which an encoder, by FFmpeg's name, repeats itself.

    Where nothing has to be held they are the same; the user's own parameters come last and win.
    """
    if name != "libx264" or not _has_avx512():
        return dict(options)
    given = options.get(PARAMETERS)
    return dict(options) | {PARAMETERS: f"{HELD}:{given}" if given else HELD}


def _has_avx512() -> bool:
    """Return whether x264 would use AVX-512 here."""
    import torch

    return torch.cpu._is_avx512_supported()
