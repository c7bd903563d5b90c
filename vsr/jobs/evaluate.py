"""``vsr evaluate``: how good a network is on a folder of ground-truth images."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from vsr.device.select import Device, select
from vsr.errors import InvalidData, InvalidOption, MediaError
from vsr.jobs.progress import Count
from vsr.media.images.pictures import Picture, pictures_in, read_picture
from vsr.metrics.enlarge import Enlarge, bicubic, by_network, ensembled
from vsr.metrics.evaluation import Evaluation, NamedScores, Scores, mean_of
from vsr.metrics.niqe import Pristine, niqe
from vsr.metrics.protocol import Pair, fidelity, luma, standard_pair, swift_pair, swift_scores
from vsr.models.catalog import Model, load
from vsr.models.int8.features import features_of
from vsr.models.int8.network import with_integers
from vsr.models.plain import Plain
from vsr.option import check_choices, check_whole
from vsr.upscaling.engine.precision import why_not_int8
from vsr.values import PLAIN, Blend

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from vsr.metrics.features import Features


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judge:
    """Measures pairs of images.

    Attributes:
        features: of a classifier, on ``device``; None for no feature distance.
        pristine: NIQE's model; None for no NIQE.
    """

    features: Features | None = None
    pristine: Pristine | None = None
    device: torch.device | None = None

    @classmethod
    def open(cls, features: Path | None, pristine: Path | None, device: torch.device) -> Judge:
        """Load the parameter files that were given.

        Raises:
            NoSuchFile: a file that was named is missing.
            InvalidCheckpoint: a file is not of the expected kind.
        """
        from vsr.metrics.features import Features

        return cls(
            features=Features.open(features).to(device) if features else None,
            pristine=Pristine.open(pristine) if pristine else None,
            device=device,
        )

    def scores(self, pair: Pair, border: int) -> Scores:
        """Measure a pair without its outer ``border`` pixels."""
        near = fidelity(pair, border)
        inner = slice(border, -border or None)
        truth, result = pair.truth[inner, inner], pair.result[inner, inner]
        return Scores(
            psnr_y=near.psnr_y,
            ssim_y=near.ssim_y,
            psnr_rgb=near.psnr_rgb,
            feature_distance=self._distance(result, truth),
            niqe=self._niqe(result),
        )

    def _distance(self, result: Picture, truth: Picture) -> float | None:
        if self.features is None:
            return None
        import torch

        from vsr.metrics.features import feature_distance

        with torch.inference_mode():
            return float(feature_distance(self.features, self._tensor(result), self._tensor(truth)))

    def _niqe(self, result: Picture) -> float | None:
        if self.pristine is None:
            return None
        try:
            return niqe(luma(result), self.pristine)
        except InvalidData:  # too small or too flat: not measured, and not an error
            return None

    def _tensor(self, rgb: Picture) -> Tensor:
        import torch

        planes = np.ascontiguousarray(np.moveaxis(rgb, 2, 0)[None])
        return torch.from_numpy(planes).to(self.device).float() / 255.0


Protocol = Literal["standard", "swift"]
Ensemble = Literal["none", "flips", "sizes"]
Arithmetic = Literal["fp32", "int8"]

FEATURES_FILE = "mobilenet_v2_features_fp16.safetensors"
NIQE_FILE = "niqe_pris_params.npz"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateSpec:
    """Measure a network on a folder of ground-truth images.

    Attributes:
        data: the folder.
        model: a name or a weights file.
        blend: where between the model's flavours to take it.
        scale: None for the largest of the model.
        protocol: ``standard``, or ``swift``, which repeats SwiftSRGAN's own loop.
        self_ensemble: average over ``flips``, or over input ``sizes``.
        perceptual_weights: MobileNetV2's features; without them, no feature distance.
        niqe_parameters: NIQE's pristine model; without it no NIQE.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        precision: int8 is that of an upscale on the CPU.
    """

    data: Path
    model: str = "fast"
    blend: Blend = PLAIN
    scale: int | None = None
    protocol: Protocol = "standard"
    self_ensemble: Ensemble = "none"
    perceptual_weights: Path | None = None
    niqe_parameters: Path | None = None
    device: str = "auto"
    precision: Arithmetic = "fp32"

    def __post_init__(self) -> None:
        check_choices(self)
        check_whole("scale", self.scale, 1)
        if self.protocol == "swift" and (self.perceptual_weights or self.niqe_parameters):
            raise InvalidOption(
                "the swift protocol measures PSNR and SSIM alone: omit --perceptual-weights and "
                "--niqe-parameters."
            )
        if self.protocol == "swift" and self.scale == 1:
            raise InvalidOption("the swift protocol downscales images: give a scale of 2 or more.")


def evaluate(spec: EvaluateSpec, on_progress: Count = lambda _done, _of: None) -> Evaluation:
    """Measure as ``spec`` says. Images that cannot be measured are skipped and listed.

    Raises:
        Refused: the model, the folder, a parameter file; or no image could be measured.
    """
    paths = pictures_in(spec.data)
    model = load(spec.model, spec.scale, spec.blend)
    if model.net is None and spec.precision == "int8":
        raise InvalidOption(f"--precision int8: {model.name} is not a network. Omit --precision.")
    skipped: list[str] = []
    pictures = _readable(paths, skipped, on_progress)
    measure = _by_swift if spec.protocol == "swift" else _by_standard
    mean, named = measure(spec, model, pictures, skipped)
    about = {
        "model": model.name,
        "scale": model.traits.scale,
        "blend": str(model.blend) or None,
        "sha256": model.sha256 or None,
        "protocol": spec.protocol,
        "self_ensemble": spec.self_ensemble,
        "precision": spec.precision,
        "data": str(spec.data),
        "count": len(named),
    }
    return Evaluation(about=about, mean=mean, pictures=named, skipped=tuple(skipped))


def parameter_files() -> tuple[Path | None, Path | None]:
    """Return MobileNetV2's and NIQE's files below ``$VSR_DATA/weights``, if they exist."""
    data = os.environ.get("VSR_DATA")
    if not data:
        return None, None
    folder = Path(data) / "weights"
    features, niqe = folder / FEATURES_FILE, folder / NIQE_FILE
    return features if features.is_file() else None, niqe if niqe.is_file() else None


Pictures = Iterator[tuple[str, Picture]]
Measured = tuple[Scores, tuple[NamedScores, ...]]


def _by_standard(
    spec: EvaluateSpec, model: Model, pictures: Pictures, skipped: list[str]
) -> Measured:
    device = select(spec.device, "fp32").torch_device
    judge = Judge.open(spec.perceptual_weights, spec.niqe_parameters, device)
    enlarge = _enlarge(model, spec)
    scale = model.traits.scale
    named = []
    for name, picture in pictures:
        try:
            pair = standard_pair(picture, scale, enlarge)
        except InvalidData as error:
            skipped.append(f"{name}: {error}")
            continue
        named.append(NamedScores(name, judge.scores(pair, border=scale)))
    if not named:
        raise _nothing_measured(spec, skipped)
    return mean_of([item.scores for item in named]), tuple(named)


def _by_swift(spec: EvaluateSpec, model: Model, pictures: Pictures, skipped: list[str]) -> Measured:
    """Pool the errors of all images, as that loop does; each is also reported on its own."""
    enlarge = None if model.net is None else _enlarge(model, spec)
    pairs, named = [], []
    for name, picture in pictures:
        try:
            pair = swift_pair(picture, model.traits.scale, enlarge)
        except InvalidData as error:
            skipped.append(f"{name}: {error}")
            continue
        pairs.append(pair)
        psnr, ssim = swift_scores([pair])
        named.append(NamedScores(name, Scores(psnr_rgb=psnr, ssim_rgb=ssim)))
    if not named:
        raise _nothing_measured(spec, skipped)
    psnr, ssim = swift_scores(pairs)
    return Scores(psnr_rgb=psnr, ssim_rgb=ssim), tuple(named)


def _nothing_measured(spec: EvaluateSpec, skipped: list[str]) -> InvalidData:
    more = f" {len(skipped) - 1} more failed as well." if len(skipped) > 1 else ""
    return InvalidData(f"{spec.data}: no image could be measured. {skipped[0]}{more}")


def _enlarge(model: Model, spec: EvaluateSpec) -> Enlarge:
    if model.net is None:
        return ensembled(bicubic(model.traits.scale), spec.self_ensemble)
    device = select(spec.device, "fp32")
    if spec.precision == "int8":
        network = _integer(model, device)
    else:
        where = device.torch_device
        network = by_network(model.net.to(where), model.traits.radius, where)
    return ensembled(network, spec.self_ensemble)


def _integer(model: Model, device: Device) -> Enlarge:
    """Return the network in 8-bit integers.

    Raises:
        InvalidOption: the network, the processor or a CUDA device cannot.
    """
    if device.is_cuda:
        raise InvalidOption("--precision int8: for the CPU. Add --device cpu.")
    if reason := why_not_int8(model):
        raise InvalidOption(f"--precision int8: {reason}. Omit --precision.")
    assert isinstance(model.net, Plain)
    net = with_integers(model.net, features_of(model.net, model.sha256))
    return by_network(net, model.traits.radius)


def _readable(paths: tuple[Path, ...], skipped: list[str], on_progress: Count) -> Pictures:
    """Yield the images that can be read, with their names; record the others."""
    for done, path in enumerate(paths):
        on_progress(done, len(paths))
        try:
            yield path.name, read_picture(path)
        except MediaError as error:
            skipped.append(str(error))
    on_progress(len(paths), len(paths))
