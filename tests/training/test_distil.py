"""A trained model's opinion in the labels."""

import pytest
import torch

from emotion.core.checkpoint import load_model
from emotion.core.labels import EXPRESSIONS
from emotion.core.manifest import CheckpointError, InputSpec
from tests.emotion.core.factories import make_checkpoint
from training.config import ConfigError
from training.distil import Teacher

CPU = torch.device("cpu")


@pytest.fixture
def teacher(tmp_path):
    """(folder, model, manifest) of a small trained model."""
    folder = tmp_path / "teacher"
    make_checkpoint(folder)
    return folder, *load_model(folder)


def faces(count: int = 4) -> torch.Tensor:
    return torch.randn(count, 1, 48, 48, generator=torch.Generator().manual_seed(0))


def test_the_label_keeps_its_share_and_a_row_without_one_gets_the_teachers(teacher):
    folder, model, manifest = teacher
    head = next(iter(manifest.heads))
    labels = torch.eye(len(manifest.heads[head]))[:4]
    labels[3] = 0
    blended = Teacher(folder, 0.25, {head: manifest.heads[head]}, manifest.input, CPU).blend(faces(), {head: labels})
    with torch.no_grad():
        opinion = torch.softmax(model(faces())[head] / manifest.temperatures.get(head, 1.0), dim=1)
    torch.testing.assert_close(blended[head], 0.75 * labels + 0.25 * opinion)
    assert not blended[head].requires_grad


def test_a_teacher_that_was_normalised_otherwise_sees_the_same_face(teacher):
    folder, _, manifest = teacher
    mine = InputSpec(manifest.input.size, 1, (0.4,), (0.3,))
    levels = faces().abs()
    heads = manifest.heads
    labels = {head: torch.zeros(4, len(classes)) for head, classes in heads.items()}
    seen = []
    for spec in (manifest.input, mine):
        inputs = (levels - spec.mean[0]) / spec.std[0]
        seen.append(Teacher(folder, 1.0, heads, spec, CPU).blend(inputs, labels))
    for head in heads:
        torch.testing.assert_close(seen[0][head], seen[1][head], rtol=0, atol=1e-5)


def test_a_teacher_that_cannot_teach_is_refused(teacher, tmp_path):
    folder, _, manifest = teacher
    with pytest.raises(ConfigError, match=r"takes faces of 48 px in 1 channels, the student 64 px in 3\."):
        Teacher(folder, 0.5, manifest.heads, InputSpec(64, 3, (0.5,) * 3, (0.2,) * 3), CPU)
    with pytest.raises(ConfigError, match="has no head 'mood' with the classes neutral, "):
        Teacher(folder, 0.5, {"mood": EXPRESSIONS}, manifest.input, CPU)
    with pytest.raises(CheckpointError, match="There is no checkpoint in "):
        Teacher(tmp_path / "nowhere", 0.5, manifest.heads, manifest.input, CPU)
