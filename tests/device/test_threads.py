import torch

from vsr.device.memory import one_compute_thread


def test_torch_computes_in_one_thread_and_then_in_as_many_as_before():
    outside = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with one_compute_thread():
            inside = torch.get_num_threads()
        assert (inside, torch.get_num_threads()) == (1, 3)
    finally:
        torch.set_num_threads(outside)
