"""What enlarges the clips: Lanczos, today's default, candidates, and public networks."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from tests.benchmarks.looks.clips import SCALE
from tests.benchmarks.looks.filters import gaussian
from tests.benchmarks.looks.material import LOOKED_AT
from tests.benchmarks.looks.planar import Rgb
from tests.benchmarks.looks.steadied import steadied
from tests.benchmarks.looks.written import as_written, written_in_integers
from vsr.kernels import CATMULL_ROM
from vsr.models import catalog
from vsr.models.catalog import Model
from vsr.models.flavours import added_up
from vsr.models.plain import Plain
from vsr.models.recognise import generator_of, read_generator
from vsr.models.weights_files import read_card
from vsr.training.damage.camera import enlarged
from vsr.training.teacher.teacher import Correction
from vsr.values import PLAIN, Blend

DEFAULT, LANCZOS, TEACHER = "default", "lanczos", "general-x4v3"

RIVALS = {TEACHER: "realesr-general-x4v3.pth", "x4plus": "RealESRGAN_x4plus.pth"}
"""By name: files in ``VSR_DATA/weights/public``."""

SLOW = ("x4plus",)
"""Methods that enlarge only the frames on which single pictures are judged."""

COUNTED_SIDE = 16
"""Source pixels a side of the picture on which operations are counted."""

MENDED = " even, from luma, all means last"
"""Part of the key of whatever a pass may mend."""

OWN_MEANS = " own means"
"""Part of the key of what does not keep those of its source."""

STEADIED = " steady, smoothed"
"""Part of the key of what is held steady."""

UNSHARP_SIGMA = 2.0
"""Result pixels: half a pixel of the source, the radius at which a mask looks least like a halo."""

Float = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One way to enlarge.

    Attributes:
        key: changes whenever its results do.
        network: the blend of a film → a network, of (1, 3, H, W) in [0, 1]; None for Lanczos.
        counted: the same network in convolutions that can be counted, if it is not in them.
        scale: how many times it enlarges.
        is_steady: whether, in a film's blend, detail is held steady from frame to frame.
    """

    name: str
    key: str
    network: Callable[[Blend], nn.Module] | None = None
    counted: Callable[[Blend], nn.Module] | None = None
    scale: int = SCALE
    is_steady: Callable[[Blend], bool] = lambda blend: False

    def enlarge(self, frame: Rgb, blend: Blend) -> Float:
        """Return (sH, sW, 3) codes, neither rounded nor clamped by a network."""
        if self.network is None:
            return lanczos(frame, self.scale).astype(np.float32)
        planes = np.ascontiguousarray(np.moveaxis(frame, 2, 0)[None])
        x = (torch.from_numpy(planes).float() / 255).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            y = self.network(blend)(x)[0].permute(1, 2, 0)
        found: Float = 255 * y.numpy()
        return found

    def frames(self, source: Rgb, blend: Blend) -> Rgb:
        """Return (T, sH, sW, 3) of (T, H, W, 3)."""
        made = np.stack([to_codes(self.enlarge(frame, blend)) for frame in source])
        is_film = len(source) > len(LOOKED_AT)  # else frames that are no neighbours
        return steadied(made, source) if is_film and self.is_steady(blend) else made


def operations(method: Method) -> int:
    """Return how many multiplications and additions a source pixel takes, in convolutions."""
    network = method.counted or method.network
    if network is None:
        return 0
    net, counted = network(PLAIN), [0]

    def count(conv: nn.Module, inputs: object, output: torch.Tensor) -> None:
        assert isinstance(conv, nn.Conv2d)
        counted[0] += conv.weight.numel() * output.shape[2] * output.shape[3]

    hooks = [
        part.register_forward_hook(count) for part in net.modules() if isinstance(part, nn.Conv2d)
    ]
    with torch.inference_mode():
        net(torch.zeros(1, 3, COUNTED_SIDE, COUNTED_SIDE))
    for hook in hooks:
        hook.remove()
    return counted[0] // COUNTED_SIDE**2


def lanczos(frame: Rgb, scale: int = SCALE) -> Rgb:
    """Enlarge by Pillow's filter, which clamps."""
    rows, columns = frame.shape[:2]
    size = (scale * columns, scale * rows)
    return np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS))


def to_codes(values: Float) -> Rgb:
    """Round and clamp."""
    codes: Rgb = np.clip(np.round(values), 0, 255).astype(np.uint8)
    return codes


def by_lanczos(scale: int = SCALE) -> Method:
    """Return the method that all others are compared with."""
    return Method(name=LANCZOS, key=f"{LANCZOS} {scale}", scale=scale)


def by_default(scale: int = SCALE, *, in_int8: bool = False) -> Method:
    """Return what the program does today: `fast`, its strength and sharpness left to ``auto``.

    Args:
        in_int8: as it is computed on an x86 CPU: in integers where its blend is tuned for them.
    """

    @cache
    def model(blend: Blend) -> Model:
        return catalog.load("fast", scale, blend)

    def in_floats(blend: Blend) -> nn.Module:
        net = model(blend).net
        assert net is not None
        return as_written(net.to(memory_format=torch.channels_last))

    @cache
    def in_integers(blend: Blend) -> nn.Module:
        card, net = model(blend).card, model(blend).net
        assert isinstance(net, Plain)
        is_tuned = card is not None and card.is_quantised
        return written_in_integers(net) if is_tuned else in_floats(blend)

    ends = [Blend(strength=strength) for strength in (0.0, 1 / 3, 2 / 3, 1.0)]
    keys = (model(blend).sha256 for blend in (*ends, Blend(sharpness=1.0)))
    key = "-".join(key[:8] for key in keys) + MENDED + STEADIED
    made = Method(
        name=DEFAULT,
        key=key,
        network=in_floats,
        scale=scale,
        is_steady=lambda blend: blend.sharpness > 0,
    )
    if not in_int8:
        return made
    name = f"{DEFAULT}, int8"
    key = f"{key}-tuned-int8"
    return replace(made, name=name, key=key, network=in_integers, counted=in_floats)


def by_candidate(text: str, scale: int = SCALE) -> Method:
    """Return the method of ``NAME=FILE`` or ``NAME=FILE*0.5+FILE*0.5``: a blend of weights.

    A network of a larger scale is reduced. ``NAME=FILE@tone=6,sharpen=0.8`` corrects what it makes
    as a teacher's pictures are, with the enlarged source for the truth: how a student would look
    that learned all of it. ``NAME=FILE@int8`` is computed in integers, as on an x86 CPU.
    """
    name, _, terms = text.partition("=")
    terms, _, wanted = terms.partition("@")
    files, shares = [], []
    for term in terms.split("+"):
        match = re.fullmatch(r"(.+?)(?:\*([0-9.]+))?", term)
        assert match is not None
        files.append(Path(match[1]).expanduser())
        shares.append(float(match[2] or 1))
    hashes = [hashlib.sha256(file.read_bytes()).hexdigest()[:16] for file in files]
    key = "+".join(f"{one}*{share!r}" for one, share in zip(hashes, shares)) + f" {scale}{MENDED}"
    is_drawn = _draws(files)
    for_tape = _for_tape(files)
    key += STEADIED * (is_drawn or for_tape) + OWN_MEANS * for_tape
    blend = partial(_blend, files, shares, scale)
    made = Method(
        name=name,
        key=key,
        network=_lazily(blend),
        scale=scale,
        is_steady=lambda blend: is_drawn or for_tape,
    )
    if not wanted:
        return made
    if wanted == "int8":
        integers = _lazily(partial(_blend, files, shares, scale, in_int8=True))
        return replace(made, key=f"{key}@{wanted}", network=integers, counted=made.network)
    correction = _correction(wanted)
    network = _lazily(lambda: _Corrected(blend(), correction))
    return replace(made, key=f"{key}@{correction}", network=network)


def by_rival(name: str, scale: int = SCALE) -> Method:
    """Return the method of a public network, of ×4: its picture reduced where ``scale`` is less."""
    path = Path(os.environ["VSR_DATA"]) / "weights" / "public" / RIVALS[name]
    key = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    network = _lazily(partial(_blend, [path], [1.0], scale))
    return Method(name=name, key=f"{key} {scale}", network=network, scale=scale)


def detail(enlarged: Rgb) -> Float:
    """Return what a blur of `UNSHARP_SIGMA` takes away from (T, H, W, 3)."""
    blurred = np.stack([gaussian(frame.astype(np.float32), UNSHARP_SIGMA) for frame in enlarged])
    found: Float = enlarged - blurred
    return found


def _lazily(make: Callable[[], nn.Module]) -> Callable[[Blend], nn.Module]:
    once = cache(make)
    return lambda blend: once()


def _correction(text: str) -> Correction:
    given = dict(part.split("=") for part in text.split(","))
    return Correction(
        tone=float(given.pop("tone", 0)),
        window=int(given.pop("window", 0)),
        sharpen=float(given.pop("sharpen", 0)),
        texture=float(given.pop("texture", 0)),
    )


class _Reduced(nn.Module):
    """A network of a larger scale, whose pictures are reduced."""

    def __init__(self, net: nn.Module, scale: int) -> None:
        super().__init__()
        self.net, self.scale = net, scale

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made = self.net(x)
        size = torch.Size(self.scale * side for side in x.shape[-2:])
        return enlarged(made.float().clamp(0, 1), size, CATMULL_ROM)


class _Corrected(nn.Module):
    """A network whose pictures are corrected by the low resolution."""

    def __init__(self, net: nn.Module, correction: Correction) -> None:
        super().__init__()
        self.net, self.correction = net, correction

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made = self.net(x).float().clamp(0, 1)
        truth = enlarged(x.contiguous(), made.shape[-2:])
        return self.correction.of(made, truth, x)


def _draws(files: Sequence[Path]) -> bool:
    """Return whether any of some weights draws detail, by its card."""
    return any(card is not None and card.draws_detail for card in map(read_card, files))


def _for_tape(files: Sequence[Path]) -> bool:
    """Return whether any of some weights restores tape, by its card."""
    return any(card is not None and card.restores_tape for card in map(read_card, files))


def _blend(
    files: Sequence[Path], shares: Sequence[float], scale: int, *, in_int8: bool = False
) -> nn.Module:
    nets = [read_generator(file) for file in files]
    names = [str(file) for file in files]
    tensors = added_up([net.state_dict() for net in nets], shares, names)
    net = generator_of(tensors, names[0]).to(memory_format=torch.channels_last)
    for_tape = _for_tape(files)
    if in_int8:
        assert isinstance(net, Plain)
        written = written_in_integers(net, restores_tape=for_tape)
    else:
        written = as_written(net, draws_detail=_draws(files), restores_tape=for_tape)
    return written if net.scale == scale else _Reduced(written, scale)
