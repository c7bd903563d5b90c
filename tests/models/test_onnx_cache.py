"""Networks written as ONNX, kept until others took their place."""

import os
from pathlib import Path

import pytest

from vsr.models import onnx_file
from vsr.models.onnx_file import exported
from vsr.models.plain import Plain
from vsr.values import Size


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write 100 bytes for every network; return their keys in the order of being written."""
    names: list[str] = []

    def pretended(net: object, target: Path, size: Size, *, is_half: bool) -> None:
        del net, size, is_half
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(bytes(100))
        names.append(target.name[0])

    monkeypatch.setattr(onnx_file, "write_onnx", pretended)
    monkeypatch.setattr(onnx_file, "version", lambda package: "1.0")
    monkeypatch.setattr(onnx_file, "MOST_CACHED_BYTES", 250)
    return names


def opened(folder: Path, key: str, at: int) -> Path:
    path = exported(Plain(2, 8, 1), folder, key, Size(8, 8), is_half=False)
    os.utime(path, (at, at))
    return path


def test_what_was_opened_longest_ago_is_removed(tmp_path: Path, written: list[str]) -> None:
    folder = tmp_path / "onnx"
    for at, key in enumerate("abac"):
        assert opened(folder, key, at).exists()
    assert sorted(path.name[0] for path in folder.iterdir()) == ["a", "c"]
    opened(folder, "b", 4)
    assert written == ["a", "b", "c", "b"]


def test_one_that_is_too_large_stays_while_it_is_the_last(
    tmp_path: Path, written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_file, "MOST_CACHED_BYTES", 50)
    (tmp_path / "left.onnx.part").write_bytes(bytes(10))
    path = opened(tmp_path, "a", 1)
    assert list(tmp_path.iterdir()) == [path]
