"""Where the user's own files are, and what can be made again, of which there is a limit."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Literal

from vsr.disk.publishing import remove

Kind = Literal["presets", "presets/looks", "presets/train", "pipelines", "models"]


def user_folder(kind: Kind) -> Path:
    """Return the folder in which the user's own files of a kind are looked up.

    It is inside ``$VSR_HOME``. Without that, recipes, being written by hand, are in
    ``~/.config/vsr``, and models, being made by programs, in ``~/.local/share/vsr``
    (``$XDG_CONFIG_HOME`` and ``$XDG_DATA_HOME`` move these). ``$VSR_MODELS``, if set, is the folder
    of models itself and takes precedence.

    Source: XDG Base Directory Specification 0.8.
    """
    if kind == "models" and (chosen := os.environ.get("VSR_MODELS")):
        return Path(chosen).expanduser()
    if home := os.environ.get("VSR_HOME"):
        return Path(home).expanduser() / kind
    if kind == "models":
        base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    else:
        base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "vsr" / kind


def cache_folder() -> Path:
    """Return the folder for what can be made again: ``$VSR_HOME/cache``, else ``~/.cache/vsr``.

    ``$XDG_CACHE_HOME`` moves the latter. Source: XDG Base Directory Specification 0.8.
    """
    if home := os.environ.get("VSR_HOME"):
        return Path(home).expanduser() / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "vsr"


def limit_cache(used: Path, most_bytes: int, *, spared_seconds: float = 0.0) -> None:
    """Mark a part of a cache as used, and remove what was used longest ago, until the rest fits.

    Args:
        used: a file or folder, which stays; the other parts are next to it.
        most_bytes: of all of them together.
        spared_seconds: what was used within them stays too.
    """
    with suppress(OSError):  # such as a cache that others may only read
        os.utime(used)
        times = {path: path.stat().st_mtime for path in used.parent.iterdir()}
        sizes = {path: _bytes_in(path) for path in times}
        taken = sum(sizes.values())
        for path in sorted(times, key=times.__getitem__):
            if taken <= most_bytes:
                return
            if path != used and times[path] <= times[used] - spared_seconds:
                remove(path)
                taken -= sizes[path]


def _bytes_in(path: Path) -> int:
    inside = path.rglob("*") if path.is_dir() else (path,)
    return sum(one.stat().st_size for one in inside)
