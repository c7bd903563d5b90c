"""What is wrong with the options of several files, whatever is in them: told once, not for each."""

from __future__ import annotations

from vsr.device.select import select
from vsr.jobs.upscale.choice import model_named
from vsr.media.containers import container_named
from vsr.media.encoding.codecs import codec_named
from vsr.models import catalog
from vsr.specs import UpscaleSpec


def check_shared(spec: UpscaleSpec, *, is_done_here: bool = True) -> None:
    """Refuse a model, codec, container or device that no file could be upscaled with.

    Args:
        is_done_here: on this machine, whose devices are known.

    Raises:
        Refused: as `vsr.jobs.upscale.plan.plan` would for each of them.
    """
    catalog.scales(model_named(spec.model))
    if spec.encode.codec != "auto":
        codec_named(spec.encode.codec)
    if spec.container is not None:
        container_named(spec.container)
    if is_done_here:
        select(spec.device, spec.precision)
