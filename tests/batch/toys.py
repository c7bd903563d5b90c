"""A worker without films: quick to open, and able to die in every way."""

import os
import signal
import socket
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vsr.batch.engine import STALLED, DeviceClass
from vsr.errors import DecodingFailed


@dataclass(frozen=True)
class Toy:
    """Write ``name`` into a shared folder; the first ``dies`` of its workers end on the way."""

    name: str
    folder: Path
    dies: int = 0
    how: str = "kill"
    sleep_seconds: float = 0.0
    urgency: int = 0


class ToyWorker:
    def __init__(self, device: str = "cpu toy fp32") -> None:
        self.device = device

    def do(self, task: Toy, report):
        report(f"begin {task.name}")
        time.sleep(task.sleep_seconds)
        deaths = task.folder / f"{task.name}.deaths"
        count = len(deaths.read_text()) if deaths.exists() else 0
        if task.how == "error":
            raise DecodingFailed(f"{task.name}: bad.")
        if task.how == "stuck":
            os._exit(STALLED)
        if task.how == "memory":
            bytearray(1 << 60)
        if count < task.dies:
            deaths.write_text("x" * (count + 1))
            os.kill(os.getpid(), signal.SIGKILL)
        (task.folder / task.name).write_text(str(os.getpid()))
        return task.name

    def describe(self) -> DeviceClass:
        return DeviceClass(self.device, "toy 1", socket.gethostname())

    def close(self) -> None:
        pass


def open_toy(device: str = "cpu toy fp32") -> ToyWorker:
    return ToyWorker(device)


def open_toy_of_its_own_kind() -> ToyWorker:
    """Every process is another class of device."""
    return ToyWorker(f"device {os.getpid()}")


def open_broken() -> ToyWorker:
    raise RuntimeError("no such device")


open_plain = partial(open_toy, "cpu toy fp32")


class ToyPiece:
    """One toy as a piece of work."""

    def __init__(self, toy: Toy, weight: float = 1.0) -> None:
        self.toy, self.weight = toy, weight
        self.value: str | None = None
        self.error: BaseException | None = None
        self.ticks: list[object] = []

    @property
    def is_over(self) -> bool:
        return self.value is not None or self.error is not None

    def begin(self):
        return (self.toy,)

    def on_report(self, task, tick):
        self.ticks.append(tick)

    def ended(self, task, value):
        self.value = value
        return ()

    def fail(self, error):
        self.error = error
