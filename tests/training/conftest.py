import pytest
import torch

from tests.training.toys import prepared


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("prepared"))


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
