"""Checkpoints from other programs come in, and answer here as they did there."""

import os
from collections import OrderedDict

import numpy as np
import pytest
import torch
from django.core.management import call_command
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from emotion.core.checkpoint import load_model
from emotion.core.labels import FER2013_CODES
from emotion.core.manifest import InputSpec
from emotion.models import ModelVersion

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("checkpoints")]


class Elsewhere(nn.Module):
    """A network as a notebook has it: written for this test alone, without a line of ours."""

    def __init__(self, classes: int = 7) -> None:
        super().__init__()
        before = 1
        for number, width in enumerate((32, 64, 128, 256), start=1):
            setattr(self, f"conv{number}", nn.Conv2d(before, width, 3, padding=1))
            setattr(self, f"bn{number}", nn.BatchNorm2d(width))
            before = width
        self.fc1, self.fc2, self.fc3 = nn.Linear(256 * 3 * 3, 512), nn.Linear(512, 128), nn.Linear(128, classes)

    def forward(self, x):
        for number in range(1, 5):
            x = getattr(self, f"bn{number}")(getattr(self, f"conv{number}")(x))
            x = F.max_pool2d(F.leaky_relu(x, 0.1), 2)
        x = F.leaky_relu(self.fc1(x.flatten(1)), 0.1)
        return self.fc3(F.leaky_relu(self.fc2(x), 0.1))


@pytest.fixture(scope="module")
def elsewhere() -> Elsewhere:
    """With statistics and weights that a training would have left, not the initial ones."""
    torch.manual_seed(3)
    network = Elsewhere()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
    return network.eval()


def importing(file, *more, name: str = "guest", arch: str = "custom_cnn") -> tuple:
    return ("import_checkpoint", str(file), "--name", name, "--arch", arch, *more)


@pytest.mark.parametrize("form", ["plain", "wrapped", "parallel", "half-old", "safetensors"])
def test_a_checkpoint_of_another_program_answers_as_it_did_there(elsewhere, tmp_path, checkpoints, form, capsys):
    state, file = elsewhere.state_dict(), tmp_path / "best.pth"
    if form == "safetensors":
        file = tmp_path / "best.safetensors"
        save_file(state, file)
    elif form == "wrapped":
        torch.save({"epoch": 12, "model_state_dict": state, "optimizer": {"lr": 0.1}, "best": 0.7}, file)
    elif form == "parallel":
        torch.save({"state_dict": OrderedDict((f"module.{name}", tensor) for name, tensor in state.items())}, file)
    elif form == "half-old":  # before PyTorch counted batches
        torch.save({name: tensor for name, tensor in state.items() if "num_batches" not in name}, file)
    else:
        torch.save(state, file)
    call_command(*importing(file, "--classes", "Angry,Disgust,Fear,Happy,Sad,Surprise,Neutral", "--std", "0.25"))
    network, manifest = load_model(checkpoints / "guest")
    assert manifest.classes == FER2013_CODES
    assert manifest.input == InputSpec(48, 1, (0.5,), (0.25,))
    faces = torch.from_numpy(np.random.default_rng(0).normal(size=(9, 1, 48, 48)).astype(np.float32))
    with torch.inference_mode():
        (logits,) = network(faces).values()
        torch.testing.assert_close(logits, elsewhere(faces), rtol=0, atol=1e-5)
    version = ModelVersion.objects.get(name="guest")
    assert (version.status, version.weights_sha256) == ("candidate", manifest.weights_sha256)
    assert "Registered as guest (candidate). Serve it with: python manage.py promote_model guest" in (
        capsys.readouterr().out
    )


def test_classes_that_were_not_named_are_assumed_aloud(elsewhere, tmp_path, checkpoints, capsys, refused):
    torch.save(elsewhere.state_dict(), tmp_path / "best.pt")
    call_command(*importing(tmp_path / "best.pt"))
    assert "taken to be anger, disgust, fear, happiness, sadness, surprise, neutral" in capsys.readouterr().out
    torch.save(Elsewhere(classes=5).state_dict(), tmp_path / "five.pt")
    refused(*importing(tmp_path / "five.pt", name="five"), match="Name the classes, in the order of the network's out")


def test_a_network_that_cannot_serve_is_imported_and_told(tmp_path, capsys):
    torch.save(Elsewhere(classes=2).state_dict(), tmp_path / "two.pt")
    call_command(*importing(tmp_path / "two.pt", "--classes", "happy,sad"))
    assert "(candidate). guest cannot serve: its head 'expression' does not know neutral," in capsys.readouterr().out


def test_every_tensor_that_does_not_fit_is_named(elsewhere, tmp_path, checkpoints, refused):
    state = dict(elsewhere.state_dict())
    del state["fc1.bias"], state["bn2.running_mean"]
    state |= {"extra.weight": torch.zeros(1), "conv1.bias": torch.zeros(31)}
    state["fc2.bias"] = torch.full((128,), torch.nan)
    torch.save(state, tmp_path / "odd.pth")
    refused(
        *importing(tmp_path / "odd.pth"),
        match=r"\(missing: bn2.running_mean, fc1.bias; unexpected: extra.weight; "
        r"misshapen: conv1.bias is \(31,\), not \(32,\); not finite: fc2.bias\)\.$",
    )
    torch.save(elsewhere.state_dict(), tmp_path / "best.pth")
    eight = "neutral,happy,surprise,sad,angry,disgust,fear,contempt"
    refused(
        *importing(tmp_path / "best.pth", "--classes", eight),
        match=r"misshapen: fc3.weight is \(7, 128\), not \(8, 128\), fc3.bias is \(7,\), not \(8,\)\)",
    )
    refused(*importing(tmp_path / "best.pth", "--input-size", "96"), match=r"misshapen: fc1.weight is \(512, 2304\)")
    assert [path.name for path in checkpoints.iterdir()] == ["small"]
    assert not ModelVersion.objects.exists()


class Trap:
    """A pickle that runs a command when it is loaded the careless way."""

    def __init__(self, marker) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def test_a_pickle_with_code_is_refused_and_never_run(elsewhere, tmp_path, refused):
    marker = tmp_path / "ran"
    torch.save({"state_dict": elsewhere.state_dict(), "callback": Trap(marker)}, tmp_path / "trap.pth")
    refused(*importing(tmp_path / "trap.pth"), match=r"trap.pth holds pickled code \(\w+.mkdir\), which is never run")
    torch.save(elsewhere, tmp_path / "whole.pth")  # a module instead of its state
    refused(*importing(tmp_path / "whole.pth"), match=r"holds pickled code \([\w.]+Elsewhere\), which is never run")
    assert not marker.exists()


def test_what_is_no_checkpoint_is_one_sentence(tmp_path, refused):
    (tmp_path / "text.pth").write_text("hello")
    (tmp_path / "empty.pth").touch()
    (tmp_path / "text.safetensors").write_text("hello")
    for name in ("text.pth", "empty.pth", "text.safetensors"):
        refused(*importing(tmp_path / name), match=f"{name} is not a PyTorch state_dict")
    refused(*importing(tmp_path / "text.pth"), match=r"text.pth is not a PyTorch state_dict\.$")
    refused(*importing(tmp_path / "none.pth"), match="none.pth cannot be read: No such file or directory")
    refused(*importing(tmp_path), match="cannot be read: Is a directory")
    torch.save([1, 2], tmp_path / "list.pth")
    refused(*importing(tmp_path / "list.pth"), match="holds no state_dict but list")
    torch.save({"epoch": 3, "weights": torch.zeros(1)}, tmp_path / "epoch.pth")
    refused(*importing(tmp_path / "epoch.pth"), match="epoch are no dense tensors of numbers")
    endless: dict = {}
    endless["model"] = endless
    torch.save(endless, tmp_path / "endless.pth")
    refused(*importing(tmp_path / "endless.pth"), match="is not a state_dict")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--classes", "angry,bored"], "'bored' is not an expression; known ones: neutral"),
        (["--classes", "angry,anger,sad"], "--classes names anger twice"),
        (["--mean", "127.5"], "are of pixels in 0..1"),
        (["--std", "0"], "no --std is zero"),
        (["--mean", "0.5,0.4"], "--mean is one number or 1, with commas between, not '0.5,0.4'"),
        (["--std", "wide"], "--std is one number or 1"),
        (["--input-size", "4"], "--input-size is 8 to 1024 pixels, not 4"),
        (["--set", "dropout"], "--set takes OPTION=VALUE, not 'dropout'"),
        (["--set", "colour=red"], "colour"),
    ],
)
def test_a_wrong_argument_is_one_sentence(elsewhere, tmp_path, refused, arguments, sentence):
    torch.save(elsewhere.state_dict(), tmp_path / "best.pth")
    refused(*importing(tmp_path / "best.pth", *arguments), match=sentence)


def test_names_that_are_taken_or_unknown_are_refused(elsewhere, tmp_path, small, refused):
    torch.save(elsewhere.state_dict(), tmp_path / "best.pth")
    before = (small / "manifest.json").read_bytes()
    refused(*importing(tmp_path / "best.pth", name="small"), match="already a checkpoint called 'small'")
    assert (small / "manifest.json").read_bytes() == before
    refused(*importing(tmp_path / "best.pth", name="../out"), match="is not a checkpoint's name")
    refused(*importing(tmp_path / "best.pth", arch="nonsense"), match="nonsense")
