"""Read and write the tensors of a weights file, without ever executing code in one."""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from errno import ENOSPC
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile, is_zipfile

import torch
from torch import Tensor

from vsr.disk.publishing import published, writing
from vsr.errors import InvalidCheckpoint, InvalidOption
from vsr.models.weights_files import check_is_weights

WRAPPERS = (
    "params_ema",
    "params-ema",
    "ema",
    "params",
    "model",
    "state_dict",
    "model_state_dict",
    "net",
    "generator_state_dict",
    "generator",
    "netG",
    "net_g",
    "gen",
    "G",
)
"""Keys under which trainers keep a network, the averaged weights first."""

PREFIXES = ("module.", "_orig_mod.", "netG.", "generator.")
"""Prefixes that data-parallel training, compilation and GAN trainers add to each name."""

ATTRIBUTES = ("model.", "net.", "net_g.", "network.", "gen.", "G.")
"""Prefixes of the attributes in which modules of Lightning keep a network; some networks have
layers of these names themselves."""

Tensors = dict[str, Tensor]

CHOOSE = "Choose a weights file (.safetensors, .pth, .pt, .ckpt or .pth.tar)."


def read_tensors(path: Path) -> Tensors:
    """Return the tensors of a ``.safetensors`` or torch file by bare name, on the CPU, in fp32.

    Raises:
        NoSuchFile: there is no such file.
        InvalidCheckpoint: it holds no tensors, holds non-finite ones, or would run code.
    """
    check_is_weights(path)
    tree = _read_safetensors(path) if _is_safetensors(path) else _read_torch(path)
    tensors = _without_prefixes(_innermost(tree, path))
    for name, tensor in tensors.items():
        if tensor.is_floating_point():
            tensors[name] = tensor.float()
            if not torch.isfinite(tensors[name]).all():
                raise InvalidCheckpoint(f"{path}: '{name}' is not finite: training went wrong.")
    return tensors


def _is_safetensors(path: Path) -> bool:
    """Look at the content: eight bytes of length, then JSON."""
    try:
        with path.open("rb") as file:
            return file.read(9)[8:] == b"{"
    except OSError as error:
        raise InvalidCheckpoint(
            f"{path}: cannot be read ({error.strerror}). Check its permissions."
        ) from error


def _read_safetensors(path: Path) -> Mapping[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, ValueError, OSError) as error:
        raise InvalidCheckpoint(
            f"{path}: a damaged safetensors file ({error}). {CHOOSE}"
        ) from error


def _read_torch(path: Path) -> Any:
    if _is_torchscript(path):
        raise InvalidCheckpoint(
            f"{path}: TorchScript, a program beside its weights, is not run. Ask its author for "
            "the weights alone."
        )
    try:
        with (
            warnings.catch_warnings()
        ):  # about pickle versions and storages: nothing a user can fix
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "GLOBAL" in str(error) or _is_bare_pickle(path):
            named = re.search(r"GLOBAL ([\w.]+) was not an allowed", str(error))
            holds = f"it holds {named[1]}, and " if named else ""
            raise InvalidCheckpoint(
                f"{path}: refused, as {holds}loading it would run code. Ask its author for a "
                ".safetensors file, or save the state_dict alone if it is yours."
            ) from error
        raise InvalidCheckpoint(f"{path}: not a weights file. {CHOOSE}") from error
    except Exception as error:  # torch.load does not document its errors for foreign bytes
        raise InvalidCheckpoint(f"{path}: not a weights file. {CHOOSE}") from error


def _is_torchscript(path: Path) -> bool:
    """Look into the archive: it has a folder of code."""
    if not is_zipfile(path):
        return False
    try:
        with ZipFile(path) as archive:
            return any("/code/" in name for name in archive.namelist())
    except (BadZipFile, OSError):
        return False


def _is_bare_pickle(path: Path) -> bool:
    """Look at the content: a bare pickle, not written by torch, whose calls are not even listed."""
    with path.open("rb") as file:
        return file.read(1) == pickle.PROTO


def _innermost(tree: Any, path: Path) -> Tensors:
    """Follow the wrappers down to the table of tensors."""
    while isinstance(tree, Mapping):
        tensors = {k: v for k, v in tree.items() if isinstance(k, str) and isinstance(v, Tensor)}
        wrapped = next((k for k in WRAPPERS if isinstance(tree.get(k), Mapping)), None)
        if wrapped is None:
            if tensors:
                return tensors
            break
        tree = tree[wrapped]
    raise InvalidCheckpoint(f"{path}: it contains no table of tensors. Give a weights file.")


def _without_prefixes(tensors: Tensors) -> Tensors:
    """Remove prefixes; if only some names have one, only those belong to the network."""
    for _ in PREFIXES:
        for prefix in PREFIXES:
            mine = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
            tensors = mine or tensors
    return tensors


def within_attributes(tensors: Tensors) -> Iterator[Tensors]:
    """Yield the tensors of each attribute of `ATTRIBUTES` that they have, by bare name."""
    for prefix in ATTRIBUTES:
        inner = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
        if inner:
            yield _without_prefixes(inner)


def count_numbered(names: Iterable[str], group: str) -> int:
    """Return how many ``group.N.…`` there are, N from 0 on.

    Raises:
        InvalidOption: a number is missing.
    """
    pattern = re.compile(rf"{re.escape(group)}\.(\d+)\.")
    numbers = {int(match[1]) for match in map(pattern.match, names) if match}
    missing = set(range(max(numbers, default=-1) + 1)) - numbers
    if missing:
        raise InvalidOption(
            f"'{group}.{min(missing)}' is missing: its layers go up to {group}.{max(numbers)}."
        )
    return len(numbers)


READABLE = 0o644
"""Permissions of a written model: everybody may read it."""


def write_tensors(tensors: Mapping[str, Tensor], target: Path, dtype: torch.dtype) -> None:
    """Write tensors as safetensors; the file gets its name once it is complete and on disk.

    Args:
        dtype: of all that are floating-point numbers.

    Raises:
        NoSpace, UnwritableOutput: no new file is left under that name.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    own = {
        name: (tensor.to(dtype) if tensor.is_floating_point() else tensor)
        .cpu()
        .clone()
        .contiguous()
        for name, tensor in tensors.items()
    }
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with published(target) as part:
            try:
                save_file(own, part)
            except SafetensorError as error:  # its message for a short write
                raise OSError(ENOSPC, str(error)) from error
            part.chmod(READABLE)  # safetensors makes its files private
