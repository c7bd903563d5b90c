"""Workers in processes of this machine: one for each GPU, or for each share of the CPU.

A process that dies takes nothing with it: its task is reported as lost, and a new process takes
its place. If the driver dies, so do its workers: they must not write alongside the next driver's.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from vsr.batch.engine import STALLED, Ended, OnReport, OpenWorker
from vsr.errors import Failed, InvalidOption

WAIT_SECONDS = 1.0
END_SECONDS = 2.0
"""How long a worker may take to exit before it is killed; whatever it has on disk is complete."""

MASK = "CUDA_VISIBLE_DEVICES"
"""Which GPUs a process sees, and in which order; they are renumbered from 0."""

NAME = "vsr-worker"

NO_GUARD = (
    "each worker runs the script that starts it from its beginning: put what that does under if "
    '__name__ == "__main__":, or omit --workers.'
)

READY, REPORT, DONE, FAILED = "ready", "report", "done", "failed"


class LocalEngine:
    """Processes that were spawned; see `open_local`."""

    def __init__(self, open_worker: OpenWorker, gpus: Sequence[int | None]) -> None:
        self._workers = [_Process(open_worker, gpu) for gpu in gpus]

    @property
    def size(self) -> int:
        """How many processes there are."""
        return len(self._workers)

    @property
    def free(self) -> int:
        """How many of them are free."""
        return sum(worker.ticket is None for worker in self._workers)

    def start(self, ticket: int, task: Any) -> None:
        """Send a task to the process that has waited longest."""
        worker = next(worker for worker in self._workers if worker.ticket is None)
        worker.send(ticket, task)
        self._workers.remove(worker)
        self._workers.append(worker)

    def wait(self, on_report: OnReport) -> list[Ended]:
        """Wait for a message, for at most a second."""
        busy = {worker.pipe: worker for worker in self._workers if worker.ticket is not None}
        ready = wait(list(busy), WAIT_SECONDS)
        return [ended for pipe in ready for ended in busy[pipe].heard(on_report)]  # type: ignore[index]  # pipes went in, so pipes come out

    def close(self) -> None:
        """End all processes at once, so that the wait is only as long as the slowest."""
        for worker in self._workers:
            worker.leave()
        for worker in self._workers:
            worker.end()


class _Process:
    """One process, and the task that it is running."""

    def __init__(self, open_worker: OpenWorker, gpu: int | None) -> None:
        self._open_worker, self._gpu = open_worker, gpu
        self.ticket: int | None = None
        self._spawn()

    def _spawn(self) -> None:
        context = multiprocessing.get_context("spawn")  # a forked torch or FFmpeg hangs
        self.is_ready = False
        self.pipe: Connection[Any, Any]
        self.pipe, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(
            target=_serve, args=(theirs, self._open_worker, self._gpu), name=NAME
        )
        with _guarded():
            self.process.start()
        theirs.close()

    def send(self, ticket: int, task: Any) -> None:
        self.ticket = ticket
        try:
            self.pipe.send(task)
        except OSError:  # it died while it waited: a new one takes the task
            self.end()
            self._spawn()
            self.pipe.send(task)

    def heard(self, on_report: OnReport) -> Iterator[Ended]:
        """Forward its progress; yield how its task ended, if it did.

        Raises:
            InvalidOption: no worker can start.
        """
        ticket = self.ticket
        assert ticket is not None
        try:
            kind, content = self.pipe.recv()
        except (EOFError, OSError):
            self.process.join()
            self.ticket = None
            code = self.process.exitcode
            if not self.is_ready and code is not None and code > 0:
                raise InvalidOption(NO_GUARD) from None
            # another worker would get stuck in the same place
            yield Ended(ticket=ticket, error=_death(code), is_lost=code != STALLED)
            self._spawn()
            return
        if kind == READY:
            self.is_ready = True
            return
        if kind == REPORT:
            on_report(ticket, content)
            return
        self.ticket = None
        if kind == DONE:
            yield Ended(ticket=ticket, value=content)
        else:
            yield Ended(ticket=ticket, error=content)

    def leave(self) -> None:
        """Ask it to exit."""
        self.pipe.close()
        if self.ticket is not None:
            self.process.kill()  # it hears nothing else

    def end(self) -> None:
        """Wait until it has exited."""
        self.leave()
        self.process.join(END_SECONDS)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


@contextmanager
def open_local(open_worker: OpenWorker, gpus: Sequence[int | None]) -> Iterator[LocalEngine]:
    """Spawn a process for each of ``gpus``; they end with the ``with``.

    Args:
        open_worker: called in each process.
        gpus: the CUDA device that each sees; None for the CPU.
    """
    with closing(LocalEngine(open_worker, gpus)) as engine:
        yield engine


def _serve(pipe: Connection[Any, Any], open_worker: OpenWorker, gpu: int | None) -> None:
    """Run what comes through the pipe until it is closed: the main loop of a worker."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # sent to all: the driver handles them
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    threading.Thread(target=_die_with_driver, daemon=True).start()
    if gpu is not None:
        os.environ[MASK] = masked(gpu, os.environ.get(MASK))
    pipe.send((READY, None))
    with closing(open_worker()) as worker:
        while True:
            try:
                task = pipe.recv()
            except EOFError:
                break
            try:
                answer = DONE, worker.do(task, lambda tick: pipe.send((REPORT, tick)))
            except Exception as error:  # a bad file, however bad, must not stop the rest
                answer = FAILED, portable(error)
            pipe.send(answer)
    os._exit(0)  # everything is closed, and unloading torch would take most of a second


def masked(gpu: int, mask: str | None) -> str:
    """Return the ``CUDA_VISIBLE_DEVICES`` that shows one GPU alone.

    Args:
        gpu: its number among those that this process sees.
        mask: what this process sees; a cluster sets it, with numbers or UUIDs.
    """
    return mask.split(",")[gpu].strip() if mask else str(gpu)


def portable(error: Exception) -> Exception:
    """Return an error that survives pickling: itself if it does, else one that quotes it."""
    from pickle import PicklingError, dumps, loads

    try:
        loads(dumps(error))
    except (PicklingError, TypeError, AttributeError, ValueError):
        return Failed(f"{type(error).__name__}: {error}")
    return error


def _die_with_driver() -> None:
    driver = multiprocessing.parent_process()
    if driver is not None:
        driver.join()
    os._exit(1)  # a half-finished segment is worth nothing


@contextmanager
def _guarded() -> Iterator[None]:
    """End a worker that is to start workers while it only imports the script of its driver.

    Raises:
        InvalidOption: the same, in a process that is another's.
    """
    try:
        yield
    except RuntimeError as error:
        if "bootstrapping" not in str(error):
            raise
        if multiprocessing.current_process().name == NAME:
            os._exit(1)  # its driver says it, once
        raise InvalidOption(NO_GUARD) from error


def _death(code: int | None) -> Failed:
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        hint = " The system may have run out of memory: try fewer --workers." * (code == -9)
        return Failed(f"the worker was killed by {name}.{hint}")
    if code == STALLED:
        return Failed(
            "no progress for minutes: its worker was ended. Run the same command again to resume, "
            "with another --codec if it stops there again."
        )
    return Failed(f"the worker exited unexpectedly (exit code {code}).")
