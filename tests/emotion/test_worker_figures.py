"""What a worker says of itself: with a real engine in test_live.py, and of a GPU that nobody here has."""

import torch

from emotion.worker_figures import gpu_memory


def test_a_processor_has_no_memory_of_its_own():
    assert gpu_memory(torch.device("cpu")) is None


def test_a_gpus_memory_is_what_all_use_of_what_there_is(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (3_000, 10_000))
    assert gpu_memory(torch.device("cuda")) == (7_000, 10_000)


def test_a_driver_that_does_not_say_costs_the_other_figures_nothing(monkeypatch, caplog):
    def broken(device):
        raise RuntimeError("CUDA error: unknown\nwith more lines")

    monkeypatch.setattr(torch.cuda, "mem_get_info", broken)
    assert gpu_memory(torch.device("cuda:1")) is None
    assert caplog.messages == ["The memory of cuda:1 cannot be read: CUDA error: unknown"]
