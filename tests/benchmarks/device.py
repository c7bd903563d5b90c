"""What a result is called: the device by what it is, never by the machine's name."""

import json
import re
from pathlib import Path
from typing import Any

from vsr.device.select import Device
from vsr.jobs.process_setup import core_count

RESULTS = Path(__file__).with_name("results")


def slug(device: Device) -> str:
    """Return ``cpu-2-cores`` or ``nvidia-h100-80gb-hbm3``."""
    if not device.is_cuda:
        return f"cpu-{core_count()}-cores"
    return re.sub(r"[^a-z0-9]+", "-", device.name.lower()).strip("-")


def write(device: Device, part: str, result: Any, folder: Path = RESULTS) -> Path:
    """Put a part of the results into the device's file, and leave the other parts alone."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{slug(device)}.json"
    parts = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    parts["device"] = str(device)
    parts[part] = result
    text = json.dumps(parts, indent=1, ensure_ascii=False, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")
    return path
