"""The REST side of the live path, as each person who might ask meets it."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.asserts import assertNumQueries
from rest_framework.throttling import UserRateThrottle

from emotion import consents, services
from emotion.models import EmotionReading, FeatureGate, LessonSession
from tests.emotion.factories import (
    make_answer,
    make_bucket,
    make_class,
    make_consent,
    make_frame,
    make_jpeg,
    make_session,
    with_size,
)
from tests.factories import enroll, make_course, make_instructor, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store", "queued", "told")]

SESSIONS = "/api/v1/lesson-sessions/"
JPEG = make_jpeg()


def frames(session) -> str:
    return f"{SESSIONS}{session.pk}/frames/"


def send(client, session, data: bytes = JPEG, query: str = "?sequence=1"):
    return client.post(frames(session) + query, data, content_type="image/jpeg")


def detail(response) -> str:
    """The one sentence of a refusal."""
    sentence = response.json()["detail"]
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


@pytest.fixture
def mine(client, session):
    """Alice is signed in, with a session of her own."""
    client.force_login(session.user)
    return session


@pytest.fixture
def people(session, course, ines):
    """Everybody who might ask about Alice's session, by name."""
    bob, other = make_user("bob"), make_instructor("ivo")
    enroll(bob, course)
    make_course(instructor=other)
    return {
        "anonymous": None,
        "the student": session.user,
        "another student": bob,
        "their instructor": ines,
        "another instructor": other,
        "an outsider": make_user("charlie"),
    }


def ask(people, name: str, method: str, url: str, **arguments) -> int:
    client = Client()
    if people[name]:
        client.force_login(people[name])
    return getattr(client, method)(url, **arguments).status_code


STATUSES = {
    # a frame, the session's end, a new session, the own history
    "anonymous": (403, 403, 403, 403),
    "the student": (202, 204, 201, 200),
    "another student": (404, 404, 403, 200),
    "their instructor": (404, 404, 403, 200),
    "another instructor": (404, 404, 404, 404),
    "an outsider": (404, 404, 404, 404),
}


@pytest.mark.parametrize("name", STATUSES)
def test_everyone_at_each_endpoint(people, session, lesson, name):
    frame = ask(people, name, "post", frames(session), data=JPEG, content_type="image/jpeg")
    end = ask(people, name, "post", f"{SESSIONS}{session.pk}/end/")
    start = ask(people, name, "post", SESSIONS, data={"lesson": lesson.pk}, content_type="application/json")
    history = ask(people, name, "get", f"/api/v1/lessons/{lesson.pk}/history/")
    assert (frame, end, start, history) == STATUSES[name]
    session.refresh_from_db()
    assert (session.ended_at is not None) == (name == "the student")


def test_with_the_features_off_there_is_nothing_here(client, mine, lesson, store, queued):
    FeatureGate.objects.all().delete()
    for response in (
        send(client, mine),
        client.post(f"{SESSIONS}{mine.pk}/end/"),
        client.post(SESSIONS, {"lesson": lesson.pk}, content_type="application/json"),
        client.get(SESSIONS),
        client.get(f"/api/v1/lessons/{lesson.pk}/history/"),
    ):
        assert response.status_code == 404
        assert detail(response) == "The emotion features are turned off here."
    assert store.take(str(mine.pk)) is None
    assert queued == []


# Frames


def test_a_raw_jpeg_is_accepted(client, mine, lesson, store, queued):
    block = lesson.blocks.first()
    response = send(client, mine, query=f"?sequence=7&block={block.pk}&place_seconds=12.5")
    assert (response.status_code, response.json()) == (202, {"sequence": 7})
    frame = store.take(str(mine.pk))
    assert (frame.jpeg, frame.sequence, frame.block_number, frame.place_seconds) == (JPEG, 7, block.pk, 12.5)
    assert len(queued) == 1


def test_a_multipart_jpeg_is_accepted(client, mine, lesson, store, queued):
    block = lesson.blocks.first()
    form = {
        "frame": SimpleUploadedFile("frame.jpg", JPEG, "image/jpeg"),
        "sequence": "8",
        "block": block.pk,
        "place_seconds": "3",
    }
    response = client.post(frames(mine), form)
    assert (response.status_code, response.json()) == (202, {"sequence": 8})
    frame = store.take(str(mine.pk))
    assert (frame.jpeg, frame.sequence, frame.block_number, frame.place_seconds) == (JPEG, 8, block.pk, 3)
    assert len(queued) == 1


def test_a_frame_without_a_number_gets_one(client, mine):
    assert send(client, mine, query="").json()["sequence"] >= 0


def test_a_frame_is_sent_with_its_token(session):
    """Signed in by a cookie, another site's page could otherwise send a picture."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(session.user)
    assert send(client, session).status_code == 403


@pytest.mark.parametrize(
    ("data", "status", "sentence"),
    [
        (b"hello", 415, "The frame is not a JPEG."),
        (make_jpeg(suffix=".png"), 415, "The frame is not a JPEG."),
        (JPEG[:-100], 400, "The JPEG is cut short."),
        (b"\xff\xd8\xff" + b"\0" * 205 * 1024, 413, "A frame is at most 200 KB; this one has 205 KB."),
        (b"\xff\xd8\xff" + b"\0" * 300 * 1024, 413, "A frame is at most 200 KB."),
        (with_size(JPEG, 20_000, 20_000), 413, "A frame is at most 1280x1280 pixels; this one is 20000x20000."),
        (make_jpeg(8, 8), 400, "A frame is at least 32 pixels each way; this one is 8x8."),
    ],
)
def test_a_bad_frame_is_refused_with_a_sentence(client, mine, store, queued, data, status, sentence):
    upload = {"frame": SimpleUploadedFile("frame.jpg", data, "image/jpeg"), "sequence": "1"}
    for response in (send(client, mine, data), client.post(frames(mine), upload)):
        assert (response.status_code, detail(response)) == (status, sentence)
    assert store.take(str(mine.pk)) is None
    assert queued == []
    assert not EmotionReading.objects.exists()


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?sequence=-1", "A frame's sequence is a whole number from 0 to 2147483647."),
        ("?sequence=one", "A frame's sequence is a whole number from 0 to 2147483647."),
        ("?block=x", "A frame's block is the number of a block in this lesson."),
        ("?block=999999", "That block is not part of this lesson."),
        ("?place_seconds=nan", "The place in the lesson is a number of seconds from 0 to a day."),
    ],
)
def test_a_bad_place_or_number_is_refused_with_a_sentence(client, mine, store, query, sentence):
    response = send(client, mine, query=query)
    assert (response.status_code, detail(response)) == (400, sentence)
    assert store.take(str(mine.pk)) is None


def test_a_request_without_a_picture_is_told_how(client, mine):
    sentence = "Send a JPEG as the body, or as the multipart field 'frame'."
    response = send(client, mine, b"")
    assert (response.status_code, detail(response)) == (400, sentence)
    for form in ({}, {"frame": "text"}, {"picture": SimpleUploadedFile("frame.jpg", JPEG, "image/jpeg")}):
        response = client.post(frames(mine), form)
        assert (response.status_code, detail(response)) == (400, sentence)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("{}", "application/json", 415),
        ("frame=x", "application/x-www-form-urlencoded", 415),
        (b"garbage", "multipart/form-data; boundary=x", 400),
        (b"garbage", "multipart/form-data", 400),
    ],
)
def test_another_kind_of_body_is_refused(client, mine, body, kind, status):
    response = client.post(frames(mine), body, content_type=kind)
    assert response.status_code == status
    assert response.json()["detail"]


def test_a_third_frame_in_a_second_is_refused(client, mine, monkeypatch):
    monkeypatch.setattr("emotion.inference.frame_store.time.time", lambda: 1_700_000_000.0)
    responses = [send(client, mine, query=f"?sequence={n}") for n in (1, 2, 3)]
    assert [response.status_code for response in responses] == [202, 202, 429]
    assert detail(responses[2]) == "At most 2 frames a second are taken; please slow down."


def test_a_frame_that_a_newer_one_replaced_is_told_as_dropped(client, mine, told):
    """202 promised an answer or a "dropped" on the session's socket."""
    send(client, mine, query="?sequence=1")
    assert told == {}
    send(client, mine, query="?sequence=2")
    (message,) = told[str(mine.pk)]
    assert (message["type"], message["sequence"]) == ("dropped", 1)


def test_without_a_socket_a_frame_s_answer_is_at_its_location(client, mine):
    location = send(client, mine, query="?sequence=7").headers["Location"]
    response = client.get(location)
    assert response.status_code == 404
    assert detail(response).startswith("There is no reading of such a frame")
    services.record_readings(answers=[make_answer(mine, 7)], model_version=None)
    answer = client.get(location).json()
    assert (answer["sequence"], answer["outcome"], round(answer["probabilities"]["happiness"], 2)) == (7, "face", 0.79)
    services.record_readings(answers=[make_answer(mine, 8, outcome="no_face")], model_version=None)
    assert client.get(f"{frames(mine)}8/").json()["probabilities"] is None
    for sequence in (9, 2**31, 10**30):
        assert client.get(f"{frames(mine)}{sequence}/").status_code == 404


@pytest.mark.parametrize("name", STATUSES)
def test_a_reading_is_only_ones_own(people, session, name):
    services.record_readings(answers=[make_answer(session, 7)], model_version=None)
    status = {"anonymous": 403, "the student": 200}.get(name, 404)
    assert ask(people, name, "get", f"{frames(session)}7/") == status
    FeatureGate.objects.all().delete()
    assert ask(people, name, "get", f"{frames(session)}7/") == (403 if name == "anonymous" else 404)


def test_after_the_end_and_after_a_withdrawal_no_frame_is_taken(client, mine, course):
    client.post(f"{SESSIONS}{mine.pk}/end/")
    response = send(client, mine)
    assert (response.status_code, detail(response)) == (409, "This session has ended.")
    consents.withdraw_consent(user=mine.user, course=course)
    response = send(client, mine)
    sentence = "You have withdrawn your consent, so nothing is taken."
    assert (response.status_code, detail(response)) == (403, sentence)


def test_no_upload_touches_the_disk(client, mine, monkeypatch):
    def fail(*arguments, **named):
        pytest.fail("a temporary file was made")

    monkeypatch.setattr("django.core.files.uploadhandler.TemporaryUploadedFile", fail)
    monkeypatch.setattr("django.core.files.uploadedfile.tempfile.NamedTemporaryFile", fail)
    monkeypatch.setattr("django.core.files.temp.NamedTemporaryFile", fail)
    big = SimpleUploadedFile("frame.jpg", JPEG + b"\0" * 190 * 1024, "image/jpeg")
    assert client.post(frames(mine), {"frame": big}).status_code == 202


# Sessions


def test_a_session_starts_with_consent(client, alice, lesson):
    client.force_login(alice)
    response = client.post(SESSIONS, {"lesson": lesson.pk}, content_type="application/json")
    assert (response.status_code, detail(response)) == (
        403,
        "The camera needs your consent for this course first.",
    )
    make_consent(alice, lesson.course)
    response = client.post(SESSIONS, {"lesson": lesson.pk}, content_type="application/json")
    assert response.status_code == 201
    session = LessonSession.objects.get()
    assert response.json()["id"] == str(session.pk)
    assert (session.user, session.lesson, response.json()["ended_at"]) == (alice, lesson, None)


@pytest.mark.parametrize("lesson", ["", "x", 0, -1])
def test_a_session_in_no_lesson(client, alice, lesson):
    client.force_login(alice)
    assert client.post(SESSIONS, {"lesson": lesson}, content_type="application/json").status_code == 400
    assert client.post(SESSIONS, {"lesson": 10**6}, content_type="application/json").status_code == 404
    assert client.post(SESSIONS, {"lesson": 10**30}, content_type="application/json").status_code in (400, 404)


def test_ones_own_sessions_are_listed_the_newest_first(client, mine, lesson):
    second = make_session(mine.user, lesson)
    bob = make_user("bob")
    enroll(bob, lesson.course)
    make_session(bob, lesson)
    assert [row["id"] for row in client.get(SESSIONS).json()["results"]] == [str(second.pk), str(mine.pk)]


def test_sessions_come_in_pages(client, mine, lesson):
    for _ in range(60):
        make_session(mine.user, lesson)
    page = client.get(SESSIONS).json()
    assert (page["count"], len(page["results"])) == (61, 50)
    rest = client.get(page["next"]).json()["results"]
    assert len({row["id"] for row in [*page["results"], *rest]}) == 61
    assert client.get(f"{SESSIONS}?limit=0").status_code == 400


def test_who_asks_too_often_is_told_when_to_come_back_and_frames_are_not_counted(client, mine, monkeypatch):
    monkeypatch.setattr(UserRateThrottle, "rate", "2/min", raising=False)
    answers = [client.get(SESSIONS) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[2]["Retry-After"]) <= 60
    assert send(client, mine).status_code == 202


def test_ending_twice_is_ending_once(client, mine, store):
    store.put(make_frame(str(mine.pk)))
    for _ in range(2):
        assert client.post(f"{SESSIONS}{mine.pk}/end/").status_code == 204
    assert store.take(str(mine.pk)) is None
    assert client.post(f"{SESSIONS}{uuid.uuid4()}/end/").status_code == 404


# History


def test_the_history_is_only_ones_own(client, mine, lesson):
    make_bucket(mine, place=2, faces=4, happiness=3, fear=1)
    make_class(lesson, 5)
    history = client.get(f"/api/v1/lessons/{lesson.pk}/history/").json()
    (point,) = history["points"]
    assert (point["seconds"], point["faces"], point["expressions"]["happiness"]) == (20, 4, 0.75)
    assert [block["number"] for block in history["blocks"]] == [block.pk for block in lesson.blocks.all()]


def test_requests_cost_the_same_for_many_sessions(client, mine, lesson):
    for _ in range(10):
        make_bucket(make_session(mine.user, lesson))
    client.get(SESSIONS)
    with assertNumQueries(5):  # session, user; gate; sessions, and how many
        client.get(SESSIONS)
    with assertNumQueries(6):  # session, user; gate; lesson; blocks; sums
        client.get(f"/api/v1/lessons/{lesson.pk}/history/")
    with assertNumQueries(5):  # session, user; gate; lesson session with consent and enrollment; gate
        send(client, mine)
