import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest
from django.conf import settings

from emotion import reading_place
from emotion.models import LessonSession, ModelVersion
from emotion.reading_place import allowed_modes, device_model, network_file, promoted_device_model
from emotion.registry import promoted_model
from emotion.services import Refused, start_session
from tests.emotion.factories import make_consent

pytestmark = pytest.mark.django_db


@pytest.fixture
def without_onnx(monkeypatch, tmp_path):
    """The shipped checkpoint, without its ONNX file."""
    folder = tmp_path / "attune"
    folder.mkdir()
    shutil.copy(settings.CHECKPOINTS_DIR / "attune" / "manifest.json", folder)
    monkeypatch.setattr(settings, "CHECKPOINTS_DIR", tmp_path)
    return folder


@pytest.mark.parametrize(
    ("place", "modes", "without"),
    [
        ("student", ("server", "device"), ("server",)),
        ("server", ("server",), ("server",)),
        ("device", ("device",), ()),
    ],
)
def test_what_operator_and_model_leave_to_the_student(settings, place, modes, without, request):
    settings.ATTUNE_READING_PLACE = place
    assert allowed_modes() == modes
    request.getfixturevalue("without_onnx")
    assert allowed_modes() == without


def test_the_student_s_choice_is_the_default():
    assert settings.ATTUNE_READING_PLACE == "student"


@pytest.mark.parametrize(
    ("place", "mode", "sentence"),
    [
        ("server", "device", "Reading pictures on your own device is not offered here."),
        ("device", "server", "Pictures are not read on the server here."),
        ("student", "server", None),
        ("student", "device", None),
        ("server", "server", None),
        ("device", "device", None),
    ],
)
def test_a_session_of_a_mode_that_is_not_offered_does_not_start(settings, alice, lesson, place, mode, sentence):
    settings.ATTUNE_READING_PLACE = place
    make_consent(alice, lesson.course)
    if sentence is None:
        assert start_session(user=alice, lesson=lesson, mode=mode).mode == mode
        return
    with pytest.raises(Refused) as raised:
        start_session(user=alice, lesson=lesson, mode=mode)
    assert (raised.value.status, str(raised.value)) == (403, sentence)
    assert not LessonSession.objects.exists()


def test_a_session_is_the_server_s_unless_said_otherwise(alice, lesson):
    make_consent(alice, lesson.course)
    assert start_session(user=alice, lesson=lesson).mode == "server"


def test_a_file_of_other_weights_is_not_offered(without_onnx):
    shipped = settings.BASE_DIR / "checkpoints" / "attune"
    for name in ("onnx.json", "model.int8.onnx"):
        shutil.copy(shipped / name, without_onnx)
    assert promoted_device_model().path == without_onnx / "model.int8.onnx"
    other = ModelVersion(name="attune", weights_sha256="1" * 64)  # trained anew, and not registered again
    assert device_model(other) is None
    manifest = json.loads((without_onnx / "manifest.json").read_text())
    (without_onnx / "manifest.json").write_text(json.dumps(manifest | {"weights_sha256": "1" * 64}))
    assert device_model(other) is None  # the file beside it is of the former weights


def test_an_export_is_offered_without_a_restart(without_onnx):
    assert promoted_device_model() is None
    for name in ("onnx.json", "model.int8.onnx"):
        shutil.copy(settings.BASE_DIR / "checkpoints" / "attune" / name, without_onnx)
    assert promoted_device_model() is not None


def test_another_export_takes_the_place_of_the_former_without_a_restart(without_onnx):
    shipped = settings.BASE_DIR / "checkpoints" / "attune"
    report = json.loads((shipped / "onnx.json").read_text())
    network = (shipped / "model.int8.onnx").read_bytes()
    for number, name in enumerate(("first.onnx", "second.onnx")):
        (without_onnx / name).write_bytes(network)
        described = {"sha256": hashlib.sha256(network).hexdigest(), "bytes": len(network)}
        (without_onnx / "onnx.json").write_text(json.dumps(report | {"files": {name: described}}))
        os.utime(without_onnx / "onnx.json", ns=(number, number))
        assert promoted_device_model().path == without_onnx / name


def test_a_network_is_found_by_its_sum_alone():
    model = promoted_device_model()
    assert network_file(model.sha256) == model.path.read_bytes()
    assert network_file(reading_place.detector_sha256()) == reading_place.DETECTOR.read_bytes()
    assert network_file("0" * 64) is None
    assert network_file("../manifest") is None


def test_a_file_that_changed_is_not_passed_off_as_the_former(without_onnx):
    for name in ("onnx.json", "model.int8.onnx"):
        shutil.copy(settings.BASE_DIR / "checkpoints" / "attune" / name, without_onnx)
    sha256 = promoted_device_model().sha256
    Path(without_onnx / "model.int8.onnx").write_bytes(b"something else")
    assert network_file(sha256) is None


def test_the_config_is_made_once_a_model(monkeypatch):
    from emotion.inference import on_device

    made = []
    monkeypatch.setattr(on_device, "reader_config", lambda path, manifest: made.append(path) or {"head": "ferplus"})
    reading_place.reader_config_of.cache_clear()
    model = device_model(promoted_model())
    try:
        for _ in range(3):
            config = reading_place.reader_config_of(device_model(promoted_model()))
        assert config == {"head": "ferplus", "model": model.manifest.weights_sha256}
        assert made == [model.path]
    finally:
        reading_place.reader_config_of.cache_clear()
