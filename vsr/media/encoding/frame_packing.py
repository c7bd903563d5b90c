"""How the views of a stereoscopic film lie, as a parameter of the encoder that can tell it."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from vsr.media.encoding.codecs import Encoder
from vsr.media.encoding.parameters import with_parameters
from vsr.media.frames.stereo import Stereo

TELLING = "libx264"


def with_frame_packing(encoder: Encoder, stereo: Stereo | None) -> Encoder:
    """Return the encoder with the packing of the views among its parameters, if it can tell it.

    The user's value for the same parameter comes last and wins.
    """
    if stereo is None or not can_tell_packing(encoder, stereo):
        return encoder
    assert encoder.params_option is not None  # of x264
    packing = [f"frame-packing={stereo.in_h264}"]
    options = with_parameters(encoder.options, encoder.params_option, packing)
    return replace(encoder, options=MappingProxyType(options))


def can_tell_packing(encoder: Encoder, stereo: Stereo) -> bool:
    """Return whether the stream itself tells how the views lie."""
    return encoder.name == TELLING and stereo.in_h264 is not None
