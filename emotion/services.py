"""Writes of the live path: consent, sessions, frames, readings."""

from __future__ import annotations

import datetime
import logging
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from courses.models import Course, Enrollment, Lesson
from emotion import broadcast
from emotion.core.labels import EXPRESSIONS
from emotion.inference.frame_store import Frame, open_frame_store
from emotion.inference.jpeg import BadFrame, check_jpeg
from emotion.inference.results import Answer
from emotion.models import (
    CONSENT_VERSION,
    Consent,
    EmotionBucket,
    EmotionReading,
    LessonSession,
    ModelVersion,
)
from emotion.permissions import takes_as_student
from emotion.places import Place
from emotion.policy import features_are_on
from emotion.wording import describe

logger = logging.getLogger(__name__)

FRAMES_PER_SECOND = 2
BUCKET_SECONDS = 10


class Refused(Exception):
    """A request that cannot be granted. `status` is the HTTP status; the message is one sentence for the sender.

    `final` says that no later frame of this session will fare better.
    """

    def __init__(self, message: str, status: int, *, final: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.final = final


@dataclass(frozen=True)
class Receipt:
    """An accepted frame: its sequence, and that of an older frame that it replaced before a worker took it."""

    sequence: int
    replaced: int | None


def give_consent(
    *, user, course: Course, share_with_instructor: bool = False, share_for_research: bool = False
) -> Consent:
    """Record a student's yes. Given twice, the one in force takes the new choices.

    Raises Refused for somebody who isn't enrolled, and while the features are off.
    """
    _require_features()
    if not takes_as_student(user, course):
        raise Refused("Only people enrolled in this course can turn its camera on.", 403)
    choices = {"share_with_instructor": share_with_instructor, "share_for_research": share_for_research}
    with transaction.atomic():
        consent = Consent.objects.select_for_update().in_force().filter(user=user, course=course).first()
        if consent is None:
            try:
                with transaction.atomic():
                    return Consent.objects.create(user=user, course=course, **choices)
            except IntegrityError:  # the same form, sent twice at once
                consent = Consent.objects.in_force().get(user=user, course=course)
        for name, choice in choices.items():
            setattr(consent, name, choice)
        consent.version = CONSENT_VERSION
        consent.save(update_fields=[*choices, "version"])
    return consent


def withdraw_consent(*, user, course: Course) -> int:
    """Take a yes back: every open session ends, its waiting frame is forgotten, every open page is told to stop.

    Returns how many sessions ended. Harmless when there is nothing to withdraw.
    """
    now = timezone.now()
    with transaction.atomic():
        Consent.objects.in_force().filter(user=user, course=course).update(withdrawn_at=now)
        sessions = list(
            LessonSession.objects.open().filter(user=user, lesson__module__course=course).values_list("pk", flat=True)
        )
        LessonSession.objects.filter(pk__in=sessions).update(ended_at=now)
        transaction.on_commit(lambda: _close_sessions(sessions, "You have withdrawn; the camera stops."))
    return len(sessions)


def _close_sessions(sessions: list[uuid.UUID], reason: str) -> None:
    store = open_frame_store(settings.REDIS_URL)
    for session_id in sessions:
        store.discard(str(session_id))
    broadcast.send_many({str(pk): [{"type": "closed", "message": reason}] for pk in sessions})


def erase_history(*, user, course: Course | None = None) -> int:
    """Delete every session, reading and bucket of a person, in one course or in all. Returns the sessions deleted."""
    sessions = LessonSession.objects.filter(user=user)
    if course is not None:
        sessions = sessions.filter(lesson__module__course=course)
    count = sessions.count()
    sessions.delete()
    return count


def start_session(*, user, lesson: Lesson) -> LessonSession:
    """Begin a stretch with the camera on. Raises Refused without enrollment or consent, and while features are off."""
    _require_features()
    if not Lesson.objects.visible_to(user).filter(pk=lesson.pk).exists():
        raise Refused("There is no such lesson.", 404)
    consent = Consent.objects.in_force().filter(user=user, course=lesson.course).first()
    if consent is None:
        raise Refused("The camera needs your consent for this course first.", 403)
    _require_enrollment(user.pk, lesson.course.pk)
    return LessonSession.objects.create(user=user, lesson=lesson, consent=consent)


def end_session(*, session: LessonSession) -> None:
    """Stop. Ending twice is ending once."""
    LessonSession.objects.open().filter(pk=session.pk).update(ended_at=timezone.now())
    open_frame_store(settings.REDIS_URL).discard(str(session.pk))


def submit_frame(*, user, session_id: uuid.UUID | str, sequence: int | None, jpeg: bytes, place: Place) -> Receipt:
    """Take a frame for the worker. Without a sequence, it is numbered by the milliseconds since the session began.

    Raises Refused, with nothing kept, for a frame that may not or cannot be taken, and while the database or the broker
    is away. Consent, enrollment and the gate are looked up for each frame: a withdrawal counts from the next one on.
    """
    try:
        frame = _checked_frame(user, session_id, sequence, jpeg, place)
        return _hand_over(frame)
    except (DatabaseError, RedisError, BrokerError, OSError):
        logger.warning("A frame of session %s was refused: the database or the broker is away.", session_id)
        raise Refused("The server cannot take a picture right now; it will again in a moment.", 503) from None


def _checked_frame(user, session_id: uuid.UUID | str, sequence: int | None, jpeg: bytes, place: Place) -> Frame:
    session = (
        LessonSession.objects.visible_to(user).filter(pk=session_id).select_related("consent", "lesson__module").first()
    )
    if session is None:
        raise Refused("There is no such session.", 404, final=True)
    _require_features()
    if session.consent.withdrawn_at is not None:
        raise Refused("You have withdrawn your consent, so no frame is taken.", 403, final=True)
    _require_enrollment(session.user_id, session.lesson.module.course_id)
    if session.ended_at is not None:
        raise Refused("This session has ended.", 409, final=True)
    try:
        check_jpeg(jpeg)
    except BadFrame as error:
        raise Refused(str(error), error.status) from None
    if place.block_number and not session.lesson.blocks.filter(pk=place.block_number).exists():
        raise Refused("That block is not part of this lesson.", 400)
    if open_frame_store(settings.REDIS_URL).count(f"frames:{session.user_id}", 1) > FRAMES_PER_SECOND:
        raise Refused(f"At most {FRAMES_PER_SECOND} frames a second are taken; please slow down.", 429)
    now = time.time()
    if sequence is None:
        sequence = int((now - session.started_at.timestamp()) * 1000)
    return Frame(
        session_id=str(session.pk),
        sequence=sequence,
        jpeg=jpeg,
        accepted_at=now,
        block_number=place.block_number,
        edition=session.lesson.edition,
        place_seconds=place.seconds,
        course_number=session.lesson.module.course_id,
    )


def _hand_over(frame: Frame) -> Receipt:
    from emotion.tasks import process_frame  # here, since tasks record through this module

    store = open_frame_store(settings.REDIS_URL)
    replaced = store.put(frame)
    try:
        process_frame.apply_async(args=[frame.session_id], expires=3)
    except Exception:
        store.discard(frame.session_id)  # it is about to be refused, and must not be answered as well
        raise
    return Receipt(frame.sequence, replaced if replaced != frame.sequence else None)


def record_readings(*, answers: list[Answer], model_version: ModelVersion | None) -> list[Answer]:
    """Store answers and add them to their buckets, in one transaction; tell each student's page once it is committed.

    An answer that was recorded before is passed over, so a frame delivered twice is one reading; so is one whose
    session has lost its consent since, or was erased. Returns what was recorded.
    """
    try:
        return _record_readings(answers, model_version)
    except IntegrityError:  # another worker recorded one of them, or a session was erased, between look and insert
        return _record_readings(answers, model_version)


@transaction.atomic
def _record_readings(answers: list[Answer], model_version: ModelVersion | None) -> list[Answer]:
    sessions = {answer.session_id for answer in answers}
    consenting = {
        str(pk)
        for pk in LessonSession.objects.filter(pk__in=sessions, consent__withdrawn_at__isnull=True).values_list(
            "pk", flat=True
        )
    }
    known = {
        (str(session), sequence)
        for session, sequence in EmotionReading.objects.filter(
            session__in=sessions, sequence__in=[answer.sequence for answer in answers]
        ).values_list("session_id", "sequence")
    }
    fresh = {
        (answer.session_id, answer.sequence): answer
        for answer in answers
        if answer.session_id in consenting and (answer.session_id, answer.sequence) not in known
    }
    # In the order of their keys: two workers with the same frames then wait for each other without a deadlock.
    recorded = [fresh[key] for key in sorted(fresh)]
    readings = [_reading(answer, model_version) for answer in recorded]
    EmotionReading.objects.bulk_create(readings)
    _add_to_buckets(readings)
    messages = defaultdict(list)
    for answer in recorded:
        messages[answer.session_id].append(reading_message(answer))
    for answer in answers:
        if (answer.session_id, answer.sequence) not in fresh:
            messages[answer.session_id].append(dropped_message(answer.sequence, "This frame was not recorded."))
    transaction.on_commit(lambda: broadcast.send_many(messages))
    return recorded


def _reading(answer: Answer, model_version: ModelVersion | None) -> EmotionReading:
    return EmotionReading(
        session_id=uuid.UUID(answer.session_id),
        sequence=answer.sequence,
        taken_at=datetime.datetime.fromtimestamp(answer.accepted_at, datetime.UTC),
        block_number=answer.block_number,
        edition=answer.edition,
        place_seconds=answer.place_seconds,
        outcome=answer.result.outcome,
        model_version=model_version,
        latency_ms=answer.latency_ms,
        **(answer.result.probabilities or {}),
    )


_KEY = ("session_id", "block_number", "edition", "place", "minute")
_SUMS = ("faces", "no_face", "several_faces", "unclear", *EXPRESSIONS)


def _add_to_buckets(readings: list[EmotionReading]) -> None:
    """One upsert for the whole batch; it adds to a bucket that exists. The same SQL on SQLite and PostgreSQL."""
    if not readings:
        return
    sums: dict[tuple, dict[str, float]] = defaultdict(lambda: dict.fromkeys(_SUMS, 0))
    for reading in readings:
        minute = reading.taken_at.replace(second=0, microsecond=0)
        place = int(reading.place_seconds // BUCKET_SECONDS)
        bucket = sums[(reading.session_id, reading.block_number, reading.edition, place, minute)]
        bucket["faces" if reading.outcome == "face" else reading.outcome] += 1
        for name in EXPRESSIONS:
            bucket[name] += getattr(reading, name) or 0.0
    meta = EmotionBucket._meta
    table = connection.ops.quote_name(meta.db_table)
    columns = ", ".join(connection.ops.quote_name(name) for name in (*_KEY, *_SUMS))
    row = f"({', '.join(['%s'] * (len(_KEY) + len(_SUMS)))})"
    added = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in _SUMS)
    # In the order of their keys: two workers then lock the same rows in the same order.
    ordered = sorted(sums.items(), key=lambda item: (str(item[0][0]), *item[0][1:]))
    values = []
    for (session_id, block_number, edition, place, minute), amounts in ordered:
        values += [
            meta.get_field("session").get_db_prep_value(session_id, connection),
            block_number,
            edition,
            place,
            connection.ops.adapt_datetimefield_value(minute),
            *(amounts[name] for name in _SUMS),
        ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({columns}) VALUES {', '.join([row] * len(ordered))} "
            f"ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET {added}",
            values,
        )


def reading_message(answer: Answer) -> dict:
    """What a student's page is told of one answered frame."""
    return {
        "type": "reading",
        "sequence": answer.sequence,
        "outcome": answer.result.outcome,
        "probabilities": answer.result.probabilities,
        "words": describe(answer.result.outcome, answer.result.probabilities, answer.result.reason),
        "latency_ms": answer.latency_ms,
        "pace_ms": answer.pace_ms,
    }


def dropped_message(sequence: int, reason: str, pace_ms: int | None = None) -> dict:
    message = {"type": "dropped", "sequence": sequence, "message": reason}
    return message if pace_ms is None else {**message, "pace_ms": pace_ms}


def report_dropped(frames: list[tuple[str, int]], reason: str, pace_ms: int | None = None) -> None:
    """Tell the pages of (session id, sequence) pairs that these frames get no answer; and how fast to go on."""
    messages = defaultdict(list)
    for session_id, sequence in frames:
        messages[session_id].append(dropped_message(sequence, reason, pace_ms))
    broadcast.send_many(messages)


def prune_readings(*, older_than: datetime.timedelta, batch_size: int = 1000) -> int:
    """Delete readings past their retention, oldest first, in small transactions. Returns how many."""
    limit = timezone.now() - older_than
    total = 0
    while True:
        oldest = EmotionReading.objects.filter(taken_at__lt=limit).order_by("taken_at")[:batch_size]
        deleted, _ = EmotionReading.objects.filter(pk__in=list(oldest.values_list("pk", flat=True))).delete()
        total += deleted
        if not deleted:
            return total


def _require_features() -> None:
    if not features_are_on():
        raise Refused("The emotion features are turned off here.", 404, final=True)


def _require_enrollment(user_id: int, course_id: int) -> None:
    if not Enrollment.objects.active().students().filter(user_id=user_id, course_id=course_id).exists():
        raise Refused("You are not enrolled in this course.", 403, final=True)
