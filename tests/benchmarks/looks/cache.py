"""What was computed before, kept under ``$VSR_CACHE`` or the user's cache folder."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def folder() -> Path:
    """Return the folder, which may be deleted at any time."""
    base = os.environ.get("VSR_CACHE")
    path = (Path(base) if base else Path.home() / ".cache" / "vsr") / "looks"
    path.mkdir(parents=True, exist_ok=True)
    return path


def digest(*parts: object) -> str:
    """Return a short hash of values with a repr that says everything."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:20]


def kept_array(key: str, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
    """Return the array of a key, made if it is not there."""
    path = folder() / f"{key}.npy"
    if path.exists():
        return np.load(path)
    array = make()
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as file:
        np.save(file, array)
    part.replace(path)
    return array


def kept_values(key: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the JSON of a key, made if it is not there."""
    path = folder() / f"{key}.json"
    if path.exists():
        found: dict[str, Any] = json.loads(path.read_text())
        return found
    values = make()
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps(values))
    part.replace(path)
    return values
