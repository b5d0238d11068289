import hashlib
import json
import pickle
from pathlib import Path

import pytest
import torch

from emotion.core.checkpoint import load_model
from emotion.core.manifest import CheckpointError
from tests.emotion.core.factories import make_checkpoint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_checkpoint(tmp_path)
    return tmp_path


def error_of(folder: Path) -> str:
    with pytest.raises(CheckpointError) as raised:
        load_model(folder)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def rewrite(folder: Path, **changes) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def replace_weights(folder: Path, content: bytes) -> None:
    """Other weights, with a manifest that vouches for them."""
    (folder / "model.safetensors").write_bytes(content)
    rewrite(folder, weights_sha256=hashlib.sha256(content).hexdigest())


def test_a_network_comes_back_with_the_same_answers(folder):
    model, manifest = load_model(folder)
    again, _ = load_model(folder)
    face = torch.rand(1, 1, 48, 48)
    assert not model.training
    assert torch.equal(model(face)["ferplus"], again(face)["ferplus"])
    assert model(face)["ferplus"].shape == (1, len(manifest.classes))


def test_weights_that_were_changed_are_refused(folder):
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert error_of(folder).endswith("is not the file its manifest describes (sha256 differs).")


def test_missing_weights_are_named(folder):
    (folder / "model.safetensors").unlink()
    assert error_of(folder) == f"{folder}/model.safetensors cannot be read: No such file or directory."


def test_a_pickle_in_place_of_weights_is_never_run(folder, tmp_path_factory):
    proof = tmp_path_factory.mktemp("proof") / "ran"

    class Hostile:
        def __reduce__(self):
            return (open, (str(proof), "w"))

    replace_weights(folder, pickle.dumps(Hostile()))
    assert "does not fit its architecture" in error_of(folder)
    assert not proof.exists()


@pytest.mark.parametrize("content", [b"", b"\0" * 8, b"\xff" * 64])
def test_damaged_weights(folder, content):
    replace_weights(folder, content)
    assert "does not fit its architecture" in error_of(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"options": {"widths": [16, 16], "blocks": [1, 1]}},
        {"options": {"widths": [8, 8], "blocks": [1, 2]}},
        {"options": {"widths": [], "blocks": []}},
        {"options": {"widths": "wide", "blocks": "many"}},
        {"options": {"colour": "red"}},
        {"options": None},
        {"architecture": "resnet"},
        {"architecture": ["attune"]},
        {"heads": {"ferplus": ["neutral", "happiness"]}},
    ],
)
def test_weights_of_another_network(folder, changes):
    rewrite(folder, **changes)
    assert error_of(folder)
