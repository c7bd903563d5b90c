"""The networks by name. Light: torch is loaded to build one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from vsr.disk.folders import user_folder
from vsr.errors import InvalidCheckpoint, InvalidOption, one_of
from vsr.models.flavours import added_up, shares_of
from vsr.models.traits import Traits, traits_of
from vsr.models.weights_files import (
    Card,
    check_is_weights,
    files_of,
    is_path,
    known_files,
    read_card,
    sha256_of,
    weights_name,
)
from vsr.values import PLAIN, Blend

if TYPE_CHECKING:
    from vsr.models.blocks import Generator

SUMMARIES: Mapping[str, str] = {
    "fast": "any video; the default",
    "clear": "compressed video with time to spare: draws more than fast, ×4",
    "vivid": "compressed video, on a GPU or of short clips: draws most, ×4",
    "anime": "animation, to try beside fast: steadier lines, cleaner flat areas, ×4",
    "tape": "VHS and Video8, digitised: cleans and draws edges, ×2; of the look tape",
    "lite": "speed: a CPU in near real time; sharpens luma only, and less",
    "quality": "a GPU with time to spare; not yet better than fast",
    "bicubic": "comparison: no network, Catmull-Rom interpolation",
    "swift-srgan": "research: SwiftSRGAN, a depthwise-separable network",
    "srgan": "research: SRGAN's generator, SRResNet",
    "dpsrgan": "research: DPSRGAN's generator, a dilated network",
}
"""Every name that comes with the program, and what it is for."""

NAMES = tuple(SUMMARIES)

USUAL = ("fast", "lite", "quality")

DRAWS_MOST, MORE_WORK = "vivid", 6
"""What draws most, and how many times the work of the first of `USUAL` that is."""

QUANTISED_SHARE = 0.5
"""How much of a blend has to be tuned for int8, so that the whole counts as tuned."""

OTHERS = "Others are given by their weights file."

BICUBIC_SCALES = tuple(range(1, 9))
BICUBIC_RADIUS = 2
DEFAULT_SCALE = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """A network ready to run.

    Attributes:
        name: as requested, or the stem of its file.
        net: in eval mode, fp32, on the CPU, without gradients; None for ``bicubic``.
        traits: what the rest of the program has to know about it.
        card: where its weights come from; None if that is not recorded.
        sha256: of its weights file, or of those of a blend and their shares; empty for ``bicubic``.
        path: its weights file, for a blend that of the plain network; None for ``bicubic``.
        blend: how it is blended with its flavours.
    """

    name: str
    net: Generator | None
    traits: Traits
    card: Card | None = None
    sha256: str = ""
    path: Path | None = None
    blend: Blend = PLAIN

    @property
    def draws_detail(self) -> bool:
        """Whether it draws detail that was not in the source, by its dial or by itself."""
        return self.blend.sharpness > 0 or (self.card is not None and self.card.draws_detail)

    @property
    def restores_tape(self) -> bool:
        """Whether it restores analogue tape."""
        return self.card is not None and self.card.restores_tape

    @property
    def keeps_means(self) -> bool:
        """Whether the source's local means are kept (`vsr.upscaling.passes.local_means`).

        Of what draws detail they are, and of every plain network that makes colours; but not where
        it restores tape, on which colours lie beside what they are of, over many pixels.
        """
        if self.restores_tape:
            return False
        return self.draws_detail or (self.net is not None and self.net.shows_cells)

    def __str__(self) -> str:
        """Return name, scale and blend, as shown in reports."""
        blend = "" if self.blend.is_plain else f", {self.blend}"
        return f"{self.name} ×{self.traits.scale}{blend}"


def names() -> tuple[str, ...]:
    """Return the names of this program, then others for which there are weights files."""
    return NAMES + tuple(sorted({entry.name for entry in known_files()} - set(NAMES)))


Load = Callable[[str, int | None, Blend], Model]
"""What returns the network for a name, a scale and a blend, as `load` does."""


def load(name_or_path: str, scale: int | None = None, blend: Blend = PLAIN) -> Model:
    """Load a network by name, or from a weights file.

    A name is looked up among the shipped weights, then in the user's folder. Without a scale,
    the largest available is used (4 for ``bicubic``).

    Args:
        blend: how to blend the network with its flavours.

    Raises:
        UnknownName: no model of that name.
        NoSuchFile: no such weights file.
        InvalidOption: it has no weights of that scale or flavour.
        InvalidCheckpoint: the file is damaged, unsafe, or of no known architecture.
    """
    plain = _load_plain(name_or_path, scale)
    return plain if blend.is_plain else _blended(plain, name_or_path, blend)


def _load_plain(name_or_path: str, scale: int | None) -> Model:
    if name_or_path == "bicubic":
        return _bicubic(DEFAULT_SCALE if scale is None else scale)
    if is_path(name_or_path):
        path = Path(name_or_path).expanduser()
        return _load_file(path, path.name.partition(".")[0], scale)
    files = files_of(one_of(name_or_path, names(), "model", OTHERS))
    wanted = max(files, default=DEFAULT_SCALE) if scale is None else scale
    if wanted not in files:
        raise InvalidOption(_without_weights(name_or_path, wanted, sorted(files)))
    return _load_file(files[wanted].path, name_or_path, wanted)


def scales(name_or_path: str) -> tuple[int, ...]:
    """Return the scales that `load` accepts for a name or a path, in ascending order.

    Empty for a name without weights.

    Raises:
        UnknownName, NoSuchFile, InvalidCheckpoint: as `load`.
    """
    if name_or_path == "bicubic":
        return BICUBIC_SCALES
    if is_path(name_or_path):
        return (load(name_or_path).traits.scale,)
    return tuple(sorted(files_of(one_of(name_or_path, names(), "model", OTHERS))))


def check_named(name_or_path: str) -> None:
    """Refuse a name that is no model's, or a path without a file, before torch is loaded.

    Raises:
        UnknownName, NoSuchFile, InvalidCheckpoint: as `load`.
    """
    if is_path(name_or_path):
        check_is_weights(Path(name_or_path).expanduser())
    else:
        one_of(name_or_path, names(), "model", OTHERS)


def build(name: str, scale: int) -> Generator:
    """Return a network with random weights: ``clear`` is as quality, ``anime``, ``tape`` as fast.

    ``compact`` and ``compact-deep`` have no weights of their own: they are the shapes of
    realesr-animevideov3 and realesr-general-x4v3, which may be trained further; ``vivid`` was.

    Raises:
        UnknownName: no network of that name.
        InvalidOption: a scale other than 2 and 4; of plain networks also 3, of compact ones 1 to 8.
    """
    from vsr.models.plain import compact, compact_deep, fast, lite, quality
    from vsr.models.srgan import DPSRGAN, SRGAN, SwiftSRGAN

    builders: dict[str, Callable[[int], Generator]] = {
        "fast": fast,
        "quality": quality,
        "clear": quality,
        "anime": fast,
        "tape": fast,
        "lite": lite,
        "swift-srgan": SwiftSRGAN,
        "srgan": SRGAN,
        "dpsrgan": DPSRGAN,
        "compact": compact,
        "compact-deep": compact_deep,
        "vivid": compact_deep,
    }
    return builders[one_of(name, builders, "network")](scale)


def _load_file(path: Path, name: str, scale: int | None) -> Model:
    from vsr.models.foreign.adapter import Foreign
    from vsr.models.recognise import read_generator

    net = read_generator(path)
    sha256 = sha256_of(path)
    if isinstance(net, Foreign) and net.sha256 != sha256:
        raise InvalidCheckpoint(f"{path}: changed while it was read. Try again.")
    if scale is not None and net.scale != scale:
        raise InvalidOption(f"{path}: a network of scale ×{net.scale}, not ×{scale}.")
    return Model(
        name=name,
        net=net,
        traits=traits_of(net),
        card=read_card(path),
        sha256=sha256,
        path=path,
    )


def _blended(plain: Model, name_or_path: str, blend: Blend) -> Model:
    """Return the network of a ``blend``, as if it came from one file."""
    from vsr.models.recognise import generator_of, read_generator

    shares = shares_of(name_or_path, plain.traits.scale, blend)
    nets = [read_generator(path) for path, _ in shares]
    names = [path.name for path, _ in shares]
    tensors = added_up([net.state_dict() for net in nets], [share for _, share in shares], names)
    parts = [f"{share!r} × {sha256_of(path)}" for path, share in shares]
    digest = sha256("\n".join(parts).encode()).hexdigest()
    if card := plain.card:
        note = f"{blend}: {' + '.join(names)}"
        cards = [(read_card(path), share) for path, share in shares]
        tuned = sum(share for one, share in cards if one is not None and one.is_quantised)
        card = replace(
            card, flavour="blend", sha256=digest, scores={}, note=note,
            is_quantised=tuned >= QUANTISED_SHARE,
        )  # fmt: skip
    net = generator_of(tensors, name_or_path)
    return replace(plain, net=net, card=card, sha256=digest, blend=blend)


def _bicubic(scale: int) -> Model:
    if scale not in BICUBIC_SCALES:
        raise InvalidOption(f"bicubic ×{scale}: choose a scale from 1 to {BICUBIC_SCALES[-1]}.")
    traits = Traits(
        architecture="bicubic",
        scale=scale,
        colour="rgb",
        radius=BICUBIC_RADIUS,
        has_linear_tail=True,
    )
    return Model(name="bicubic", net=None, traits=traits)


def _without_weights(name: str, scale: int, known: list[int]) -> str:
    if known:
        there = " and ".join(f"×{other}" for other in known)
        return f"{name} ×{scale}: it has weights for {there} only. Choose one of these."
    return (
        f"{name}: no weights are available. Train them (vsr train fit), put "
        f"{weights_name(name, 4)} into {user_folder('models')}, or give --model a file."
    )
