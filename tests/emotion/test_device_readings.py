"""Readings that a student's own device made: what is taken, and each reason for which one is not."""

import json
import math
import uuid
from types import SimpleNamespace

import pytest
from django.db import DatabaseError, OperationalError
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from courses.services import withdraw_student
from emotion import consents, device_readings, services, tasks
from emotion.device_readings import DeviceReading, Submission, parse_reading, submit_reading, submit_readings
from emotion.inference import frame_store
from emotion.inference.stillness import Stillness
from emotion.intake import submit_frame
from emotion.models import EmotionBucket, EmotionReading, FeatureGate, LessonSession, ModelVersion
from emotion.places import Place
from emotion.registry import promoted_model
from emotion.services import Refused
from tests.emotion.factories import make_jpeg, make_probabilities, make_session
from tests.factories import enroll, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store", "queued", "told", "watched")]

HAPPY = make_probabilities(happiness=0.79)


@pytest.fixture
def session(alice, lesson):
    return make_session(alice, lesson, mode="device")


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The rate's time, which stands still unless a test moves it."""
    clock = SimpleNamespace(now=1_700_000_000.0)
    monkeypatch.setattr(frame_store, "time", SimpleNamespace(time=lambda: clock.now))
    return clock


@pytest.fixture
def watched(monkeypatch):
    """The sessions that a worker would be asked to observe."""
    watched = []
    monkeypatch.setattr(tasks.watch_states, "apply_async", lambda args, **options: watched.append((args, options)))
    return watched


def reading(**fields) -> DeviceReading:
    return parse_reading({"outcome": "face", "probabilities": HAPPY, "sequence": 1} | fields)


def submit(session, user=None, *, session_id=None, **fields) -> int:
    return submit_reading(user=user or session.user, session_id=session_id or session.pk, reading=reading(**fields))


@pytest.fixture
def refused(session):
    """refused(status, sentence, ...): the reading is refused with these, and nothing is recorded."""

    def refused(status: int, sentence: str, *, final: bool = False, **arguments):
        with pytest.raises(Refused) as raised:
            submit(session, **arguments)
        assert (raised.value.status, str(raised.value), raised.value.final) == (status, sentence, final)
        assert not EmotionReading.objects.exists() and not EmotionBucket.objects.exists()

    return refused


def test_a_reading_is_recorded_and_told_as_a_frames_answer(session, lesson, told, django_capture_on_commit_callbacks):
    block = lesson.blocks.last()
    with django_capture_on_commit_callbacks(execute=True):
        assert submit(session, sequence=7, block=block.pk, place_seconds=12.5, latency_ms=31.4) == 7
    stored = EmotionReading.objects.get()
    assert (stored.sequence, stored.outcome, stored.block_number, stored.place_seconds) == (7, "face", block.pk, 12.5)
    assert (stored.happiness, stored.latency_ms, stored.edition) == (0.79, 31, lesson.edition)
    assert stored.model_version == promoted_model()
    bucket = EmotionBucket.objects.get()
    assert (bucket.faces, bucket.place, bucket.happiness) == (1, 1, 0.79)
    [message] = told[str(session.pk)]
    assert (message["type"], message["sequence"], message["words"]) == ("reading", 7, "Looks happy")
    assert (message["latency_ms"], message["pace_ms"]) == (31, 1000)


def test_what_cannot_be_read_is_recorded_with_its_hint(session, told, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        submit(session, outcome="unclear", reason="too_dark", probabilities=None)
    assert EmotionReading.objects.get().neutral is None
    assert told[str(session.pk)][0]["words"].startswith("The picture is dark.")


def test_a_reading_twice_is_one_reading(session, told, clock, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        assert submit(session) == submit(session) == 1
    assert EmotionReading.objects.count() == EmotionBucket.objects.get().faces == 1
    assert [message["type"] for message in told[str(session.pk)]] == ["reading", "dropped"]


def test_a_class_that_is_left_out_is_zero(session):
    submit(session, probabilities={"happiness": 0.25, "neutral": 0.75})
    stored = EmotionReading.objects.get()
    assert (stored.happiness, stored.neutral, stored.fear, stored.contempt) == (0.25, 0.75, 0, 0)


def test_a_class_the_model_does_not_have_is_empty_or_refused(session, refused, monkeypatch):
    seven = SimpleNamespace(manifest=SimpleNamespace(classes=tuple(HAPPY)[:7]))
    monkeypatch.setattr(device_readings, "device_model", lambda version: seven)
    refused(400, "The model has no class called contempt.")
    submit(session, probabilities={"happiness": 1, "contempt": None})
    stored = EmotionReading.objects.get()
    assert (stored.happiness, stored.anger, stored.contempt) == (1, 0, None)


def test_a_page_that_was_open_before_another_model_was_promoted_keeps_its_own(session, refused, monkeypatch):
    former = promoted_model()
    ModelVersion.objects.update(status="retired")
    ModelVersion.objects.create(name="newer", weights_sha256="1" * 64, status="promoted")
    another = "Another model serves now. Stop the camera and start it again."
    refused(409, another, model="2" * 64)  # of no model that is known here
    refused(409, another)  # the promoted one has no file for a browser
    submit(session, model=former.weights_sha256)
    assert EmotionReading.objects.get().model_version == former


BAD = [
    ([], "A reading is a JSON object."),
    ({}, "A reading's outcome is one of face, no_face, several_faces, unclear."),
    ({"outcome": "happy"}, "A reading's outcome is one of face, no_face, several_faces, unclear."),
    ({"outcome": ["face"]}, "A reading's outcome is one of face, no_face, several_faces, unclear."),
    ({"outcome": "face"}, "A face has probabilities by name."),
    ({"outcome": "face", "probabilities": {}}, "A face has probabilities by name."),
    ({"outcome": "face", "probabilities": [0.5, 0.5]}, "A face has probabilities by name."),
    ({"outcome": "no_face", "probabilities": {"fear": 1}}, "Only a face has probabilities."),
    ({"outcome": "unclear", "reason": "ugly"}, "A reading's reason is one that makes a picture unclear."),
    ({"outcome": "unclear", "reason": ["tilted"]}, "A reading's reason is one that makes a picture unclear."),
    ({"outcome": "no_face", "reason": "tilted"}, "A reading's reason is one that makes a picture unclear."),
    ({"outcome": "no_face", "model": 7}, "A reading's model is the sha256 of its weights."),
    ({"outcome": "no_face", "model": "\ud800"}, "A reading's model is the sha256 of its weights."),
    ({"outcome": "no_face", "latency_ms": "soon"}, "A reading's latency_ms is a number of milliseconds."),
    ({"outcome": "no_face", "latency_ms": math.nan}, "A reading's latency_ms is a number of milliseconds."),
    ({"outcome": "no_face", "latency_ms": True}, "A reading's latency_ms is a number of milliseconds."),
    ({"outcome": "no_face", "sequence": -1}, "A frame's sequence is a whole number from 0 to 2147483647."),
    ({"outcome": "no_face", "block": "x"}, "A frame's block is the number of a block in this lesson."),
    ({"outcome": "no_face", "place_seconds": -1}, "The place in the lesson is a number of seconds from 0 to a day."),
    (
        {"outcome": "no_face", "place_seconds": 10**400},
        "The place in the lesson is a number of seconds from 0 to a day.",
    ),
]
BAD_SHARES = [
    HAPPY | {"happiness": math.nan},
    HAPPY | {"happiness": math.inf},
    HAPPY | {"happiness": -0.1},
    HAPPY | {"happiness": 1.01},
    HAPPY | {"happiness": 10**400},
    HAPPY | {"happiness": "0.79"},
    {"happiness": True},
    {"happiness": [1]},
]


@pytest.mark.parametrize(("message", "sentence"), BAD)
def test_what_is_no_reading(message, sentence):
    with pytest.raises(ValueError) as raised:
        parse_reading(message)
    assert str(raised.value) == sentence


@pytest.mark.parametrize("shares", BAD_SHARES, ids=lambda shares: str(shares["happiness"])[:8])
def test_what_is_no_probability(shares):
    with pytest.raises(ValueError, match=r"^Each probability is a number from 0 to 1.$"):
        parse_reading({"outcome": "face", "probabilities": shares})


@pytest.mark.parametrize("shares", [{"happiness": 0.5}, HAPPY | {"fear": 0.5}, {"happiness": None}, {"happiness": 0}])
def test_what_does_not_add_up(shares):
    with pytest.raises(ValueError, match=r"^The probabilities of a face add up to 1.$"):
        parse_reading({"outcome": "face", "probabilities": shares})


def test_a_name_that_is_no_expression():
    with pytest.raises(ValueError, match=r"^'joy' is not an expression; known ones: neutral, "):
        parse_reading({"outcome": "face", "probabilities": {"happiness": 0.5, "joy": 0.5}})


@pytest.mark.parametrize(("sum_", "taken"), [(0.991, True), (1.009, True), (0.985, False), (1.015, False)])
def test_rounding_is_forgiven(sum_, taken):
    message = {"outcome": "face", "probabilities": {"happiness": 0.5, "neutral": sum_ - 0.5}}
    if taken:
        assert parse_reading(message).result.probabilities["happiness"] == 0.5
    else:
        with pytest.raises(ValueError, match="add up"):
            parse_reading(message)


@pytest.mark.parametrize(("given", "kept"), [(None, 0), (-5, 0), (31.6, 32), (10**9, 60_000), (math.inf, 60_000)])
def test_a_latency_is_kept_within_reason(given, kept):
    assert parse_reading({"outcome": "no_face", "latency_ms": given}).latency_ms == kept


def test_the_page_s_own_message_is_a_reading():
    """As static/js/webcam.js writes it."""
    text = json.dumps(
        {"type": "reading", "sequence": 3, "outcome": "face", "reason": "", "probabilities": HAPPY, "block": 2}
        | {"place_seconds": 4.5, "latency_ms": 30, "model": "0" * 64}
    )
    assert parse_reading(json.loads(text)).place == Place(2, 4.5)


def test_a_server_session_takes_no_readings(session, refused, lesson):
    other = make_session(session.user, lesson)
    sentence = "Pictures of this session are read on the server, so no readings are taken."
    refused(409, sentence, session_id=other.pk)


def test_a_device_session_takes_no_frames(session, store, queued):
    with pytest.raises(Refused) as raised:
        submit_frame(user=session.user, session_id=session.pk, sequence=1, jpeg=make_jpeg(), place=Place())
    sentence = "Pictures of this session are read on the student's device, so nothing is taken."
    assert (raised.value.status, str(raised.value), raised.value.final) == (409, sentence, False)
    assert store.take(str(session.pk)) is None and queued == []


def test_withdrawn_consent(session, refused):
    consents.withdraw_consent(user=session.user, course=session.lesson.course)
    refused(403, "You have withdrawn your consent, so nothing is taken.", final=True)


def test_not_enrolled_any_more(session, refused):
    withdraw_student(user=session.user, course=session.lesson.course)
    refused(403, "You are not enrolled in this course.", final=True)


def test_the_session_of_another_student(session, refused, ines):
    bob = make_user("bob")
    enroll(bob, session.lesson.course)
    for somebody in (bob, ines):
        refused(404, "There is no such session.", final=True, user=somebody)
    refused(404, "There is no such session.", final=True, session_id=uuid.uuid4())


def test_an_ended_session(session, refused):
    services.end_session(session=session)
    refused(409, "This session has ended.", final=True)


def test_features_turned_off(session, refused):
    FeatureGate.objects.all().delete()
    refused(404, "The emotion features are turned off here.", final=True)


def test_a_block_of_another_lesson(session, refused):
    other = session.lesson.module.lessons.last().blocks.first()
    refused(400, "That block is not part of this lesson.", block=other.pk)


def test_the_rate_is_one_for_frames_and_readings(session, lesson, clock):
    submit_frame(
        user=session.user,
        session_id=make_session(session.user, lesson).pk,
        sequence=1,
        jpeg=make_jpeg(),
        place=Place(),
    )
    submit(session, sequence=1)
    with pytest.raises(Refused, match=r"^At most 2 readings a second are taken; please slow down.$") as raised:
        submit(session, sequence=2)
    assert (raised.value.status, raised.value.final) == (429, False)
    clock.now += 1
    assert submit(session, sequence=3) == 3


def test_while_the_database_is_away_a_reading_is_refused(session, refused, monkeypatch):
    def away(**_):
        raise OperationalError("gone")

    monkeypatch.setattr(device_readings, "record_readings", away)
    refused(503, "The server cannot take a reading right now; it will again in a moment.")


def test_without_a_number_a_reading_gets_one_that_counts_up(session):
    assert submit(session, sequence=None) >= 0


def test_a_worker_observes_the_session_once_in_a_window(session, watched, clock):
    for sequence in range(8):
        submit(session, sequence=sequence)
        clock.now += 2
    assert watched == [([[str(session.pk)]], {"expires": 10})] * 2


def test_a_reading_is_kept_while_the_broker_is_away(session, monkeypatch):
    def away(**_):
        raise BrokerError("gone")

    monkeypatch.setattr(tasks.watch_states, "apply_async", away)
    assert submit(session) == 1
    assert EmotionReading.objects.count() == 1


def test_a_reading_costs_few_queries(session, lesson, django_assert_max_num_queries, clock):
    block = lesson.blocks.first().pk
    submit(session, block=block, sequence=1)
    clock.now += 1
    # who may send; gate; block; model; then in a savepoint and its release: consent, known ones, reading, bucket
    with django_assert_max_num_queries(10):
        submit(session, block=block, sequence=2)


def test_of_two_models_readings_those_are_refused_that_are_not_recorded(session, lesson, monkeypatch, watched):
    former = promoted_model()
    ModelVersion.objects.update(status="retired")
    newer = ModelVersion.objects.create(name="newer", weights_sha256="1" * 64, status="promoted")
    model = device_readings.device_model(former)
    monkeypatch.setattr(device_readings, "device_model", lambda version: model)
    real = device_readings.record_readings

    def record_readings(*, answers, model_version):
        if model_version == newer:
            raise DatabaseError
        return real(answers=answers, model_version=model_version)

    monkeypatch.setattr(device_readings, "record_readings", record_readings)
    bob = make_user("bob")
    enroll(bob, lesson.course)
    theirs = make_session(bob, lesson, mode="device")
    outcomes = submit_readings(
        [
            Submission(session.user_id, str(session.pk), reading(model=former.weights_sha256)),
            Submission(bob.pk, str(theirs.pk), reading(model=newer.weights_sha256)),
            Submission(bob.pk, str(session.pk), reading()),
        ]
    )
    assert [each.status if isinstance(each, Refused) else each for each in outcomes] == [1, 503, 404]
    assert [stored.session for stored in EmotionReading.objects.all()] == [session]
    assert watched[0][0] == [[str(session.pk)]]


def test_a_recorded_reading_is_not_refused_for_want_of_a_learning_state(session, monkeypatch):
    def broken(**_):
        raise RuntimeError

    monkeypatch.setattr(tasks.watch_states, "apply_async", broken)
    assert submit(session) == 1
    assert EmotionReading.objects.count() == 1


def test_an_operator_who_allows_the_server_only_gets_no_more_readings(session, refused, settings):
    settings.ATTUNE_READING_PLACE = "server"
    refused(403, "Reading pictures on your own device is not offered here.", final=True)


def test_a_session_too_old_to_be_numbered(session, refused):
    LessonSession.objects.update(started_at=timezone.now() - timezone.timedelta(days=30))
    refused(409, "This session has lasted too long; please start the camera again.", final=True, sequence=None)


# A picture that does not live


@pytest.fixture
def minutes(monkeypatch, clock):
    """watch(session, [probabilities, ...]): one a second; what each was recorded as, and the page's hint."""
    monkeypatch.setattr(device_readings, "_stillness", Stillness(lambda: clock.now))

    def watch(session, faces) -> list[tuple[str, bool]]:
        first = EmotionReading.objects.count() + 1
        for number, face in enumerate(faces, start=first):
            submit(session, sequence=number, probabilities=face)
            clock.now += 1
        rows = EmotionReading.objects.filter(session=session, sequence__gte=first).order_by("sequence")
        return [(row.outcome, row.happiness is None) for row in rows]

    return watch


FACE, DEAD = ("face", False), ("unclear", True)


def test_the_same_numbers_for_a_minute_are_no_face(session, minutes, told, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        assert minutes(session, [HAPPY] * 62) == [FACE] * 60 + [DEAD] * 2
    assert told[str(session.pk)][-1]["words"].startswith("The picture does not move")
    # Somebody moves: at once it is read again.
    moved = make_probabilities(happiness=0.78999)
    assert minutes(session, [moved, HAPPY]) == [FACE] * 2


def test_a_smile_that_lasts_is_read_on(session, minutes):
    """A live face moves by a hundred-thousandth at the least."""
    smiles = [make_probabilities(happiness=0.998 + 0.00001 * (n % 7) + 1e-7 * n) for n in range(90)]
    assert minutes(session, smiles) == [FACE] * 90


def test_a_clip_that_repeats_is_no_face_after_a_minute(session, minutes):
    clip = [make_probabilities(happiness=0.5 + n / 100) for n in range(20)]
    said = minutes(session, clip * 6)
    assert said[:80] == [FACE] * 80 and said[-20:] == [DEAD] * 20
