import pytest
import torch


@pytest.fixture(autouse=True)
def _one_thread(_few_threads):
    """Nets this small gain nothing from a second thread, and sums in one order are the same sums each time."""
    torch.set_num_threads(1)
