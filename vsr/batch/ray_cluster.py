"""The way into a Ray cluster: its address, or one of our own on this machine."""

from __future__ import annotations

import os
import socket
import warnings
from typing import Any

from vsr.batch.engine import EngineSpec
from vsr.errors import InvalidOption, Refused

CONNECT_SECONDS = 10.0
"""How long a cluster may take to answer; Ray itself would try for minutes."""


def import_ray() -> Any:
    """Return the module.

    Raises:
        InvalidOption: it is not installed.
    """
    # Ray prints events of its workers to stdout, which is for results.
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".*")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its imports warn about each other
            import ray
    except ImportError as error:
        raise InvalidOption(
            f"--engine ray: Ray is not installed ({error}). pip install 'vsr-cli[ray]'."
        ) from error
    return ray


def connect(ray: Any, spec: EngineSpec, cpus: int) -> None:
    """Join the cluster of the spec's address, or start one on this machine.

    Args:
        cpus: per worker.

    Raises:
        Refused: no cluster answers.
    """
    options: dict[str, Any] = {"address": spec.address}
    if spec.address is None:
        options = {"address": "local", "include_dashboard": False}
        options["num_cpus"] = cpus * (spec.workers or 1)
        if spec.workers is None:
            del options["num_cpus"]
    try:
        if spec.address and ":" in spec.address and "//" not in spec.address:
            host, _, port = spec.address.rpartition(":")
            socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a future default that does not concern us
            ray.init(log_to_driver=False, logging_level="ERROR", **options)
    except (OSError, RuntimeError, ValueError) as error:
        raise Refused(
            f"--ray-address {spec.address}: no Ray cluster answers ({first_line(error)}). "
            "Start one with: ray start --head."
        ) from error


def first_line(error: BaseException) -> str:
    """Return the first line of an error; Ray's own errors span many."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__).rstrip(".")
