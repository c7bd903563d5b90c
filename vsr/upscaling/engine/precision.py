"""The precision that a network runs at: by network, source and processor, never by a timing.

So two runs, two workers and a resume decide the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vsr.colour import Colour
from vsr.device.select import Chosen, Device, is_bf16_native
from vsr.errors import InvalidOption
from vsr.frames import Layout
from vsr.models.foreign.adapter import Foreign, passes_in
from vsr.specs import Precision

if TYPE_CHECKING:
    from vsr.models.catalog import Model

INT8_BITS = 8
"""The deepest source for which ``auto`` takes int8, which errs by near half a code of
8 bits, or bf16, by less."""


def with_precision(
    device: Device, wanted: Precision, model: Model, layout: Layout, colour: Colour
) -> Device:
    """Return the device at the precision of this network and source, and why.

    ``auto`` is int8 on the CPU where it is exact and the weights, or half of a blend, were tuned
    for it: others may change patterns of single pixels by half of all codes. Networks that draw
    detail by themselves, and are larger, take bf16 where the CPU multiplies in it: half of the
    time for 0.1 codes in the mean, at most 6 (four clips; int8 costs more). Networks that others
    wrote, slower by far, take half precision where a trial finds it equal.

    Args:
        wanted: what was asked for when the device was selected.
        layout: of the source, and
        colour: of its codes.

    Raises:
        InvalidOption: int8 was asked for, and the network or the processor cannot.
    """
    if device.kind == "onnx":
        return device
    if isinstance(model.net, Foreign):
        return _of_others(device, wanted, model.name, model.net)
    if device.is_cuda or wanted not in ("auto", "int8"):
        return device
    if model.net is None:
        return replace(device, precision="fp32")
    is_shallow = layout.bits <= INT8_BITS and not colour.is_hdr
    is_tuned = model.card is not None and model.card.is_quantised
    reason = why_not_int8(model)
    if wanted == "int8":
        if reason is not None:
            raise InvalidOption(f"--precision int8: {reason}. Omit --precision.")
        return device
    if is_shallow and not is_tuned and _draws(model) and is_bf16_native():
        return replace(device, precision="bf16", why=f"{device.why}; bf16 is as good here")
    if reason is None and not is_tuned:
        reason = f"{model.name} was not tuned for int8"
    if reason is None and layout.bits > INT8_BITS:
        reason = f"the source has {layout.bits} bits"
    if reason is None and colour.is_hdr:
        reason = "the source is HDR"
    if reason is None:
        return replace(device, precision="int8", why=f"{device.why}; int8 is exact here")
    return replace(device, precision="fp32", why=f"{device.why}; fp32, as {reason}")


def _draws(model: Model) -> bool:
    return model.card is not None and model.card.draws_detail


def _of_others(device: Device, wanted: Precision, name: str, net: Foreign) -> Device:
    """Return the device at half precision where it has that and a trial gave nearly the same.

    fp16 on CUDA; bf16 on a CPU that multiplies in it.
    """
    if wanted == "int8":
        raise InvalidOption(f"--precision int8: {name} is not a plain network. Omit --precision.")
    if wanted == "fp32":
        return device
    half: Chosen = device.precision
    if not device.is_cuda and wanted == "auto":
        half = "bf16" if is_bf16_native() else "fp32"
    chosen = replace(device, precision=half)
    if half == "fp32" or passes_in(net, chosen.torch_dtype, chosen.torch_device):
        return chosen
    return replace(device, precision="fp32", why=f"{device.why}; {name} differs in {half}")


def why_not_int8(model: Model) -> str | None:
    """Return why a network cannot run in 8-bit integers here; None if it can."""
    from vsr.models.int8.convolution import refusal
    from vsr.models.plain import Plain

    if not isinstance(model.net, Plain):
        return f"{model.name} is not a plain network with ReLU"
    return refusal()
