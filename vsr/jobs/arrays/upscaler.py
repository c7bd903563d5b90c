"""``vsr.Upscaler``: frames in memory in, enlarged frames of the same kind out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, groupby
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeVar, overload

from numpy.typing import NDArray

from vsr.closing import Closing
from vsr.errors import InvalidArray, InvalidOption
from vsr.frames import HostFrame
from vsr.jobs.keywords import naming_keywords, with_keywords
from vsr.notation import Factor, factor_of
from vsr.option import checked_text
from vsr.specs import Precision, UpscaleSpec
from vsr.values import OutputSize

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from vsr.jobs.upscale.segment_worker import SegmentWorker
    from vsr.upscaling.steps import VideoStep

Frame = TypeVar("Frame")
Listed = list[Frame] | tuple[Frame, ...]

STEPS = ("upscale", "fit")


class Upscaler(Closing):
    """A network that enlarges frames in memory; the same engine and precision as the command.

    The network is loaded by the first frame and stays open until `close`, or the end of the
    ``with``. A frame of another size opens its engine anew. Several iterators may be read in turn,
    each through an engine of its own. Not for several threads at once.

    >>> with Upscaler(model="fast", scale=4) as up:  # doctest: +SKIP
    ...     big = up(frame)
    """

    def __init__(
        self,
        model: str | PathLike[str] = "fast",
        *,
        scale: Factor | str = 4,
        strength: float = 0.0,
        sharpness: float = 0.0,
        device: str | torch.device = "auto",
        precision: Precision = "auto",
        tile: int | None = None,
        note: Callable[[str], None] | None = None,
    ) -> None:
        """Check the settings; nothing is loaded yet.

        Args:
            model: a name (``vsr models``) or a weights file.
            scale: enlarge by exactly this factor.
            strength: of the repair of compression artifacts, 0 to 1.
            sharpness: of invented detail, 0 to 1.
            device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``onnx[:PROVIDER]``; or torch's.
            precision: ``auto``, ``fp32``, ``fp16``, ``autocast``, ``bf16`` or ``int8``.
            tile: the largest tile side in pixels of the source; by default memory decides.
            note: called with remarks, such as a frame that was redone in fp32.

        Raises:
            InvalidOption: a value out of its range.
        """
        from vsr.jobs.upscale.choice import model_named

        for name, value in (("strength", strength), ("sharpness", sharpness)):
            if isinstance(value, str):
                raise InvalidOption(
                    f"{name} {value}: frames in memory do not say how they were compressed. "
                    "Give a number from 0 to 1."
                )
        self._spec = UpscaleSpec(
            size=OutputSize(scale=factor_of(scale)),
            steps=STEPS,
            model=model_named(checked_text("model", model)),
            strength=strength,
            sharpness=sharpness,
            device=device if isinstance(device, str) else str(device),
            precision=precision,
            tile=tile,
            deinterlace="off",
        )
        self._note = lambda text: note(with_keywords(text)) if note is not None else None
        self._workers: list[SegmentWorker] = []
        self._idle: list[SegmentWorker] = []

    @overload
    def __call__(self, frames: NDArray[Any]) -> NDArray[Any]: ...  # type: ignore[overload-overlap] # iterable, too
    @overload
    def __call__(self, frames: Tensor) -> Tensor: ...
    @overload
    def __call__(self, frames: Listed[Frame]) -> list[Frame]: ...  # type: ignore[overload-overlap] # iterable, too
    @overload
    def __call__(self, frames: Iterable[Frame]) -> Iterator[Frame]: ...
    def __call__(self, frames: Any) -> Any:
        """Enlarge one frame, a batch, a list, or an iterator; what comes out is of the same kind.

        Args:
            frames: a numpy array (H, W, 3), gray (H, W) or (H, W, 1), or a batch (N, H, W, C);
                a torch tensor (3, H, W), gray (H, W) or (1, H, W), or a batch (N, C, H, W), on any
                device. R'G'B' as uint8 or uint16 codes of the whole range, or as floats in [0, 1],
                which are computed as codes of 16 bits. A list or tuple of frames gives a list. Any
                other iterable gives an iterator, which holds only the frames in flight: two or
                three at a time.

        Raises:
            InvalidArray: a wrong type, shape, dtype or range.
            Refused: the model, its scale or flavour, or the device.
            Failed: memory ran out.
        """
        if hasattr(frames, "shape") and hasattr(frames, "dtype"):
            if len(frames.shape) == 4:
                return _stacked(list(self._each(frames)), frames)
            return next(self._each((frames,)))
        if isinstance(frames, list | tuple):
            return list(self._each(frames))
        if isinstance(frames, Iterable) and not isinstance(frames, str | bytes):
            return self._each(frames)
        raise InvalidArray(
            f"{type(frames).__name__}: not a frame. Give an array, a tensor, a list or an iterator."
        )

    def close(self) -> None:
        """Release the network and its memory; an iterator that is read on fails."""
        for worker in self._workers:
            worker.close()
        self._workers.clear()
        self._idle.clear()

    @contextmanager
    def _lent(self) -> Iterator[SegmentWorker]:
        """Yield an engine of one's own: that of an iterator that is not read to its end stays."""
        from vsr.jobs.upscale.segment_worker import SegmentWorker

        if not self._idle:
            self._idle.append(SegmentWorker())
            self._workers.append(self._idle[-1])
        worker = self._idle.pop()
        try:
            yield worker
        finally:
            if worker in self._workers:
                self._idle.append(worker)

    def _each(self, frames: Iterable[Any]) -> Iterator[Any]:
        """Yield each frame, enlarged, as the same kind of array; lazy and in order."""
        from vsr.jobs.arrays.array_frames import ArrayKind, codes_from
        from vsr.media.images.deep_images import codes_of, frame_of

        kinds: deque[ArrayKind] = deque()

        def read() -> Iterator[HostFrame]:
            for index, frame in enumerate(frames):
                codes, kind = codes_from(frame)
                kinds.append(kind)
                yield replace(frame_of(codes), pts=index)

        with naming_keywords(), self._lent() as worker:
            for _, alike in groupby(read(), key=lambda frame: (frame.size, frame.layout)):
                for enlarged in self._enlarged(alike, worker):
                    yield kinds.popleft().restored(codes_of(enlarged))

    def _enlarged(self, alike: Iterator[HostFrame], worker: SegmentWorker) -> Iterator[HostFrame]:
        """Enlarge frames of one size and layout, of which there is at least one."""
        first = next(alike)
        flow: Iterator[HostFrame] = chain((first,), alike)
        for step in self._steps(first, worker):
            flow = step(flow)
        return flow

    def _steps(self, frame: HostFrame, worker: SegmentWorker) -> list[VideoStep]:
        """Return the steps for frames like this one; those already open, if they are the same."""
        from vsr.device.select import select
        from vsr.models import catalog
        from vsr.upscaling.engine.precision import with_precision
        from vsr.upscaling.plan import SQUARE, plan_sizes
        from vsr.upscaling.steps import StepContext

        spec, size = self._spec, frame.size
        scale = spec.size.scale
        assert scale is not None
        plan = plan_sizes(size, SQUARE, spec.size, catalog.scales(spec.model))
        model = worker.load(spec.model, plan.scale, spec.blend())
        context = StepContext(
            plan=replace(plan, output=size.scaled(scale)),  # odd sides stay as they are
            layout=frame.layout,
            colour=frame.resolved_colour,
            output_layout=frame.layout,
            model=model,
            device=with_precision(
                select(spec.device, spec.precision),
                spec.precision,
                model,
                frame.layout,
                frame.colour,
            ),
            tile=spec.tile,
            deinterlace="off",
        )
        return worker.steps(spec.steps, context, self._note)


def _stacked(frames: list[Any], like: Any) -> Any:
    """Return a batch of frames as one array, or tensor, of the kind of ``like``."""
    import numpy as np
    import torch

    if not frames:
        raise InvalidArray(f"a batch of shape {tuple(like.shape)} has no frames.")
    return torch.stack(frames) if isinstance(like, torch.Tensor) else np.stack(frames)
