import pytest

from tests.upscaling.toys import model_of, pass_spec
from vsr.device.select import Device
from vsr.upscaling.engine.cpu_engine import CpuEngine
from vsr.upscaling.engine.cuda_engine import CudaEngine
from vsr.upscaling.engine.engine import open_engine


def test_a_cuda_device_gets_the_cuda_engine(monkeypatch: pytest.MonkeyPatch):
    opened = []
    monkeypatch.setattr(CudaEngine, "open", lambda *given, **named: opened.append((given, named)))
    device, spec = Device(kind="cuda", precision="fp16"), pass_spec()
    open_engine(model_of(None), device, spec, tile=64)
    ((given, named),) = opened
    assert given[1:] == (device, spec)
    assert named["tile"] == 64


def test_a_cpu_gets_the_cpu_engine():
    with open_engine(model_of(None), Device(kind="cpu"), pass_spec()) as engine:
        assert isinstance(engine, CpuEngine)
