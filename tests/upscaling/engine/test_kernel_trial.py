"""Which devices the kernels are used on, and what is said where they are not; run on the CPU."""

import json

import pytest
import torch

from tests.device.nvrtc.on_cpu import compile_on_cpu
from tests.upscaling.toys import TOYS, model_of, pass_spec, plain
from vsr.device.nvrtc.program import Kernel
from vsr.device.select import Device, select
from vsr.frames import Layout
from vsr.upscaling.engine import kernel_verdict
from vsr.upscaling.engine.kernel_pass import PassKernels
from vsr.upscaling.engine.kernel_trial import PROVED, deviation, trusted_kernels
from vsr.upscaling.engine.kernel_verdict import verdict
from vsr.upscaling.passes.folding import route
from vsr.upscaling.passes.passes import RgbPass
from vsr.values import Size

HERE = Device(kind="cpu", precision="fp16", name="a proved device")
"""This CPU in the place of a GPU."""


def compile_wrongly(old: str, new: str):
    """Return a compiler of a text in which something is another."""

    def compiled(name: str, text: str) -> Kernel:
        return compile_on_cpu(name, text.replace(old, new))

    return compiled


def trusted(compiled=compile_on_cpu, name: str = "folded") -> tuple[PassKernels | None, list[str]]:
    said: list[str] = []
    way, net = route(model_of(TOYS[name]()), pass_spec(), is_dense=True)
    kernels = trusted_kernels(
        way, net, HERE, said.append, compiled=compiled, proved=frozenset({HERE.name})
    )
    return kernels, said


def test_no_device_has_been_proved_yet_so_none_uses_them():
    assert not PROVED
    way, net = route(model_of(plain()), pass_spec())
    said: list[str] = []
    assert trusted_kernels(way, net, HERE, said.append, compiled=compile_on_cpu) is None
    assert not said


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("compact", "srgan", "dpsrgan")]


@pytest.mark.parametrize("name", ["folded", "luma", "swift", "rrdb", *SLOW])
def test_a_proved_device_uses_them_with_every_kind_of_network(name):
    kernels, said = trusted(name=name)
    assert kernels is not None
    assert not said


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("fabsf(phase)", "oops", "oops"),
        ("LUMA_UNIT + LUMA_START", "LUMA_UNIT + 2.0f", "2.0 codes from torch"),
        ("index < FORMS", "index < 0", "they do not find what is not finite"),
        ("#define LUMA_OFFSET 16.0f", "#define LUMA_OFFSET 19.0f", "codes from torch"),
    ],
)
def test_a_text_that_is_broken_or_wrong_leaves_the_work_to_torch(old, new, problem):
    kernels, said = trusted(compile_wrongly(old, new))
    assert kernels is None
    (line,) = said
    assert line.startswith("CUDA kernels are not used (")
    assert line.endswith("): torch's own operations are.")
    assert problem in line
    assert "\n" not in line


def failing(error: Exception):
    """Return a compiler of kernels whose launch fails."""

    def launched(*arguments) -> None:
        raise error

    return lambda name, text: launched


@pytest.mark.parametrize("kind", [RuntimeError, TypeError, AttributeError])
def test_a_launch_that_fails_leaves_the_work_to_torch(kind):
    assert trusted(failing(kind("not a stream\nof CUDA")))[1] == [
        "CUDA kernels are not used (not a stream): torch's own operations are."
    ]


def test_a_shortage_is_handed_on():
    with pytest.raises(RuntimeError, match="out of memory"):
        trusted(failing(RuntimeError("CUDA_ERROR_OUT_OF_MEMORY: out of memory")))


def test_a_deviation_is_in_codes_of_the_source_and_of_the_output():
    way = RgbPass(pass_spec(layout=Layout(10, 1, 1)))
    right = PassKernels.around(way, None, torch.float32, compile_on_cpu)
    found = deviation(right, torch.device("cpu"))
    assert not found.problem
    assert found.input_codes < 0.1
    darker = compile_wrongly("#define LUMA_OFFSET 64.0f", "#define LUMA_OFFSET 69.0f")
    wrong = PassKernels.around(way, None, torch.float32, darker)
    assert deviation(wrong, torch.device("cpu")).input_codes == pytest.approx(5, abs=0.1)


def test_a_verdict_is_json_with_the_codes_and_the_times_of_every_case(monkeypatch):
    monkeypatch.setattr(kernel_verdict, "FORMATS", kernel_verdict.FORMATS[:1])
    sizes = (Size(33, 10),)
    found = verdict(HERE, compiled=compile_on_cpu, sizes=sizes)
    assert found["is_right"]
    assert found["problem"] is None
    assert len(found["cases"]) == 3
    assert {row["output_codes"] for row in found["cases"].values()} <= {0, 1}
    timed = [row for row in found["cases"].values() if "kernels_ms" in row]
    assert len(timed) == 3
    assert json.loads(json.dumps(found)) == found


def test_a_verdict_without_kernels_says_why():
    broken = compile_wrongly("fabsf(phase)", "oops")
    found = verdict(HERE, compiled=broken, sizes=(Size(8, 8),))
    assert not found["is_right"]
    assert not found["is_faster"]
    assert "oops" in found["problem"]


@pytest.mark.gpu
def test_the_device_is_right():
    found = verdict(select("cuda"))
    assert found["is_right"], found
