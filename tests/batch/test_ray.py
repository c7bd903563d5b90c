"""A real Ray cluster on this machine: two workers, lost ones, different ones, broken ones, none."""

from pathlib import Path

import pytest

from tests.batch.toys import (
    Toy,
    ToyPiece,
    open_broken,
    open_toy,
    open_toy_of_its_own_kind,
)
from vsr.batch.engine import EngineSpec
from vsr.batch.ray import RayEngine, import_ray, open_ray
from vsr.batch.scheduler import Scheduler
from vsr.errors import DecodingFailed, DeviceUnavailable, Refused

ROOT = Path(__file__).parents[2]
TWO = EngineSpec(name="ray", workers=2)

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own, of sockets and futures


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the workers find the tests."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")


def run(engine: RayEngine, *pieces: ToyPiece) -> None:
    assert len(list(Scheduler(engine).run(pieces))) == len(pieces)


def test_two_workers_go_on_past_a_killed_one_and_a_bad_task(cluster, tmp_path: Path, capfd):
    plain = [ToyPiece(Toy(f"plain{index}", tmp_path, sleep_seconds=0.2)) for index in range(6)]
    dies = ToyPiece(Toy("dies", tmp_path, dies=2), 9)
    bad = ToyPiece(Toy("bad", tmp_path, how="error"))
    memory = ToyPiece(Toy("memory", tmp_path, how="memory"))
    with open_ray(open_toy, TWO, has_gpus=False) as engine:
        assert engine.size == 2
        run(engine, dies, *plain, bad, memory)
    assert dies.value == "dies"
    assert dies.ticks.count(None) == 2
    assert all(piece.value for piece in plain)
    assert isinstance(bad.error, DecodingFailed)
    assert isinstance(memory.error, MemoryError)
    assert capfd.readouterr().out == ""  # standard output is for results


def test_a_cluster_of_ours_reports_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_USAGE_STATS_ENABLED", raising=False)
    import_ray()
    from ray._common.usage.usage_lib import usage_stats_enabled

    assert not usage_stats_enabled()


@pytest.mark.slow
def test_workers_of_different_classes_are_refused_unless_allowed(cluster, tmp_path: Path):
    pieces = [ToyPiece(Toy(f"{index}", tmp_path, sleep_seconds=0.5)) for index in range(8)]
    with (
        open_ray(open_toy_of_its_own_kind, TWO, has_gpus=False) as engine,
        pytest.raises(DeviceUnavailable, match="--mixed"),
    ):
        run(engine, *pieces)
    mixed = EngineSpec(name="ray", workers=2, is_mixed=True)
    with open_ray(open_toy_of_its_own_kind, mixed, has_gpus=False) as engine:
        run(engine, *[ToyPiece(piece.toy) for piece in pieces])


@pytest.mark.slow
def test_a_worker_that_cannot_open_is_refused_with_its_reason(cluster):
    with (
        pytest.raises(DeviceUnavailable, match="cannot start"),
        open_ray(open_broken, TWO, has_gpus=False),
    ):
        pass


def test_a_cluster_that_is_not_there_is_refused_with_the_command_that_starts_one(cluster):
    nowhere = EngineSpec(name="ray", address="127.0.0.1:1")
    with pytest.raises(Refused, match="ray start --head"), open_ray(open_toy, nowhere):
        pass
