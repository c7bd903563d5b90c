import resource
from pathlib import Path

import pytest

from vsr.device.memory import available_host_bytes

MB = 2**20


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "proc/meminfo", f"MemTotal: 9999999 kB\nMemAvailable: {800 * 1024} kB\n")
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_machine_is_the_limit_where_there_is_no_other(root):
    assert available_host_bytes(root) == 800 * MB


def test_the_tightest_cgroup_counts_and_file_cache_is_free(root):
    write(root / "proc/self/cgroup", "0::/a/b\n")
    write(root / "sys/fs/cgroup/a/b/memory.max", "max\n")
    write(root / "sys/fs/cgroup/a/memory.max", f"{300 * MB}\n")
    write(root / "sys/fs/cgroup/a/memory.current", f"{120 * MB}\n")
    write(root / "sys/fs/cgroup/a/memory.stat", f"anon 1\ninactive_file {20 * MB}\n")
    assert available_host_bytes(root) == 200 * MB


def test_a_cgroup_of_version_1_counts(root):
    folder = root / "sys/fs/cgroup/memory"
    write(folder / "memory.limit_in_bytes", f"{100 * MB}\n")
    write(folder / "memory.usage_in_bytes", f"{30 * MB}\n")
    assert available_host_bytes(root) == 70 * MB


def test_an_unlimited_cgroup_of_version_1_does_not(root):
    folder = root / "sys/fs/cgroup/memory"
    write(folder / "memory.limit_in_bytes", f"{2**63 - 4096}\n")
    write(folder / "memory.usage_in_bytes", "5\n")
    assert available_host_bytes(root) == 800 * MB


def test_the_address_space_limit_counts(root, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda what: (500 * MB, 500 * MB))
    write(root / "proc/self/statm", f"{100 * MB // resource.getpagesize()} 1 1\n")
    assert available_host_bytes(root) == 400 * MB


def test_nothing_left_is_zero_and_nothing_known_is_none(root, tmp_path, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda what: (MB, MB))
    write(root / "proc/self/statm", f"{MB} 1 1\n")
    assert available_host_bytes(root) == 0
    monkeypatch.undo()
    assert available_host_bytes(tmp_path / "elsewhere") is None


def test_this_machine_says_something():
    free = available_host_bytes()
    assert free is None or free > 0
