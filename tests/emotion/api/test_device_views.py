"""What a browser that reads its own frames asks of the server, as each person who might ask meets it."""

import json

import pytest
from django.test import Client

from emotion import consents, reading_place, tasks
from emotion.core.labels import EXPRESSIONS
from emotion.models import EmotionReading, FeatureGate
from tests.emotion.factories import make_consent, make_jpeg, make_probabilities, make_session
from tests.factories import enroll, make_course, make_instructor, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store", "queued", "told")]

SESSIONS = "/api/v1/lesson-sessions/"
READER = "/api/v1/on-device/"
READING = {"sequence": 1, "outcome": "face", "probabilities": make_probabilities(happiness=0.79)}


@pytest.fixture(autouse=True)
def no_worker(monkeypatch):
    monkeypatch.setattr(tasks.watch_states, "apply_async", lambda **_: None)


@pytest.fixture
def session(alice, lesson):
    return make_session(alice, lesson, mode="device")


@pytest.fixture
def mine(client, session):
    client.force_login(session.user)
    return session


def send(client, session, body=READING):
    content = body if isinstance(body, str) else json.dumps(body)
    return client.post(f"{SESSIONS}{session.pk}/readings/", content, content_type="application/json")


STATUSES = {
    # the reader's settings, a network, a reading, a session on the device
    "anonymous": (403, 403, 403, 403),
    "the student": (200, 200, 201, 201),
    "another student": (200, 200, 404, 403),
    "their instructor": (200, 200, 404, 403),
    "another instructor": (200, 200, 404, 404),
    "an outsider": (200, 200, 404, 404),
}


@pytest.mark.parametrize("name", STATUSES)
def test_who_may_do_what(session, course, ines, name):
    bob, ivo = make_user("bob"), make_instructor("ivo")
    enroll(bob, course)
    make_course(instructor=ivo)
    people = {"the student": session.user, "another student": bob, "their instructor": ines, "another instructor": ivo}
    client = Client()
    if name != "anonymous":
        client.force_login(people.get(name) or make_user("charlie"))
    network = f"{READER}{reading_place.detector_sha256()}.onnx"
    start = json.dumps({"lesson": session.lesson_id, "mode": "device"})
    statuses = (
        client.get(READER).status_code,
        client.get(network).status_code,
        send(client, session).status_code,
        client.post(SESSIONS, start, content_type="application/json").status_code,
    )
    assert statuses == STATUSES[name]
    assert EmotionReading.objects.count() == (name == "the student")


def test_the_reader_s_settings_lead_to_its_parts(mine, client):
    answer = client.get(READER)
    config = answer.json()
    assert answer["Cache-Control"] == "private, no-cache"
    assert config["classes"] == list(EXPRESSIONS) and config["model"] == reading_place.promoted_model().weights_sha256
    assert set(config["urls"]) == {"runtime", "wasm", "detector", "model"}
    loaded = 0
    for name, url in config["urls"].items():
        assert url.startswith("/")
        answer = client.get(url)
        assert answer.status_code == 200
        content = answer.content if hasattr(answer, "content") else b"".join(answer.streaming_content)
        loaded += len(content) if name != "runtime" else 0
    assert loaded == config["bytes"]


def test_a_network_may_be_kept_for_good(mine, client):
    answer = client.get(client.get(READER).json()["urls"]["model"])
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer.content == reading_place.promoted_device_model().path.read_bytes()
    assert client.get(f"{READER}{'0' * 64}.onnx").status_code == 404


def test_where_the_device_is_not_offered_there_is_nothing(mine, client, settings):
    network = client.get(READER).json()["urls"]["model"]
    settings.ATTUNE_READING_PLACE = "server"
    for url in (READER, network):
        answer = client.get(url)
        assert answer.status_code == 404
        assert answer.json()["detail"] == "Reading pictures on your own device is not offered here."
    start = json.dumps({"lesson": mine.lesson_id, "mode": "device"})
    assert client.post(SESSIONS, start, content_type="application/json").status_code == 403


def test_with_the_features_off_there_is_nothing(mine, client):
    network = client.get(READER).json()["urls"]["model"]
    FeatureGate.objects.all().delete()
    assert client.get(READER).status_code == client.get(network).status_code == 404
    assert send(client, mine).status_code == 404


def test_a_reading_is_recorded_once(mine, client):
    for _ in range(2):
        answer = send(client, mine)
        assert (answer.status_code, answer.json()) == (201, {"sequence": 1})
    assert EmotionReading.objects.get().happiness == 0.79


@pytest.mark.parametrize(
    "body",
    [
        READING | {"probabilities": {"joy": 1}},
        READING | {"probabilities": {"happiness": 2}},
        READING | {"outcome": "happy"},
        '{"outcome": "face", "probabilities": {"happiness": NaN}}',
        "[1]",
        '"face"',
        "not JSON",
    ],
)
def test_what_is_no_reading_is_refused_with_a_sentence(mine, client, body):
    answer = send(client, mine, body)
    assert answer.status_code == 400
    assert "\n" not in answer.json()["detail"]
    assert not EmotionReading.objects.exists()


def test_a_session_takes_what_it_was_started_for(client, alice, lesson):
    client.force_login(alice)
    make_consent(alice, lesson.course)
    sessions = {}
    for mode in ("server", "device"):
        start = json.dumps({"lesson": lesson.pk, "mode": mode})
        answer = client.post(SESSIONS, start, content_type="application/json")
        assert (answer.status_code, answer.json()["mode"]) == (201, mode)
        sessions[mode] = answer.json()["id"]
    frames = f"{SESSIONS}{{}}/frames/?sequence=1"
    readings = f"{SESSIONS}{{}}/readings/"
    jpeg = {"data": make_jpeg(), "content_type": "image/jpeg"}
    reading = {"data": json.dumps(READING), "content_type": "application/json"}
    assert client.post(frames.format(sessions["server"]), **jpeg).status_code == 202
    assert client.post(frames.format(sessions["device"]), **jpeg).status_code == 409
    assert client.post(readings.format(sessions["server"]), **reading).status_code == 409
    assert client.post(readings.format(sessions["device"]), **reading).status_code == 201


def test_an_unknown_mode_is_refused(client, alice, lesson):
    client.force_login(alice)
    make_consent(alice, lesson.course)
    start = json.dumps({"lesson": lesson.pk, "mode": "moon"})
    assert client.post(SESSIONS, start, content_type="application/json").status_code == 400


def test_after_withdrawal_no_reading_is_taken(mine, client):
    consents.withdraw_consent(user=mine.user, course=mine.lesson.course)
    answer = send(client, mine)
    assert answer.status_code == 403
    assert answer.json()["detail"] == "You have withdrawn your consent, so nothing is taken."
    assert not EmotionReading.objects.exists()
