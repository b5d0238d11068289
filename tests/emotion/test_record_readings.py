"""services.record_readings: once each, summed right, and only while consent is in force."""

import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import connection

from emotion import consents, services
from emotion.models import EmotionBucket, EmotionReading, LessonSession
from tests.emotion.factories import make_answer, make_model, make_probabilities, make_session
from tests.factories import enroll, make_user

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def record(told, django_capture_on_commit_callbacks):
    """record(answers): as the worker does, to the end of the transaction."""

    def record(*answers, model=None):
        with django_capture_on_commit_callbacks(execute=True):
            return services.record_readings(answers=list(answers), model_version=model)

    return record


def test_an_answer_becomes_a_reading_and_is_told(session, record, told):
    model = make_model()
    probabilities = make_probabilities(happiness=0.79)
    answer = make_answer(session, 7, at=NOON, block_number=41, edition=2, place_seconds=12.5, latency_ms=88)
    assert record(answer, model=model) == [answer]
    reading = EmotionReading.objects.get()
    assert (reading.session, reading.sequence, reading.taken_at) == (session, 7, NOON)
    assert (reading.block_number, reading.edition, reading.place_seconds) == (41, 2, 12.5)
    assert (reading.outcome, reading.happiness, reading.latency_ms) == ("face", 0.79, 88)
    assert reading.model_version == model
    assert told == {
        str(session.pk): [
            {
                "type": "reading",
                "sequence": 7,
                "outcome": "face",
                "probabilities": probabilities,
                "words": "Looks happy",
                "latency_ms": 88,
                "pace_ms": 1000,
            }
        ]
    }


@pytest.mark.parametrize("outcome", ["no_face", "several_faces", "unclear"])
def test_a_frame_without_a_face_has_no_probabilities_and_counts_as_such(session, record, told, outcome):
    record(make_answer(session, outcome=outcome))
    reading = EmotionReading.objects.get()
    assert (reading.outcome, reading.neutral, reading.happiness) == (outcome, None, None)
    bucket = EmotionBucket.objects.get()
    assert (bucket.faces, getattr(bucket, outcome), bucket.happiness) == (0, 1, 0)
    assert told[str(session.pk)][0]["probabilities"] is None


def test_a_model_of_seven_classes_leaves_contempt_empty(session, record):
    record(make_answer(session, probabilities={**make_probabilities(happiness=0.79), "contempt": None}))
    assert EmotionReading.objects.get().contempt is None
    assert EmotionBucket.objects.get().contempt == 0


def test_told_only_once_the_database_has_it(session, told):
    services.record_readings(answers=[make_answer(session)], model_version=None)
    assert told == {}  # this test's transaction has not been committed


def test_a_frame_answered_twice_is_one_reading_counted_once(session, record, told):
    answer = make_answer(session)
    assert record(answer) == [answer]
    assert record(answer) == []
    assert EmotionReading.objects.count() == 1
    assert EmotionBucket.objects.get().faces == 1
    assert [message["type"] for message in told[str(session.pk)]] == ["reading", "dropped"]


def test_a_frame_twice_in_one_batch_is_one_reading_counted_once(session, record):
    answer = make_answer(session)
    assert record(answer, answer) == [answer]
    assert EmotionReading.objects.count() == EmotionBucket.objects.get().faces == 1


def test_a_batch_with_a_known_frame_records_the_others(session, record):
    record(make_answer(session, 1))
    assert [answer.sequence for answer in record(*(make_answer(session, n) for n in (1, 2, 3)))] == [2, 3]
    assert EmotionReading.objects.count() == EmotionBucket.objects.get().faces == 3


def test_the_same_number_in_two_sessions_is_two_frames(session, lesson, record):
    other = make_session(session.user, lesson)
    record(make_answer(session, 1))
    assert len(record(make_answer(session, 1), make_answer(other, 1))) == 1
    assert EmotionReading.objects.count() == 2


def test_sums_are_kept_for_each_ten_seconds_of_place(session, record):
    happy, sad = make_probabilities(happiness=0.9), make_probabilities(sadness=0.7)
    record(
        make_answer(session, 1, at=NOON, place_seconds=0.0, probabilities=happy),
        make_answer(session, 2, at=NOON, place_seconds=9.999, probabilities=sad),
        make_answer(session, 3, at=NOON, place_seconds=10.0, probabilities=happy),
        make_answer(session, 4, at=NOON, place_seconds=19.9, outcome="no_face"),
        make_answer(session, 5, at=NOON, place_seconds=20.0, outcome="unclear"),
    )
    record(make_answer(session, 6, at=NOON, place_seconds=5.0, probabilities=happy))
    buckets = {bucket.place: bucket for bucket in EmotionBucket.objects.all()}
    assert sorted(buckets) == [0, 1, 2]
    assert [(b.faces, b.no_face, b.unclear) for _, b in sorted(buckets.items())] == [(3, 0, 0), (1, 1, 0), (0, 0, 1)]
    assert buckets[0].happiness == pytest.approx(2 * happy["happiness"] + sad["happiness"])
    assert buckets[0].sadness == pytest.approx(2 * happy["sadness"] + sad["sadness"])
    assert buckets[1].happiness == pytest.approx(0.9)
    total = sum(getattr(buckets[0], name) for name in happy)
    assert total == pytest.approx(buckets[0].faces)  # each face's probabilities sum to one


def test_minutes_blocks_editions_and_sessions_are_kept_apart(session, lesson, record):
    other = make_session(session.user, lesson)
    record(
        make_answer(session, 1, at=NOON),
        make_answer(session, 2, at=NOON + timedelta(seconds=59)),
        make_answer(session, 3, at=NOON + timedelta(seconds=60)),
        make_answer(session, 4, at=NOON, block_number=41),
        make_answer(session, 5, at=NOON, edition=2),
        make_answer(other, 1, at=NOON),
    )
    rows = EmotionBucket.objects.values_list("session", "block_number", "edition", "minute", "faces")
    assert set(rows) == {
        (session.pk, 0, 1, NOON, 2),
        (session.pk, 0, 1, NOON + timedelta(minutes=1), 1),
        (session.pk, 41, 1, NOON, 1),
        (session.pk, 0, 2, NOON, 1),
        (other.pk, 0, 1, NOON, 1),
    }


def test_an_answer_that_comes_after_the_withdrawal_is_not_recorded(session, lesson, record, told):
    bob = make_user("bob")
    enroll(bob, lesson.course)
    stays = make_session(bob, lesson)
    consents.withdraw_consent(user=session.user, course=lesson.course)
    kept = make_answer(stays)
    assert record(make_answer(session, 3), kept) == [kept]
    assert EmotionReading.objects.get().session == stays
    assert EmotionBucket.objects.get().session == stays
    dropped = {"type": "dropped", "sequence": 3, "message": "This frame was not recorded."}
    assert dropped in told[str(session.pk)]
    assert not any(message["type"] == "reading" for message in told[str(session.pk)])


def test_an_answer_that_comes_after_erasure_is_not_recorded(session, record, told):
    answer = make_answer(session)
    services.erase_history(user=session.user)
    assert record(answer) == []
    assert not EmotionReading.objects.exists()
    assert not EmotionBucket.objects.exists()


def test_a_session_that_ended_in_the_meantime_still_gets_its_last_answer(session, record, store):
    services.end_session(session=session)
    assert len(record(make_answer(session))) == 1


def test_no_answers_no_rows(record):
    assert record() == []


def test_a_batch_costs_the_same_queries_as_one_answer(session, lesson, told, django_assert_num_queries):
    sessions = [session, *(make_session(session.user, lesson) for _ in range(15))]
    answers = [make_answer(s, 1, place_seconds=n) for n, s in enumerate(sessions)]
    # savepoint and its release; who consents; readings; buckets
    with django_assert_num_queries(5):
        services.record_readings(answers=answers[:1], model_version=None)
    with django_assert_num_queries(5):
        services.record_readings(answers=answers, model_version=None)


def _at_once(work: Callable[[int], None], threads: int = 4) -> list[Exception]:
    """Run `work(number)` in several threads, as several workers would. Returns what they raised."""
    errors: list[Exception] = []
    start = threading.Barrier(threads)

    def run(number: int) -> None:
        try:
            start.wait()
            work(number)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return errors


def record_the_same_frames(session: LessonSession, frames: int = 20) -> list[Exception]:
    """Each worker in its own order."""
    answers = [make_answer(session, n, at=NOON, place_seconds=n) for n in range(frames)]

    def work(number: int) -> None:
        for first in range(0, frames, 5):
            turn = answers[(first + 5 * number) % frames :][:5]
            services.record_readings(answers=turn[:: 1 if number % 2 else -1], model_version=None)

    return _at_once(work)


def record_into_the_same_buckets(session: LessonSession, rounds: int = 10) -> list[Exception]:
    """Frames of their own, at the same sixteen places, one worker up and the other down."""

    def work(number: int) -> None:
        for turn in range(rounds):
            places = range(16) if number % 2 else range(15, -1, -1)
            first = 10_000 * (number + 1) + 100 * turn
            answers = [make_answer(session, first + n, at=NOON, place_seconds=1000 + 10 * n) for n in places]
            services.record_readings(answers=answers, model_version=None)

    return _at_once(work)


@pytest.mark.django_db(transaction=True)
def test_workers_that_record_the_same_frames_at_once(session, told):
    assert record_the_same_frames(session) == []
    assert EmotionReading.objects.count() == 20
    assert list(EmotionBucket.objects.order_by("place").values_list("place", "faces")) == [(0, 10), (1, 10)]


ON_POSTGRESQL = """
import json, django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0, interactive=False)
from emotion import broadcast
from emotion.models import EmotionBucket, EmotionReading
from tests.emotion import test_record_readings as tests
from tests.emotion.factories import make_session, open_gate
from tests.factories import enroll, make_lesson, make_user
broadcast.send_many = lambda messages: None
open_gate()
lesson, alice = make_lesson(), make_user("alice")
enroll(alice, lesson.course)
session = make_session(alice, lesson)
errors = [repr(error) for _ in range(3) for error in tests.record_the_same_frames(session)]
errors += [repr(error) for error in tests.record_into_the_same_buckets(session)]
buckets = list(EmotionBucket.objects.order_by("place").values_list("place", "faces"))
print(json.dumps([errors, EmotionReading.objects.count(), buckets]))
"""


def test_workers_that_record_at_once_on_postgresql(postgres_url, tmp_path):
    """Where writers do run side by side. In a process of its own, since settings choose the database."""
    name = f"readings_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    environment = {
        **os.environ,
        "DATABASE_URL": f"{postgres_url.rsplit('/', 1)[0]}/{name}",
        "ATTUNE_DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "lms.settings",
    }
    done = subprocess.run([sys.executable, "-c", ON_POSTGRESQL], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    errors, readings, buckets = json.loads(done.stdout.splitlines()[-1])
    assert errors == []
    assert readings == 20 + 4 * 10 * 16
    assert buckets == [[0, 10], [1, 10], *([100 + place, 40] for place in range(16))]
