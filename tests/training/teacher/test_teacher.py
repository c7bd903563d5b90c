import pytest
import torch

from vsr.device.select import Device
from vsr.errors import InvalidOption, NoSuchFile, UnknownName
from vsr.models.catalog import load
from vsr.training.teacher.teacher import Teacher, TeacherSpec

CPU = Device(kind="cpu")
LOW = torch.rand(2, 3, 24, 24, generator=torch.Generator().manual_seed(1))


def taught(scale, *parts):
    return Teacher.open(parts, scale).taught(LOW, CPU)


def test_it_is_the_network_with_the_picture_mirrored_around_it():
    net = load("fast", 4).net
    inner = taught(4, TeacherSpec(source="fast"))[:, :, 40:56, 40:56]
    with torch.inference_mode():
        whole = net(LOW).clamp(0, 1)
    assert torch.allclose(inner, whole[:, :, 40:56, 40:56], atol=1e-5)  # radius 10
    assert not torch.allclose(taught(4, TeacherSpec(source="fast")), whole, atol=1e-5)


def test_several_are_averaged_and_the_rest_goes_to_those_without_a_share():
    fast, quality = (taught(4, TeacherSpec(source=name)) for name in ("fast", "quality"))
    both = taught(4, TeacherSpec(source="fast"), TeacherSpec(source="quality", share=0.25))
    assert torch.allclose(both, 0.75 * fast + 0.25 * quality, atol=1e-5)


def test_a_larger_scale_is_reduced():
    small = taught(2, TeacherSpec(source="quality"))  # ×4 alone
    assert small.shape == (2, 3, 48, 48)
    boxes = torch.nn.functional.avg_pool2d(taught(4, TeacherSpec(source="quality")), 2)
    assert (small - boxes).abs().mean() < 0.02


def test_a_network_of_the_scale_itself_is_preferred():
    assert Teacher.open([TeacherSpec(source="fast")], 2).parts[0][0].traits.scale == 2


@pytest.mark.parametrize(
    ("scale", "parts", "message"),
    [
        (
            3,
            [TeacherSpec(source="quality")],
            r"quality: ×4 cannot teach ×3\. Choose a network of ×3",
        ),
        (4, [TeacherSpec(source="lite")], "lite: produces luma only"),
        (4, [TeacherSpec(source="bicubic")], "bicubic: no network"),
        (
            4,
            [TeacherSpec(source="fast", share=1.5), TeacherSpec(source="quality")],
            "must be above 0 and sum",
        ),
        (4, [TeacherSpec(source="fast", share=0.5)], "sum to 1"),
        (4, [TeacherSpec(source="fast", share=-0.5), TeacherSpec(source="quality")], "above 0"),
    ],
)
def test_what_cannot_teach_is_refused_in_one_line(scale, parts, message):
    with pytest.raises(InvalidOption, match=message) as refused:
        Teacher.open(parts, scale)
    assert "\n" not in str(refused.value)


def test_no_such_teacher(tmp_path):
    with pytest.raises(UnknownName):
        Teacher.open([TeacherSpec(source="fasst")], 4)
    with pytest.raises(NoSuchFile):
        Teacher.open([TeacherSpec(source=str(tmp_path / "none.pth"))], 4)
