"""Frames on their way in: what is taken, and each reason for which a frame is not."""

import asyncio
import time
import uuid
from types import SimpleNamespace

import pytest
from django.utils import timezone

from courses.services import withdraw_student
from emotion import consents, intake, services, tasks
from emotion.inference import frame_store
from emotion.intake import Intake, Receipt, Submission, submit_frame, submit_frames
from emotion.models import Consent, EmotionReading, FeatureGate, LessonSession
from emotion.places import Place
from emotion.services import Refused
from tests.emotion.factories import ALLOWED, make_jpeg, make_session, with_size
from tests.factories import enroll, make_lesson, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store", "queued")]

JPEG = make_jpeg()


@pytest.fixture
def clock(monkeypatch):
    """The rate's time, which stands still unless a test moves it."""
    clock = SimpleNamespace(now=time.time())
    monkeypatch.setattr(frame_store, "time", SimpleNamespace(time=lambda: clock.now))
    return clock


def submit(session, user=None, *, sequence=1, jpeg=JPEG, place=None, session_id=None) -> Receipt:
    return submit_frame(
        user=user or session.user,
        session_id=session_id or session.pk,
        sequence=sequence,
        jpeg=jpeg,
        place=place or Place(),
    )


@pytest.fixture
def refused(session, store, queued):
    """refused(status, sentence, ...): the frame is refused with these, and leaves nothing anywhere."""

    def refused(status: int, sentence: str, *, final: bool, **arguments):
        with pytest.raises(Refused) as raised:
            submit(session, **arguments)
        assert (raised.value.status, str(raised.value), raised.value.final) == (status, sentence, final)
        assert store.take(str(session.pk)) is None
        assert queued == []
        assert not EmotionReading.objects.exists()

    return refused


def test_a_frame_goes_to_the_store_and_its_ids_to_the_queue(session, lesson, store, queued):
    block = lesson.blocks.last()
    lesson.edition = 3
    lesson.save()
    before = time.time()
    receipt = submit(session, sequence=7, place=Place(block.pk, 12.5))
    assert receipt == Receipt(7, None)
    frame = store.take(str(session.pk))
    assert (frame.sequence, frame.jpeg, frame.block_number) == (7, JPEG, block.pk)
    assert (frame.edition, frame.place_seconds) == (3, 12.5)
    assert before <= frame.accepted_at <= time.time()
    assert queued == [([[str(session.pk)]], {"expires": 3})]  # ids only: the picture is never in a message


def test_a_newer_frame_takes_the_place_of_one_that_waits(session, store, queued):
    submit(session, sequence=1)
    assert submit(session, sequence=2) == Receipt(2, 1)
    assert store.take(str(session.pk)).sequence == 2


def test_a_frame_sent_again_replaces_no_other(session):
    submit(session, sequence=1)
    assert submit(session, sequence=1) == Receipt(1, None)


def test_without_a_number_a_frame_gets_one_that_counts_up(session, store):
    session.started_at = timezone.now() - timezone.timedelta(seconds=90)
    session.save()
    first = submit(session, sequence=None).sequence
    time.sleep(0.002)
    second = submit(session, sequence=None).sequence
    assert 90_000 <= first < second < 95_000


def test_withdrawn_consent(session, refused):
    consents.withdraw_consent(user=session.user, course=session.lesson.course)
    refused(403, "You have withdrawn your consent, so nothing is taken.", final=True)


def test_a_new_consent_does_not_open_a_session_of_the_former(session, refused):
    consents.withdraw_consent(user=session.user, course=session.lesson.course)
    consents.give_consent(user=session.user, course=session.lesson.course, choices=ALLOWED)
    refused(403, "You have withdrawn your consent, so nothing is taken.", final=True)


def test_not_enrolled_any_more(session, refused):
    withdraw_student(user=session.user, course=session.lesson.course)
    refused(403, "You are not enrolled in this course.", final=True)


def test_the_session_of_another_student(session, refused):
    bob = make_user("bob")
    enroll(bob, session.lesson.course)
    make_session(bob, session.lesson)
    refused(404, "There is no such session.", final=True, user=bob)


def test_the_session_of_a_student_for_their_instructor(session, refused, ines):
    refused(404, "There is no such session.", final=True, user=ines)


def test_a_session_that_never_was(session, refused):
    refused(404, "There is no such session.", final=True, session_id=uuid.uuid4())


def test_an_ended_session(session, refused):
    services.end_session(session=session)
    refused(409, "This session has ended.", final=True)


def test_features_turned_off(session, refused):
    FeatureGate.objects.all().delete()
    refused(404, "The emotion features are turned off here.", final=True)


def test_a_block_of_another_lesson(session, refused):
    other = session.lesson.module.lessons.last().blocks.first()
    refused(400, "That block is not part of this lesson.", final=False, place=Place(other.pk, 3))
    refused(400, "That block is not part of this lesson.", final=False, place=Place(make_lesson().blocks.first().pk))
    refused(400, "That block is not part of this lesson.", final=False, place=Place(2**62))


@pytest.mark.parametrize(
    ("jpeg", "status", "sentence"),
    [
        (b"", 400, "The frame is empty."),
        (make_jpeg(suffix=".png"), 415, "The frame is not a JPEG."),
        (JPEG[:-200], 400, "The JPEG is cut short."),
        (b"\xff\xd8\xff" + b"\0" * 300 * 1024, 413, "A frame is at most 200 KB; this one has 300 KB."),
        (with_size(JPEG, 20_000, 20_000), 413, "A frame is at most 1280x1280 pixels; this one is 20000x20000."),
        (make_jpeg(16, 16), 400, "A frame is at least 32 pixels each way; this one is 16x16."),
    ],
)
def test_a_picture_that_is_not_taken(refused, jpeg, status, sentence):
    refused(status, sentence, final=False, jpeg=jpeg)


def test_two_a_second_and_no_more(session, store, queued, clock):
    for sequence in (1, 2):
        submit(session, sequence=sequence)
    with pytest.raises(Refused) as raised:
        submit(session, sequence=3)
    sentence = "At most 2 frames a second are taken; please slow down."
    assert (raised.value.status, str(raised.value), raised.value.final) == (429, sentence, False)
    assert len(queued) == 2
    assert store.take(str(session.pk)).sequence == 2
    clock.now += 1
    assert submit(session, sequence=4).sequence == 4


def test_the_rate_is_each_students_own_over_all_their_sessions(session, lesson, clock):
    second = make_session(session.user, lesson)
    submit(session)
    submit(second)
    with pytest.raises(Refused, match="slow down"):
        submit(second, sequence=2)
    bob = make_user("bob")
    enroll(bob, lesson.course)
    assert submit(make_session(bob, lesson)).sequence == 1


def test_each_of_many_frames_gets_its_own_fate(session, lesson, store, queued):
    bob, carol = make_user("bob"), make_user("carol")
    theirs = []
    for student in (bob, carol):
        enroll(student, lesson.course)
        theirs.append(make_session(student, lesson))
    consents.withdraw_consent(user=carol, course=lesson.course)
    block = lesson.blocks.first().pk
    outcomes = submit_frames(
        [
            Submission(session.user_id, str(session.pk), JPEG, 1, Place(block, 2)),
            Submission(bob.pk, str(session.pk), JPEG, 2, Place()),
            Submission(carol.pk, str(theirs[1].pk), JPEG, 3, Place()),
            Submission(bob.pk, str(theirs[0].pk), b"no picture", 4, Place()),
            Submission(bob.pk, str(theirs[0].pk), JPEG, 5, Place()),
            Submission(bob.pk, str(theirs[0].pk), JPEG, 6, Place()),
            Submission(bob.pk, str(theirs[0].pk), JPEG, 7, Place()),
        ]
    )
    assert [each.sequence if isinstance(each, Receipt) else each.status for each in outcomes] == [
        1, 404, 403, 415, 5, 6, 429,
    ]  # fmt: skip
    assert outcomes[5] == Receipt(6, 5)
    assert queued == [([[str(session.pk), str(theirs[0].pk)]], {"expires": 3})]
    assert [frame.sequence for frame in store.take_many([str(session.pk), str(theirs[0].pk)])] == [1, 6]


def test_many_frames_cost_the_queries_of_one(session, lesson, django_assert_num_queries):
    block = lesson.blocks.first().pk
    students = [make_user(f"student{number}") for number in range(20)]
    for student in students:
        enroll(student, lesson.course)
    sessions = [make_session(student, lesson) for student in students]
    submissions = [Submission(each.user_id, str(each.pk), JPEG, 1, Place(block, 1)) for each in sessions]
    with django_assert_num_queries(3):  # sessions with consent and enrollment; the gate; the blocks
        assert all(isinstance(each, Receipt) for each in submit_frames(submissions))


def test_nothing_is_kept_of_frames_that_no_broker_takes(session, store, monkeypatch):
    def unreachable(*args, **options):
        raise ConnectionError

    monkeypatch.setattr(tasks.process_frames, "apply_async", unreachable)
    good = Submission(session.user_id, str(session.pk), JPEG, 1, Place())
    bad = Submission(session.user_id, str(session.pk), b"", 2, Place())
    assert [each.status for each in submit_frames([good, bad])] == [503, 400]
    assert store.take(str(session.pk)) is None


def test_consent_to_a_former_text_is_none(session, refused):
    Consent.objects.update(version="2026-01")
    refused(403, "What the camera is for has changed since you agreed; please read it first.", final=True)


def test_an_operator_who_allows_devices_only_gets_no_more_frames(session, refused, settings):
    settings.ATTUNE_READING_PLACE = "device"
    refused(403, "Pictures are not read on the server here.", final=True)


@pytest.mark.parametrize("days", [30, -1])
def test_a_session_too_old_to_be_numbered_costs_itself_alone(session, lesson, days):
    """A clock that runs behind makes it younger than nothing, which no reading can be either."""
    bob = make_user("bob")
    enroll(bob, lesson.course)
    theirs = make_session(bob, lesson)
    LessonSession.objects.filter(pk=session.pk).update(started_at=timezone.now() - timezone.timedelta(days=days))
    old, fresh = submit_frames(
        [Submission(each.user_id, str(each.pk), JPEG, None, Place()) for each in (session, theirs)]
    )
    sentence = "This session has lasted too long; please start the camera again."
    assert (old.status, str(old), old.final) == (409, sentence, True)
    assert isinstance(fresh, Receipt)


def test_a_frame_counts_from_its_arrival_and_one_that_waited_too_long_is_not_taken(session, store):
    now = time.time()
    waited = Submission(session.user_id, str(session.pk), JPEG, 1, Place(), now - 2.9)
    taken = Submission(session.user_id, str(session.pk), JPEG, 2, Place(), now - 2)
    first, second = submit_frames([waited, taken])
    assert (first.status, second) == (503, Receipt(2, None))
    assert store.take(str(session.pk)).accepted_at == now - 2


def test_nothing_is_kept_of_frames_when_the_store_fails_midway(session, store, monkeypatch):
    real = store.put_many

    def put_many(frames):
        real(frames)
        raise OSError

    monkeypatch.setattr(store, "put_many", put_many)
    (outcome,) = submit_frames([Submission(session.user_id, str(session.pk), JPEG, 1, Place())])
    assert outcome.status == 503
    assert store.take(str(session.pk)) is None


@pytest.mark.parametrize(
    ("frames", "every", "shortest", "longest"), [(1, 1, 0.005, 0.005), (5, 0.04, 0.012, 0.025), (60, 0.02, 0.08, 0.08)]
)
def test_the_more_frames_arrive_the_longer_they_are_gathered(session, monkeypatch, frames, every, shortest, longest):
    now, slept, rest = 0.0, [], asyncio.sleep
    frame = Submission(session.user_id, str(session.pk), JPEG, 1, Place())

    async def sleep(seconds):
        nonlocal now
        now += seconds
        slept.append(seconds)
        await rest(0)

    async def arrive():
        nonlocal now
        gatherer = Intake()
        gatherer.submit_many = lambda some: [Receipt(1, None)] * len(some)
        for _ in range(50):
            now += every
            await asyncio.gather(*(gatherer.submit(frame) for _ in range(frames)))

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(intake, "time", SimpleNamespace(monotonic=lambda: now))
    asyncio.run(arrive())
    assert shortest <= slept[-1] <= longest
