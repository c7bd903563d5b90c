"""Networks whose pictures are the targets of another: one, or several that are averaged.

A restoring network shifts tones by several codes, draws outlines beyond the range of what it
enlarges, and loses weak texture while it sharpens edges. A student of it learns all three, unless
the target is corrected with the truth that the teacher did not see, in this order:

- ``sharpen``: more of its own high frequencies, for teachers that are too soft;
- ``window``: no value beyond those of the low resolution, enlarged by Lanczos, nearby;
- ``tone``: low frequencies that are the truth's;
- ``texture``: the truth's high frequencies where it has more energy in them than the teacher,
  as far as the low resolution shows that it is there (`_shown`). What a codec or noise has taken
  cannot be learned: such a target teaches blur, and to keep noise as if it were texture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from vsr.device.select import Device
from vsr.errors import InvalidOption
from vsr.kernels import resize_matrix
from vsr.models.catalog import Model, load, scales
from vsr.training.damage.camera import blurred, enlarged, local_range, luma

EDGE = 8
"""Low-resolution pixels that are mirrored around a patch: networks pad with black."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeacherSpec:
    """A network that teaches.

    Attributes:
        source: a model's name or a weights file.
        share: of the average; None is an equal part of what others leave.
    """

    source: str
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Teacher:
    """Networks with their shares, which sum to 1, for targets at one scale."""

    parts: tuple[tuple[Model, float], ...]
    scale: int

    @classmethod
    def open(cls, parts: Sequence[TeacherSpec], scale: int) -> Teacher:
        """Load the networks.

        Raises:
            UnknownName, NoSuchFile, InvalidCheckpoint: no such weights.
            InvalidOption: a scale that is no multiple of ``scale``, luma only, no network at all,
                or shares that do not sum to 1.
        """
        shares = _shares(parts)
        models = [_loaded(part.source, scale) for part in parts]
        return cls(tuple(zip(models, shares, strict=True)), scale)

    def names(self) -> tuple[str, ...]:
        """Return each network with its share and the start of its SHA-256."""
        return tuple(
            f"{share:.3g} × {model.name} ×{model.traits.scale} ({model.sha256[:16]})"
            for model, share in self.parts
        )

    @torch.inference_mode()
    def taught(self, low: Tensor, device: Device) -> Tensor:
        """Return what it makes of pictures: (N, 3, h, w) → (N, 3, s·h, s·w), float32, [0, 1].

        What a network makes at a larger scale is reduced.
        """
        padded = F.pad(low, (EDGE,) * 4, mode="reflect").to(
            device.torch_device, memory_format=torch.channels_last
        )
        total = torch.zeros((), device=device.torch_device)
        dtype = device.torch_dtype
        for model, share in self.parts:
            assert model.net is not None  # refused when opened
            net = model.net
            net.to(device.torch_device)
            if net.takes_channels_last:
                net.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # absent from torch's stubs
            with torch.autocast(device.torch_device.type, dtype, enabled=dtype != torch.float32):
                output = net(padded).float()
            edge = EDGE * net.scale
            inner = output[:, :, edge:-edge, edge:-edge].clamp(0, 1)
            total = total + share * _reduced(inner, net.scale // self.scale)
        return total


def _shares(parts: Sequence[TeacherSpec]) -> list[float]:
    """Return the shares of all; those without one get what is left, in equal parts."""
    given = [part.share for part in parts if part.share is not None]
    left, others = 1 - sum(given), len(parts) - len(given)
    is_possible = all(share > 0 for share in given)
    if not is_possible or (left <= 0 if others else abs(left) > 1e-6):
        raise InvalidOption(
            f"--teacher: shares {', '.join(f'{share:g}' for share in given)} must be above 0 and "
            "sum to 1; leave one out to give it the rest."
        )
    return [left / others if part.share is None else part.share for part in parts]


def _loaded(source: str, scale: int) -> Model:
    """Load a network of ``scale``, or of the smallest multiple of it that there is."""
    known = scales(source)
    fitting = [one for one in known if one % scale == 0]
    if not fitting:
        there = " and ".join(f"×{one}" for one in known) or "no weights"
        raise InvalidOption(
            f"--teacher {source}: {there} cannot teach ×{scale}. Choose a network of ×{scale} or a "
            "multiple, or another --scale."
        )
    model = load(source, fitting[0])
    if model.net is None or model.net.colour != "rgb":
        what = "no network" if model.net is None else "produces luma only"
        raise InvalidOption(f"--teacher {source}: {what}; targets need colour. Choose another.")
    return model


def _reduced(picture: Tensor, factor: int) -> Tensor:
    """Reduce (N, C, H, W) as the standard protocol does, unrounded."""
    if factor == 1:
        return picture
    down, right = (
        torch.from_numpy(resize_matrix(side, side // factor).copy()).to(picture)
        for side in picture.shape[-2:]
    )
    return down @ picture @ right.T


DETAIL = 1.5
"""Deviation of the Gaussian above which frequencies are detail, in pixels of the target."""

NEIGHBOURHOOD = 6.0
"""Deviation of the Gaussian over which the energy of detail is averaged, in the same pixels."""

FLOOR = 1e-3
"""Energy of detail below which none is missed ([0, 1])."""

BAND = (1.5, 6.0)
"""Deviations of the Gaussians between which frequencies are compared with the truth's: those just
below the limit of the low resolution at ×4, in pixels of the target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """How a teacher's pictures are corrected; the lengths are pixels of the target, 0 is none.

    Attributes:
        tone: deviation of the Gaussian below which frequencies are the truth's.
        texture: share of the detail that is given back where the teacher has lost it all.
        window: side of the window, odd, in whose range at low resolution values must lie.
        sharpen: amount of an unsharp mask.
    """

    tone: float = 16.0
    texture: float = 0.5
    window: int = 17
    sharpen: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.tone <= 64:
            raise InvalidOption(f"--tone {self.tone:g} must be between 0 and 64.")
        if not 0 <= self.texture <= 1:
            raise InvalidOption(f"--texture {self.texture:g} must be between 0 and 1.")
        if not 0 <= self.window <= 65 or (self.window and self.window % 2 == 0):
            raise InvalidOption(f"--window {self.window} must be odd, up to 65, or 0.")
        if not 0 <= self.sharpen <= 2:
            raise InvalidOption(f"--sharpen {self.sharpen:g} must be between 0 and 2.")

    def of(self, taught: Tensor, truth: Tensor, low: Tensor) -> Tensor:
        """Return the target, clamped to [0, 1].

        Args:
            taught: what the teacher made, (N, 3, H, W).
            truth: (N, 3, H, W).
            low: what the teacher saw, (N, 3, h, w).
        """
        if self.sharpen:
            taught = taught + self.sharpen * _detail(taught)
        if self.window:
            least, most = local_range(enlarged(low, taught.shape[-2:]), self.window)
            taught = taught.clamp(least, most)
        if self.tone:
            taught = taught + blurred(truth - taught, self.tone)
        if self.texture:
            taught = taught + self.texture * _shown(truth, low) * _missing(taught, truth)
        return taught.clamp(0, 1)


def _detail(picture: Tensor) -> Tensor:
    return picture - blurred(picture, DETAIL)


def _missing(taught: Tensor, truth: Tensor) -> Tensor:
    """Return the truth's detail less the teacher's, where the truth has more, by how much more.

    Detail is of luma, so that no colour is given back.
    """
    mine, true = _detail(luma(taught)), _detail(luma(truth))
    energy, wanted = (blurred(one.square(), NEIGHBOURHOOD).sqrt() for one in (mine, true))
    share = ((wanted - energy) / (wanted + FLOOR)).clamp(0, 1)
    return share * (true - mine)


def _shown(truth: Tensor, low: Tensor) -> Tensor:
    """Return how much of the truth the low resolution still shows, 0 to 1: (N, 1, H, W).

    It is the squared correlation of both in `BAND`, in a neighbourhood of it: the share of the
    truth's energy that a linear filter could get from the low resolution.
    """
    true, seen = (_band(luma(one)) for one in (truth, enlarged(low, truth.shape[-2:])))
    common, own, other = (
        blurred(product, BAND[1]) for product in (true * seen, true.square(), seen.square())
    )
    return common.clamp_min(0).square() / (own * other + FLOOR**4)


def _band(picture: Tensor) -> Tensor:
    fine, coarse = BAND
    return blurred(picture, fine) - blurred(picture, coarse)
