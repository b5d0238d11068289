"""Promotion: by command and by button, refused for what cannot serve, and taken up by a running worker."""

import json
import logging
import time
from functools import cache
from itertools import groupby

import numpy as np
import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains
from skimage import data

from emotion import learning_states, live, registry
from emotion.core.manifest import MANIFEST, WEIGHTS, CheckpointError, InputSpec, Manifest
from emotion.inference.engine import Engine
from emotion.models import EmotionReading, ModelVersion
from tests.emotion.core.factories import OPTIONS, make_checkpoint
from tests.emotion.factories import encode, make_frame, make_model
from tests.factories import make_admin, make_instructor


@pytest.fixture
def checkpoints(settings, tmp_path):
    """A folder with two that serve, "small" (the default) and "better"."""
    settings.CHECKPOINTS_DIR, settings.ATTUNE_DEFAULT_MODEL, settings.ATTUNE_DEVICE = tmp_path, "small", "cpu"
    make_checkpoint(tmp_path / "small")
    make_checkpoint(tmp_path / "better", seed=1)
    return tmp_path


def edit_manifest(folder, **changes) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | changes))


def damage(folder) -> None:
    weights = bytearray((folder / WEIGHTS).read_bytes())
    weights[-1] ^= 1
    (folder / WEIGHTS).write_bytes(weights)


def promoted() -> str:
    return ModelVersion.objects.get(status="promoted").name


# The command


@pytest.mark.django_db
def test_a_name_is_registered_and_promoted_and_the_former_brings_it_back(checkpoints, capsys):
    call_command("promote_model", "small")
    assert capsys.readouterr().out == "small is promoted.\n"
    call_command("promote_model", "better")
    assert "Roll back with: python manage.py promote_model small" in capsys.readouterr().out
    assert dict(ModelVersion.objects.values_list("name", "status")) == {"small": "retired", "better": "promoted"}
    call_command("promote_model", "small")
    assert dict(ModelVersion.objects.values_list("name", "status")) == {"small": "promoted", "better": "retired"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (damage, r"is not the file its manifest describes \(sha256 differs\)\.$"),
        (lambda folder: (folder / WEIGHTS).unlink(), "cannot be read: No such file or directory.$"),
        (lambda folder: edit_manifest(folder, options={"widths": [8, 16], "blocks": [1, 1]}), "does not fit its arch"),
        (lambda folder: edit_manifest(folder, architecture="nonsense"), "No architecture is called 'nonsense'"),
        (lambda folder: edit_manifest(folder, temperatures={"ferplus": 0}), "temperature 0 is not above zero.$"),
        (
            lambda folder: edit_manifest(folder, input={"size": 48, "channels": 1, "mean": [0.5], "std": [0]}),
            "does not fit its channels.$",
        ),
    ],
)
def test_what_cannot_be_loaded_is_not_promoted(checkpoints, harm, sentence):
    call_command("promote_model", "small")
    harm(checkpoints / "better")
    with pytest.raises(CommandError, match=sentence) as refusal:
        call_command("promote_model", "better")
    assert refusal.value.returncode == 2
    assert "\n" not in str(refusal.value)
    assert promoted() == "small"


@pytest.mark.django_db
def test_a_network_that_knows_too_few_expressions_is_not_promoted(checkpoints):
    heads = {"mood": ("happiness", "sadness")}
    make_checkpoint(checkpoints / "mood", Manifest("mood", "attune", OPTIONS, heads, "mood", InputSpec()))
    with pytest.raises(CommandError, match="mood cannot serve: its head 'mood' does not know neutral, surprise, anger"):
        call_command("promote_model", "mood")
    assert not ModelVersion.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["nowhere", "../small", "", "x" * 81])
def test_a_name_without_a_checkpoint_is_one_sentence(checkpoints, name):
    with pytest.raises(CommandError, match=r"(There is no checkpoint in|is not a checkpoint's name)") as refusal:
        call_command("promote_model", name)
    assert refusal.value.returncode == 2


@pytest.mark.django_db
def test_the_registry_follows_weights_that_changed_since(checkpoints):
    call_command("promote_model", "better")
    again = make_checkpoint(checkpoints / "better", seed=5)
    call_command("promote_model", "better", verbosity=0)
    assert ModelVersion.objects.get(name="better").weights_sha256 == again.weights_sha256


# The button


def page_of(version, what="change") -> str:
    return reverse(f"admin:emotion_modelversion_{what}", args=[version.pk])


def press(client, version, **extra):
    return client.post(page_of(version, "promote"), {"_form_submitted": "on"}, **extra)


@pytest.fixture
def versions(db, checkpoints):
    small = registry.promoted_model()
    return small, registry.register_model(folder=checkpoints / "better")


def test_an_administrator_promotes_and_rolls_back_by_button(client, versions):
    small, better = versions
    client.force_login(make_admin())
    assertContains(client.get(page_of(better)), page_of(better, "promote"))
    assertNotContains(client.get(page_of(small)), page_of(small, "promote"))  # it serves already
    answer = press(client, better, follow=True)
    assertContains(answer, "better is promoted.")
    assert promoted() == "better"
    press(client, small)
    assert promoted() == "small"


def test_looking_at_the_question_promotes_nothing(client, versions):
    _, better = versions
    client.force_login(make_admin())
    assertContains(client.get(page_of(better, "promote")), "Promote this model?")
    assert promoted() == "small"


def test_the_dialog_is_told_where_to_go(client, versions):
    _, better = versions
    client.force_login(make_admin())
    answer = press(client, better, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == page_of(better)


def test_a_button_press_from_elsewhere_is_refused(versions):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_admin())
    assert press(strict, versions[1]).status_code == 403
    assert promoted() == "small"


def test_only_administrators_have_the_button(client, versions, alice):
    better = versions[1]
    keeper = make_instructor("keeper")
    keeper.user_permissions.add(*Permission.objects.filter(content_type__model="modelversion"))
    assert press(client, better).status_code == 302  # to sign in
    for user, status in ((alice, 302), (make_instructor("ivo"), 403), (keeper, 403)):
        client.force_login(user)
        assert press(client, better).status_code == status
    assertNotContains(client.get(page_of(better)), page_of(better, "promote"))
    assert promoted() == "small"


def test_a_model_that_cannot_serve_is_told_on_its_page(client, versions, checkpoints):
    better = versions[1]
    damage(checkpoints / "better")
    client.force_login(make_admin())
    assertContains(press(client, better, follow=True), "is not the file its manifest describes")
    assert promoted() == "small"
    gone = make_model("gone")
    assertContains(press(client, gone, follow=True), "There is no checkpoint in")


# Running workers


@cache
def photograph() -> bytes:
    """A JPEG with one face."""
    return encode(np.ascontiguousarray(data.astronaut()[:300, 30:430, ::-1]))


@pytest.fixture
def _only_frames(monkeypatch):
    """Learning states are told too, and are not what these tests wait for."""
    monkeypatch.setattr(learning_states, "observe", lambda **_: {})


@pytest.fixture
def worker(checkpoints, session, told, _only_frames):
    """A live batcher, and a function that sends it the next frame of a face and waits for what the page is told."""
    live.stop_batcher()

    class Worker:
        sent = 0

        def send(self) -> dict:
            self.sent += 1
            live.live_batcher().submit(make_frame(str(session.pk), self.sent, jpeg=photograph()))
            deadline = time.monotonic() + 10
            while len(told.get(str(session.pk), [])) < self.sent:
                assert time.monotonic() < deadline
                time.sleep(0.005)
            return told[str(session.pk)][-1]

        def send_until(self, name: str, seconds: float) -> float:
            """Frames until one is answered by `name`; the seconds that took."""
            started = time.monotonic()
            while time.monotonic() - started < seconds:
                self.send()
                if EmotionReading.objects.latest("sequence").model_version.name == name:
                    return time.monotonic() - started
                time.sleep(0.05)
            raise AssertionError(f"{name} did not serve within {seconds} s.")

    yield Worker()
    live.stop_batcher()


def own_words(folder) -> np.ndarray:
    """What the checkpoint in `folder` says of the worker's face, asked directly."""
    (result,) = Engine(folder, device="cpu").predict([photograph()])
    return np.array(list(result.probabilities.values()))


@pytest.mark.django_db(transaction=True)
def test_a_running_worker_switches_within_five_seconds_and_loses_no_frame(worker, checkpoints, told):
    worker.send()
    call_command("promote_model", "better", verbosity=0)
    assert worker.send_until("better", 8) < 5
    registry.promote_model(version=ModelVersion.objects.get(name="small"))
    worker.send_until("small", 8)
    (messages,) = told.values()
    assert [(message["type"], message["sequence"]) for message in messages] == [
        ("reading", number) for number in range(1, worker.sent + 1)
    ]
    expected = {name: own_words(checkpoints / name) for name in ("small", "better")}
    assert abs(expected["small"] - expected["better"]).max() > 0.01
    readings = EmotionReading.objects.order_by("sequence").select_related("model_version")
    assert len(readings) == worker.sent
    for reading, message in zip(readings, messages, strict=True):
        answered = np.array(list(message["probabilities"].values()))
        np.testing.assert_allclose(answered, expected[reading.model_version.name], atol=1e-5)
    assert [name for name, _ in groupby(reading.model_version.name for reading in readings)] == [
        "small",
        "better",
        "small",
    ]


@pytest.mark.django_db(transaction=True)
def test_an_idle_worker_has_switched_before_the_next_frame(worker, monkeypatch):
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.1)
    worker.send()
    call_command("promote_model", "better", verbosity=0)
    time.sleep(1.5)
    worker.send()
    assert EmotionReading.objects.latest("sequence").model_version.name == "better"


@pytest.mark.django_db(transaction=True)
def test_a_promoted_model_that_does_not_load_leaves_the_former_serving(worker, checkpoints, monkeypatch, caplog):
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.1)
    worker.send()
    damage(checkpoints / "better")
    broken = registry.register_model(folder=checkpoints / "better")
    with caplog.at_level(logging.ERROR, logger="emotion.live"):
        registry.promote_model(version=broken)
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline:
            assert worker.send()["type"] == "reading"
            time.sleep(0.05)
    # Once, though it was looked at many times.
    (record,) = (record for record in caplog.records if record.levelno >= logging.ERROR)
    assert record.getMessage().startswith("better cannot serve, small goes on: ")
    assert record.exc_info is None
    assert set(EmotionReading.objects.values_list("model_version__name", flat=True)) == {"small"}
    make_checkpoint(checkpoints / "better", seed=3)
    registry.register_model(folder=checkpoints / "better")  # repaired and registered anew
    worker.send_until("better", 5)


@pytest.mark.django_db(transaction=True)
def test_a_registry_that_cannot_be_read_leaves_the_model_serving(worker, monkeypatch, caplog):
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.1)
    worker.send()

    def unreadable(self):
        raise CheckpointError("the connection is closed")

    monkeypatch.setattr(live.PromotedEngine, "_look", unreadable)
    time.sleep(0.5)
    assert worker.send()["type"] == "reading"
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        "The registry of models cannot be read; asking again: the connection is closed"
    ]
