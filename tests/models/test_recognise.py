"""A network that was saved is recognised from names and shapes alone."""

import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from vsr.errors import InvalidCheckpoint, NoSuchFile
from vsr.models.plain import Plain, ReparameterisedPlain
from vsr.models.recognise import read_generator
from vsr.models.srgan import DPSRGAN, SRGAN, SwiftSRGAN

NETS = [
    Plain(2, 8, 3),
    Plain(4, 6, 2, "luma"),
    SwiftSRGAN(2, 8, 2),
    SwiftSRGAN(4, 6, 3),
    SRGAN(2, 8, 2),
    SRGAN(4, 6, 1),
    DPSRGAN(2, 8, 2, dilation=3),
    DPSRGAN(4, 6, 3),
]


def name(net):
    return f"{net.architecture}-x{net.scale}"


def output(net):
    torch.manual_seed(0)
    with torch.no_grad():
        return net.eval()(torch.rand(1, 3 if net.colour == "rgb" else 1, 10, 10))


@pytest.mark.parametrize("net", NETS, ids=name)
def test_what_was_saved_comes_back_the_same(net, tmp_path):
    path = tmp_path / "net.safetensors"
    save_file(net.state_dict(), path)
    again = read_generator(path)
    assert type(again) is type(net)
    assert not again.training
    assert torch.equal(output(again), output(net))


@pytest.mark.parametrize("net", NETS, ids=name)
def test_half_precision_files_are_loaded_as_single(net, tmp_path):
    path = tmp_path / "net.pth"
    torch.save(
        {k: v.half() if v.is_floating_point() else v for k, v in net.state_dict().items()}, path
    )
    again = read_generator(path)
    assert all(p.dtype is torch.float32 for p in again.parameters())


def test_a_training_form_becomes_the_plain_network_of_the_same_function(tmp_path):
    net = ReparameterisedPlain(2, 8, 2)
    torch.save(net.state_dict(), tmp_path / "last.ckpt")
    again = read_generator(tmp_path / "last.ckpt")
    assert isinstance(again, Plain)
    torch.testing.assert_close(output(again), output(net))


@pytest.mark.parametrize(
    "key",
    ["params_ema", "params", "model", "state_dict", "model_state_dict", "net", "generator", "netG"],
)
@pytest.mark.parametrize("prefix", ["", "module.", "netG.", "_orig_mod.", "module._orig_mod."])
def test_wrappers_and_prefixes_of_other_trainers_are_taken_off(key, prefix, tmp_path):
    net = Plain(2, 4, 1)
    state = {prefix + name: tensor for name, tensor in net.state_dict().items()}
    torch.save({key: state, "epoch": 3}, tmp_path / "net.pth.tar")
    assert torch.equal(output(read_generator(tmp_path / "net.pth.tar")), output(net))


def test_averaged_weights_are_preferred(tmp_path):
    averaged, last = Plain(2, 4, 1), Plain(2, 4, 1)
    torch.save(
        {"params": last.state_dict(), "params_ema": averaged.state_dict()}, tmp_path / "n.pt"
    )
    assert torch.equal(output(read_generator(tmp_path / "n.pt")), output(averaged))


def test_the_discriminator_beside_a_generator_is_left_out(tmp_path):
    net = Plain(2, 4, 1)
    state = {f"netG.{k}": v for k, v in net.state_dict().items()}
    torch.save(state | {"netD.head.weight": torch.zeros(3)}, tmp_path / "gan.pth")
    assert torch.equal(output(read_generator(tmp_path / "gan.pth")), output(net))


@pytest.mark.parametrize("attribute", ["model.", "net.", "net_g.", "model.generator.", "G."])
def test_the_attribute_in_which_a_lightning_module_keeps_its_network_is_taken_off(
    attribute, tmp_path
):
    net = Plain(2, 4, 1)
    state = {attribute + name: tensor for name, tensor in net.state_dict().items()}
    saved = {"state_dict": state | {"criterion.vgg.0.weight": torch.zeros(3)}, "epoch": 3}
    torch.save(saved | {"pytorch-lightning_version": "2.1"}, tmp_path / "last.ckpt")
    assert torch.equal(output(read_generator(tmp_path / "last.ckpt")), output(net))
    del state[f"{attribute}tail.bias"]
    torch.save(saved | {"state_dict": state}, tmp_path / "half.ckpt")
    with pytest.raises(InvalidCheckpoint, match="does not fit .*tail.bias"):
        read_generator(tmp_path / "half.ckpt")


def test_older_files_without_counters_and_dilation_are_whole(tmp_path):
    net = DPSRGAN(2, 6, 2)
    optional = ("num_batches_tracked", "dilation")
    torch.save(
        {k: v for k, v in net.state_dict().items() if not k.endswith(optional)}, tmp_path / "n.pt"
    )
    assert torch.equal(output(read_generator(tmp_path / "n.pt")), output(net))


def test_a_checkpoint_that_tries_to_run_code_is_refused_and_does_not_run(tmp_path):
    mark = tmp_path / "mark"

    class Touch:
        def __reduce__(self):
            return (type(mark).touch, (mark,))

    torch.save({"params": Touch()}, tmp_path / "evil.pth")
    (tmp_path / "older.pth").write_bytes(pickle.dumps(Touch()))
    for path in (tmp_path / "evil.pth", tmp_path / "older.pth"):
        with pytest.raises(InvalidCheckpoint, match="would run code"):
            read_generator(path)
    assert not mark.exists()


def test_what_a_checkpoint_holds_beside_tensors_is_named_where_that_is_refused(tmp_path):
    net = Plain(2, 4, 1)
    torch.save({"params": net.state_dict(), "best": np.float64(31.7)}, tmp_path / "mine.pth")
    with pytest.raises(InvalidCheckpoint, match=r"holds numpy.*scalar.*save the state_dict alone"):
        read_generator(tmp_path / "mine.pth")


def test_an_unknown_architecture_is_refused_with_the_list_of_known_ones(tmp_path):
    save_file({"conv_first.weight": torch.zeros(4, 3, 3, 3)}, tmp_path / "other.safetensors")
    with pytest.raises(InvalidCheckpoint, match=r"swift-srgan, dpsrgan, srgan, plain"):
        read_generator(tmp_path / "other.safetensors")


@pytest.mark.parametrize("missing", ["body.1.weight", "tail.bias"])
def test_a_file_that_is_not_whole_is_refused_with_what_is_missing(missing, tmp_path):
    state = Plain(2, 4, 3).state_dict()
    del state[missing]
    save_file(state, tmp_path / "part.safetensors")
    with pytest.raises(InvalidCheckpoint, match=missing):
        read_generator(tmp_path / "part.safetensors")


def test_another_scale_in_a_file_is_refused(tmp_path):
    state = Plain(2, 4, 1).state_dict()
    state["tail.weight"], state["tail.bias"] = torch.zeros(75, 4, 3, 3), torch.zeros(75)
    save_file(state, tmp_path / "x5.safetensors")
    with pytest.raises(InvalidCheckpoint, match="×5"):
        read_generator(tmp_path / "x5.safetensors")


def test_weights_that_are_not_finite_are_refused(tmp_path):
    state = Plain(2, 4, 1).state_dict()
    state["head.weight"][0] = float("nan")
    save_file(state, tmp_path / "nan.safetensors")
    with pytest.raises(InvalidCheckpoint, match=r"'head.weight' is not finite"):
        read_generator(tmp_path / "nan.safetensors")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no weights",
        b"\x08\0\0\0\0\0\0\0{broken",
        b"PK\x03\x04 a broken zip",
        pickle.dumps([1, 2]),
    ],
    ids=["empty", "text", "safetensors", "zip", "list"],
)
def test_files_that_are_no_weights_are_refused_in_one_line(content, tmp_path):
    (tmp_path / "bad.pth").write_bytes(content)
    with pytest.raises(InvalidCheckpoint) as caught:
        read_generator(tmp_path / "bad.pth")
    assert "\n" not in str(caught.value)
    assert str(tmp_path / "bad.pth") in str(caught.value)


def test_onnx_is_told_to_be_written_and_not_read(tmp_path):
    (tmp_path / "net.onnx").write_bytes(b"\x08\x08")
    with pytest.raises(InvalidCheckpoint, match="written here, not read. Give the weights"):
        read_generator(tmp_path / "net.onnx")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(NoSuchFile):
        read_generator(tmp_path / "none.pth")
    with pytest.raises(InvalidCheckpoint, match="not a file"):
        read_generator(tmp_path)
