"""The values of every step of a training pipeline: a table ``[steps.NAME]`` of a recipe."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import isfinite
from typing import Any, Literal

from vsr.errors import InvalidOption

LossName = Literal["l1", "mse", "charbonnier"]
FeatureName = Literal["mobilenet-v2", "vgg19"]
Schedule = Literal["cosine", "constant"]

MAX_PATCH = 512
MAX_BATCH = 65_536
SMALLEST_CROP = 8
"""Low-resolution pixels along what is left of a crop, at least."""

MAX_ZOOM = 2.0


def check_finite(values: Any) -> None:
    """Refuse values of a recipe, a dataclass, in which a number is infinite or none at all.

    Raises:
        InvalidOption: names the first.
    """
    for field in fields(values):
        value = getattr(values, field.name)
        numbers = value if isinstance(value, tuple) else (value,)
        if any(isinstance(number, float) and not isfinite(number) for number in numbers):
            raise InvalidOption(f"{field.name} {value} must be finite.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimisation:
    """What every stage that learns has in common.

    Attributes:
        share: of the run's budget, relative to the other stages.
        learning_rate: at its peak.
        schedule: of the rate after the warm-up: ``cosine`` down to 0 over the budget, or
            ``constant``.
        steps: the budget where neither ``--steps`` nor ``--minutes`` is given.
        batch: crops for a step, over all processes.
        patch: side of a crop in low-resolution pixels.
        betas: of Adam.
        weight_decay: decoupled from the gradient, as in AdamW.
        ema: decay of the average of the weights, which is what is evaluated and exported.
        clip: largest norm of the gradient; 0 does not clip.
        temporal: weight of the temporal loss (`vsr.training.losses.pairs`); above 0 crops come
            in pairs of frames, so that a step costs twice, and the degradation must be a video's.
        consistency: weight of the difference between what is made of two frames where they show
            the same, from the same module; as above.
        reparameterise: train plain convolutions as sums of branches.
        standardise: train plain convolutions as if their features had mean 0 and deviation 1.
        freeze_norm: leave the statistics of batch norm as they are and learn only its scale and
            shift: it then costs nothing and does not differ between training and use. Without it,
            weights from ``--init`` lose 5 to 10 dB on small batches until they recover.
        log_steps: how often a line of the log is written.
        check_steps: how often the network is validated and a checkpoint written.
    """

    share: float = 1.0
    learning_rate: float = 1e-3
    schedule: Schedule = "cosine"
    steps: int = 100_000
    batch: int = 16
    patch: int = 32
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 0.0
    warm_up_steps: int = 500
    ema: float = 0.999
    clip: float = 1.0
    temporal: float = 0.0
    consistency: float = 0.0
    reparameterise: bool = False
    standardise: bool = False
    freeze_norm: bool = False
    log_steps: int = 100
    check_steps: int = 1000

    def __post_init__(self) -> None:
        check_finite(self)
        for name in ("share", "learning_rate", "steps", "batch", "log_steps", "check_steps"):
            if not getattr(self, name) > 0:
                raise InvalidOption(f"{name} {getattr(self, name)} must be above 0.")
        if self.batch > MAX_BATCH:
            raise InvalidOption(f"batch {self.batch} must be at most {MAX_BATCH}.")
        if not SMALLEST_CROP <= self.patch <= MAX_PATCH:
            raise InvalidOption(
                f"patch {self.patch} must be between {SMALLEST_CROP} and {MAX_PATCH}."
            )
        if not 0 <= self.ema < 1 or any(not 0 <= beta < 1 for beta in self.betas):
            raise InvalidOption("ema and betas must be at least 0 and below 1.")
        if self.reparameterise and self.standardise:
            raise InvalidOption("reparameterise and standardise: take one of them.")
        for name in ("warm_up_steps", "clip", "weight_decay", "temporal", "consistency"):
            if getattr(self, name) < 0:
                raise InvalidOption(f"{name} {getattr(self, name)} must not be negative.")

    @property
    def is_paired(self) -> bool:
        """Whether frames that follow each other are compared."""
        return max(self.temporal, self.consistency) > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TermValues(Optimisation):
    """Values of a step that may weigh terms beside its main loss (`vsr.training.losses.terms`).

    Attributes:
        smooth: weight of the pixel error where the truth is smooth.
        differences: of the error of the differences between neighbours.
        texture: of the error of how much texture there is.
        tone: of the difference in tone from the low resolution.
        overshoot: of how far values leave the range of the low resolution nearby.
        grid: of an error that repeats from cell to cell.
        kinks: of the error of how slopes break at the borders of cells, in luma and colour.
        colour: of the error of Cb and Cr.
        ripples: of the third differences of the error where luma or colour is smooth.
        luma: of the squared error of luma, which Y-PSNR measures.
    """

    smooth: float = 0.0
    differences: float = 0.0
    texture: float = 0.0
    tone: float = 0.0
    overshoot: float = 0.0
    grid: float = 0.0
    kinks: float = 0.0
    colour: float = 0.0
    ripples: float = 0.0
    luma: float = 0.0

    def __post_init__(self) -> None:
        super(TermValues, self).__post_init__()  # slots: the class cell is the old class
        for name in TermValues.__annotations__:
            if getattr(self, name) < 0:
                raise InvalidOption(f"{name} {getattr(self, name)} must not be negative.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PerceptualValues(TermValues):
    """Values of a step that may compare features of a classifier besides the pixels.

    Attributes:
        perceptual: weight of the distance of features; 0 needs no feature network.
        perceptual_network: the feature network; the user supplies its weights.
        perceptual_taps: the layers whose outputs are compared, numbered as in torchvision's
            ``features``: 35 is VGG19's relu5_4 (SRGAN's φ5,4), 16 MobileNetV2's sixteenth block.
        perceptual_distance: ``mse``, the mean over taps of mean (Δφ)²; ``relative``, of
            mean |Δφ| ÷ mean |φ|, and ``cosine``, of 1 - cos(φ, φ′), weight every tap equally.
        perceptual_normalised: give the feature network the range it was trained on; False gives it
            [0, 1] as it is, as SwiftSRGAN's and DPSRGAN's code do.
        perceptual_shifts: the features see the images without their first 0 to this - 1 rows and
            columns, another pair of numbers each step. All crops begin on whole low-resolution
            pixels; unshifted, patterns of that period learn to please the strides of the features.
        perceptual_zoom: the features see the images zoomed by a factor between the reciprocal of
            this and this, another each step: a pattern of a fixed period gains less from them.
    """

    perceptual: float = 0.0
    perceptual_network: FeatureName = "mobilenet-v2"
    perceptual_taps: tuple[int, ...] = (16,)
    perceptual_distance: Literal["mse", "relative", "cosine"] = "mse"
    perceptual_normalised: bool = True
    perceptual_shifts: int = 1
    perceptual_zoom: float = 1.0

    def __post_init__(self) -> None:
        super(PerceptualValues, self).__post_init__()  # slots: the class cell is the old class
        if self.perceptual < 0:
            raise InvalidOption(f"perceptual {self.perceptual} must not be negative.")
        if self.perceptual_shifts < 1:
            raise InvalidOption(f"perceptual_shifts {self.perceptual_shifts} must be at least 1.")
        if not 1 <= self.perceptual_zoom <= MAX_ZOOM:
            raise InvalidOption(
                f"perceptual_zoom {self.perceptual_zoom} must be between 1 and {MAX_ZOOM}."
            )
        taps = self.perceptual_taps
        if not taps or list(taps) != sorted(set(taps)):
            raise InvalidOption(f"perceptual_taps {list(taps)} must be layers in rising order.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelValues(PerceptualValues):
    """Values of a `pixel` step: regression on pixels.

    Attributes:
        path: weight of how far blends with ``path_to`` and its flavours for video are from the
            blend of pictures (`vsr.training.losses.weight_path`).
        path_to: a network of the catalogue.
    """

    loss: LossName = "l1"
    path: float = 0.0
    path_to: str = ""

    def __post_init__(self) -> None:
        super(PixelValues, self).__post_init__()  # slots: the class cell is the old class
        if self.path < 0 or bool(self.path) != bool(self.path_to):
            raise InvalidOption(
                f"path {self.path:g} must not be negative, and above 0 where path_to names a "
                "network, only there."
            )
        if self.path and self.reparameterise:
            raise InvalidOption("path: does not take reparameterise. Remove one of them.")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantiseValues(PixelValues):
    """Values of a `quantise` step: regression on pixels of what int8 makes of a plain network.

    Attributes:
        agreement: weight of the difference between both networks on pictures that no camera makes,
            and on flat ones.
        grid_steps: how often ranges are taken anew.
    """

    learning_rate: float = 1e-4
    steps: int = 1000
    agreement: float = 1.0
    grid_steps: int = 50

    def __post_init__(self) -> None:
        super(QuantiseValues, self).__post_init__()  # slots: the class cell is the old class
        if self.agreement < 0 or self.grid_steps < 1:
            raise InvalidOption(
                f"agreement {self.agreement:g} must not be negative, and grid_steps "
                f"{self.grid_steps} must be at least 1."
            )
        if self.reparameterise or self.path:
            raise InvalidOption("a quantise step takes neither reparameterise nor path.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelValues:
    """Values of a `level` step: there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateValues:
    """Values of an `evaluate` step: there are none; the run says what to measure on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportValues:
    """Values of an `export` step.

    Attributes:
        half: write half precision, which halves the file.
    """

    half: bool = True
