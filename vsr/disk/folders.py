"""Where the user's own files are, and what can be made again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

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
