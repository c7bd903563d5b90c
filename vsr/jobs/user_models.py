"""``vsr models``: keep a network under a name, remove it, and give it to other programs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vsr.disk.folders import user_folder
from vsr.errors import InvalidCheckpoint, InvalidOption, OutputExists, UnknownName, one_of
from vsr.models.catalog import NAMES, Model, load
from vsr.models.checkpoint import read_tensors, write_tensors
from vsr.models.foreign.adapter import Foreign
from vsr.models.foreign.facts import pass_on
from vsr.models.weights_files import (
    Card,
    card_path,
    known_files,
    sha256_of,
    shipped_names,
    weights_name,
    write_card,
)
from vsr.training.run.trained_network import NO_LICENCE

if TYPE_CHECKING:
    from torch import Tensor

Form = Literal["onnx", "safetensors"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddSpec:
    """What to keep, and under which name.

    Attributes:
        licence: SPDX identifier of the weights.
        note: whatever else is to be known, such as where they are from.
    """

    file: Path
    name: str
    licence: str = NO_LICENCE
    note: str = ""
    may_overwrite: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", self.name):
            raise InvalidOption(f"--name {self.name}: use letters, digits, '.', '_' and '-'.")
        if self.name in shipped_names().union(NAMES):
            raise InvalidOption(f"--name {self.name}: is shipped with vsr. Choose another name.")


@dataclass(frozen=True, slots=True)
class Kept:
    """A network under a name: its file, its card, and what was found out about it."""

    path: Path
    card: Card
    model: Model


def add(spec: AddSpec) -> Kept:
    """Copy the tensors of a weights file into the user's folder of models, with a card.

    They are read as everywhere, so that no code of the file runs, and written as safetensors: in
    half precision if that holds every number of them.

    Raises:
        Refused: the file is no network that runs here, or the name is taken.
    """
    found = load(str(spec.file))
    scale = found.traits.scale
    target = user_folder("models") / weights_name(spec.name, scale)
    if target.exists() and not spec.may_overwrite:
        raise OutputExists(
            f"{spec.name} ×{scale}: there already. Choose another --name, or add --overwrite."
        )
    import torch

    tensors = read_tensors(spec.file)
    if sha256_of(spec.file) != found.sha256:
        raise InvalidCheckpoint(f"{spec.file}: changed while it was read. Try again.")
    card_path(target).unlink(missing_ok=True)  # of the file that is replaced
    write_tensors(tensors, target, torch.float16 if _fits_half(tensors) else torch.float32)
    if isinstance(found.net, Foreign):
        pass_on(found.sha256, sha256_of(target))
    model = load(str(target))
    reach = "the whole frame" if model.traits.is_global else f"{model.traits.radius} pixels"
    origin = f"from {spec.file.name}, SHA-256 {found.sha256}; sees {reach}"
    card = Card(
        name=spec.name,
        architecture=model.traits.architecture,
        scale=scale,
        flavour="added",
        licence=spec.licence,
        sha256=model.sha256,
        command=f"vsr models add {spec.file.name} --name {spec.name}",
        data="not known",
        seconds=0,
        device="",
        note="; ".join(filter(None, (origin, spec.note))),
        radius=None if model.traits.is_global else model.traits.radius,
    )
    write_card(card, target)
    return Kept(target, card, model)


def _fits_half(tensors: Mapping[str, Tensor]) -> bool:
    """Return whether float16 holds every number: weights are often published in it."""
    numbers = [tensor for tensor in tensors.values() if tensor.is_floating_point()]
    return all(bool((tensor.half().float() == tensor).all()) for tensor in numbers)


def remove(name: str, scale: int | None = None) -> tuple[Path, ...]:
    """Remove the files of a name from the user's folder of models, with their cards.

    Args:
        scale: None removes all scales.

    Returns:
        the removed weights files.

    Raises:
        InvalidOption: it is shipped with the program, or has no weights of that scale.
        UnknownName: there is none of that name.
    """
    yours = sorted({entry.name for entry in known_files() if not entry.is_shipped})
    if name in shipped_names().union(NAMES) and name not in yours:
        raise InvalidOption(f"{name}: is shipped with vsr, and stays.")
    if not yours:
        raise UnknownName(f"{name}: no model of that name; you have added none.")
    one_of(name, yours, "model of yours")
    own = {entry.scale: entry.path for entry in known_files() if entry.name == name}
    own = {key: path for key, path in own.items() if path.parent == user_folder("models")}
    if scale is not None and scale not in own:
        there = " and ".join(f"×{one}" for one in sorted(own))
        raise InvalidOption(f"--scale {scale}: {name} has {there} only.")
    paths = tuple(path for key, path in sorted(own.items()) if scale in (None, key))
    for path in paths:
        path.unlink()
        card_path(path).unlink(missing_ok=True)
    return paths


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportModelSpec:
    """What to give to another program, and how.

    Attributes:
        model: a name, or a weights file.
        form: of the file.
        target: a file, or a folder for ``NAME_xSCALE`` with the suffix of the form; None is this
            folder.
        scale: None takes the largest.
        size: width and height of the pictures that an ONNX file takes; None is any.
        is_half: in half precision.
    """

    model: str
    form: Form = "onnx"
    target: Path | None = None
    scale: int | None = None
    size: tuple[int, int] | None = None
    is_half: bool = False
    may_overwrite: bool = False

    def __post_init__(self) -> None:
        if self.form == "safetensors" and self.size is not None:
            raise InvalidOption("--size: weights alone take any size. Omit it, or use --to onnx.")
        suffix = self.target.suffix.lower() if self.target is not None else ""
        if suffix not in ("", self.suffix) and not (self.target and self.target.is_dir()):
            raise InvalidOption(
                f"{self.target}: is written as {self.form}. Give a name that ends in {self.suffix}."
            )

    @property
    def suffix(self) -> str:
        """That of the file."""
        return f".{self.form}"


@dataclass(frozen=True, slots=True)
class ExportedModel:
    """A written file, and how far its output was from torch's when it was checked, in codes."""

    path: Path
    codes_apart: float


def export_model(spec: ExportModelSpec) -> ExportedModel:
    """Write a network in a form that other programs read, and check what was written.

    Raises:
        Refused: no such network, no network at all, an existing file, or the form cannot hold it.
        VerificationFailed: what was written does not make the same picture; nothing is left.
    """
    model = load(spec.model, spec.scale)
    if model.net is None:
        raise InvalidOption(f"{spec.model}: is not a network. Choose another (vsr models).")
    name = f"{model.name}_x{model.traits.scale}{spec.suffix}"
    target = spec.target or Path(name)
    target = target / name if target.is_dir() else target
    if target.exists() and not spec.may_overwrite:
        raise OutputExists(f"{target}: already exists. Choose another name, or add --overwrite.")
    if spec.form == "onnx":
        from vsr.models.onnx_file import write_onnx
        from vsr.values import Size

        size = Size(*spec.size) if spec.size else None
        return ExportedModel(target, write_onnx(model.net, target, size, is_half=spec.is_half))
    import torch

    path = model.path
    assert path is not None  # every network comes from a file
    write_tensors(read_tensors(path), target, torch.float16 if spec.is_half else torch.float32)
    return ExportedModel(target, 0.0)
