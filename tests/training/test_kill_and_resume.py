"""A run that is killed and resumed ends with the weights of one that was not, bit for bit."""

import os
import subprocess
import sys
import time
from pathlib import Path

import torch

from tests.services import ROOT

SMALL = [
    "train_fer",
    "--data=synthetic",
    "--set=name=small",
    "--set=loop.epochs=3",
    "--set=loop.batch_size=16",
    "--set=loop.checkpoint_every=5",
    "--set=loop.threads=1",
    "--set=loop.accumulate=2",
    "--set=model.widths=[8, 8]",
    "--set=model.blocks=[1, 1]",
]


def start(folder: Path, *arguments: str, launcher: tuple[str, ...] = ()) -> subprocess.Popen:
    environment = os.environ | {
        "ATTUNE_DATA_DIR": str(folder),
        "ATTUNE_RUNS_DIR": str(folder / "runs"),
        "ATTUNE_CHECKPOINTS_DIR": str(folder / "checkpoints"),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, *launcher, str(ROOT / "manage.py"), *SMALL, *arguments]
    return subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def finish(process: subprocess.Popen) -> str:
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    return output


def resume_point(folder: Path) -> dict:
    (path,) = (folder / "runs").glob("small-*/last.pt")
    return torch.load(path, weights_only=True)


def assert_equal(one, other) -> None:
    """The same tensors, to the last bit, at every depth."""
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            if key != "seconds":  # the one figure that may differ
                assert_equal(one[key], other[key])
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_equal(a, b)
    else:
        assert one == other


def test_killed_and_resumed_equals_uninterrupted(tmp_path):
    finish(start(tmp_path / "whole"))

    process = start(tmp_path / "killed")
    deadline = time.monotonic() + 60
    while not list((tmp_path / "killed").glob("runs/*/metrics.jsonl")):  # killed somewhere in the second epoch
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert resume_point(tmp_path / "killed")["progress"]["epoch"] < 3
    finish(start(tmp_path / "killed", "--resume=auto"))

    assert_equal(resume_point(tmp_path / "whole"), resume_point(tmp_path / "killed"))
    weights = [tmp_path / run / "checkpoints" / "small" / "model.safetensors" for run in ("whole", "killed")]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_resuming_with_other_threads_warns(tmp_path):
    finish(start(tmp_path, "--set=loop.epochs=1"))
    (path,) = tmp_path.glob("runs/small-*/last.pt")
    torch.save(torch.load(path, weights_only=True) | {"threads": 64}, path)
    output = finish(start(tmp_path, "--set=loop.epochs=2", "--resume=auto"))
    assert "Warning: this run began with 64 CPU threads and goes on with 1" in output


def test_two_processes_under_torchrun(tmp_path):
    launcher = ("-m", "torch.distributed.run", "--nproc-per-node=2", "--master-port=0", "--standalone")
    output = finish(start(tmp_path, "--set=loop.epochs=1", launcher=launcher))
    assert output.count("Model: ") == 1  # one of the two speaks
    assert (tmp_path / "checkpoints" / "small" / "model.safetensors").is_file()
