"""Arrays and tensors ↔ the frames that the engine takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from vsr.errors import InvalidArray
from vsr.media.images.deep_images import MOST, DeepCodes, eight_bit, sixteen_bit

Axes = Literal["HW", "HWC", "CHW"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayKind:
    """What an array was before it became codes, so that the result can be the same.

    Attributes:
        dtype: as numpy or torch names it.
        device: of a tensor; None for a numpy array.
        axes: rows H, columns W and channels C, in order.
    """

    dtype: Any
    device: Any
    axes: Axes

    def restored(self, codes: DeepCodes) -> Any:
        """Return 16-bit codes, (rows, columns[, 3]), as an array of this kind."""
        values = _values_of(codes, self.dtype)
        if self.axes == "CHW":
            values = values[None] if values.ndim == 2 else np.moveaxis(values, 2, 0)
        elif self.axes == "HWC" and values.ndim == 2:
            values = values[:, :, None]
        values = np.ascontiguousarray(values)
        if self.device is None:
            return values
        return torch.from_numpy(values).to(self.device, self.dtype)


def codes_from(array: Any) -> tuple[DeepCodes, ArrayKind]:
    """Return a frame as 16-bit codes, (rows, columns[, 3]), and what it was before.

    Args:
        array: a numpy array (H, W), (H, W, 1) or (H, W, 3), or a tensor (H, W), (1, H, W) or
            (3, H, W): uint8 or uint16 codes of the whole range, or floats in [0, 1].

    Raises:
        InvalidArray: another type, shape, dtype or range.
    """
    is_tensor = isinstance(array, torch.Tensor)
    if not is_tensor and not isinstance(array, np.ndarray):
        raise InvalidArray(
            f"{type(array).__name__}: not a frame. Give a numpy array (rows, columns, 3) or a "
            "torch tensor (3, rows, columns), or a list or an iterator of them."
        )
    axes = _axes_of(array.shape, is_tensor=is_tensor)
    kind = ArrayKind(dtype=array.dtype, device=array.device if is_tensor else None, axes=axes)
    codes = _codes_of(_on_host(array) if is_tensor else array)
    if axes == "CHW":
        codes = codes[0] if codes.shape[0] == 1 else np.moveaxis(codes, 0, 2)
    elif axes == "HWC" and codes.shape[2] == 1:
        codes = codes[:, :, 0]
    return np.array(codes, order="C"), kind  # a copy: the caller may fill the same array again


def _axes_of(shape: tuple[int, ...], *, is_tensor: bool) -> Axes:
    """Return which axis is which.

    Raises:
        InvalidArray: it is not the shape of a frame; the message says how to change it.
    """
    if 0 in shape:
        raise InvalidArray(f"a frame of shape {tuple(shape)} has no pixels.")
    if len(shape) == 2:
        return "HW"
    if len(shape) == 3 and is_tensor and shape[0] in (1, 3):
        return "CHW"
    if len(shape) == 3 and not is_tensor and shape[2] in (1, 3):
        return "HWC"
    wanted = "(3, rows, columns)" if is_tensor else "(rows, columns, 3)"
    hint = "Give one channel or three."
    if len(shape) == 3 and is_tensor and shape[2] in (1, 3):
        hint = "Use .permute(2, 0, 1)."
    elif len(shape) == 3 and shape[0] in (1, 3):
        hint = "Use numpy.moveaxis(frame, 0, 2)."
    elif len(shape) == 3 and 4 in (shape[0], shape[2]):
        hint = "Leave the alpha channel out."
    what = "a tensor" if is_tensor else "an array"
    raise InvalidArray(f"a frame of shape {tuple(shape)}: as {what} it must be {wanted}. {hint}")


def _on_host(tensor: torch.Tensor) -> NDArray[Any]:
    if tensor.layout is not torch.strided or tensor.is_meta:
        what = "on the device meta" if tensor.is_meta else f"of layout {tensor.layout}"
        raise InvalidArray(f"a tensor {what} holds no samples to read. Give a dense one.")
    if tensor.dtype.is_floating_point and tensor.dtype not in FLOATS:
        raise _wrong_kind(tensor.dtype)
    tensor = tensor.detach().cpu().resolve_conj().resolve_neg()
    return (tensor.float() if tensor.dtype is torch.bfloat16 else tensor).numpy()


FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)

ROUNDED = 0.5 / MOST
"""How far beyond 0 and 1 an amplitude rounds to the code that is the last."""


def _codes_of(values: NDArray[Any]) -> DeepCodes:
    if values.dtype == np.uint8:
        return sixteen_bit(values)
    if values.dtype.kind == "u" and values.dtype.itemsize == 2:  # in either order of bytes
        return values.astype(np.uint16)
    if not np.issubdtype(values.dtype, np.floating):
        raise _wrong_kind(values.dtype)
    least, most = float(values.min()), float(values.max())
    if not (least > -ROUNDED and most < 1 + ROUNDED):  # also false if one is not a number
        raise InvalidArray(
            f"a frame with values from {least:.6g} to {most:.6g}: floats must be from 0 to 1. "
            "Scale or clip them first."
        )
    codes: DeepCodes = np.round(values.astype(np.float64).clip(0, 1) * MOST).astype(np.uint16)
    return codes


def _wrong_kind(dtype: object) -> InvalidArray:
    name = str(dtype).removeprefix("torch.")
    return InvalidArray(f"a frame of {name}: give uint8, uint16, or floats from 0 to 1.")


def _values_of(codes: DeepCodes, dtype: Any) -> NDArray[Any]:
    """Return 16-bit codes as a numpy array that converts to ``dtype`` without loss."""
    if dtype in (np.uint8, torch.uint8):
        return eight_bit(codes)
    if dtype is torch.uint16:
        return codes
    if not isinstance(dtype, torch.dtype) and dtype.kind == "u":
        return codes.astype(dtype)
    amplitudes = codes / MOST
    return amplitudes if isinstance(dtype, torch.dtype) else amplitudes.astype(dtype)
