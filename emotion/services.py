"""Writes of the live path: sessions and readings. Consent has a module of its own: emotion.consents."""

from __future__ import annotations

import datetime
import functools
import logging
import time
import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from accounts import audit
from accounts.models import User
from courses.models import Course, Enrollment, Lesson
from courses.release.locks import Locked, require_open
from emotion import broadcast
from emotion.core.labels import EXPRESSIONS
from emotion.inference.frame_store import open_frame_store
from emotion.inference.results import Answer
from emotion.models import (
    Consent,
    CourseCalibration,
    EmotionBucket,
    EmotionReading,
    FirstRewind,
    LessonSession,
    ModelVersion,
    SelfReport,
)
from emotion.policy import features_are_on
from emotion.querysets import LessonSessionQuerySet
from emotion.reading_place import SERVER, allowed_modes
from emotion.wording import describe

logger = logging.getLogger(__name__)

BUCKET_SECONDS = 10
# SQLite has one writer, and those who wait for it look in only every few milliseconds.
PRUNE_PAUSE_SECONDS = 0.02
NOT_OFFERED = {
    "server": _("Pictures are not read on the server here."),
    "device": _("Reading pictures on your own device is not offered here."),
}
CAMERA_NOT_ALLOWED = _("You have not allowed the camera in this course.")
WAITS_FOR_GUARDIAN = _("The camera waits until your parent or guardian has agreed.")


class Refused(Exception):
    """A request that cannot be granted. `status` is the HTTP status; the message is one sentence for the sender.

    `final` says that no later frame of this session will fare better.
    """

    def __init__(self, message: str, status: int, *, final: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.final = final


def end_sessions(sessions: LessonSessionQuerySet, reason: str) -> int:
    """End those of them that are open, forget their waiting frames and have every page of theirs stop its camera, once
    the transaction is through. Returns how many."""
    ending = list(sessions.open().values_list("pk", flat=True))
    LessonSession.objects.filter(pk__in=ending).update(ended_at=timezone.now())
    _forget_readings(ending)
    transaction.on_commit(lambda: _tell_to_stop(ending, reason))
    return len(ending)


def _tell_to_stop(sessions: list[uuid.UUID], reason: str) -> None:
    _forget_pictures(sessions)
    broadcast.send_many({str(pk): [{"type": "closed", "message": reason}] for pk in sessions})


def _forget_pictures(sessions: list[uuid.UUID]) -> None:
    """What waits to be read, and what a worker keeps of the last frame to follow a face. Both are gone within five
    seconds by themselves, so a broker that is away keeps nobody from stopping."""
    from emotion.tasks import forget_faces  # here, since tasks record through services

    names = [str(session_id) for session_id in sessions]
    if not names:
        return
    try:
        store = open_frame_store(settings.REDIS_URL, settings.SECRET_KEY)
        for name in names:
            store.discard(name)
        forget_faces.apply_async(args=[names], expires=5, retry=False)
    except (RedisError, BrokerError, OSError):
        logger.warning("What %d ended sessions left waiting goes by itself: the broker is away.", len(names))


def erase_history(*, user: User, course: Course | None = None) -> int:
    """Delete every session, reading and bucket of a person, in one course or in all, where they went back in it, and
    what their answers to "How is this going?" kept of how it looked. Returns the sessions deleted."""
    sessions = LessonSession.objects.filter(user=user)
    answers = SelfReport.objects.filter(user=user)
    rewinds = FirstRewind.objects.filter(user=user)
    if course is not None:
        sessions = sessions.filter(lesson__module__course=course)
        answers = answers.filter(lesson__module__course=course)
        rewinds = rewinds.filter(lesson__module__course=course)
    rewinds.delete()
    kept = answers.filter(features__isnull=False)
    # What was fitted to them goes with them; the next hour's fit is without them.
    CourseCalibration.objects.filter(course__in=kept.values("lesson__module__course")).update(
        fitted=None, shortfall="", answers=0, newest_answer_at=None
    )
    kept.update(features=None)
    erased = list(sessions.values_list("pk", flat=True))
    count = len(erased)
    sessions.delete()
    transaction.on_commit(lambda: _forget_pictures(erased))
    if count:
        about = {"course": course.pk} if course else {}
        audit.record(action=audit.Action.HISTORY_ERASED, actor=user, subject=user, **about)
    return count


def start_session(*, user: User, lesson: Lesson, mode: str = SERVER) -> LessonSession:
    """Begin a stretch with the camera on, with frames read on the "server" or the student's "device". Raises Refused
    without enrollment or consent, for a mode that the operator does not offer, and while features are off."""
    require_features()
    if not Lesson.objects.visible_to(user).filter(pk=lesson.pk).exists():
        raise Refused(_("There is no such lesson."), 404)
    consent = Consent.objects.in_force().filter(user=user, course=lesson.course).first()
    if consent is None:
        raise Refused(_("The camera needs your consent for this course first."), 403)
    if not consent.is_current:
        raise Refused(_("What the camera is for has changed since you agreed; please read it first."), 403)
    if not consent.camera:
        raise Refused(CAMERA_NOT_ALLOWED, 403)
    if consent.waits_for_guardian:
        raise Refused(WAITS_FOR_GUARDIAN, 403)
    _require_enrollment(user.pk, lesson.course.pk)
    try:
        require_open(user=user, lesson=lesson)
    except Locked as error:
        raise Refused(str(error), 403) from None
    if mode not in allowed_modes():
        raise Refused(NOT_OFFERED[mode], 403)
    return LessonSession.objects.create(user=user, lesson=lesson, consent=consent, mode=mode)


def end_session(*, session: LessonSession) -> None:
    """Stop. Ending twice is ending once."""
    LessonSession.objects.open().filter(pk=session.pk).update(ended_at=timezone.now())
    _forget_readings([session.pk])
    _forget_pictures([session.pk])


def _forget_readings(sessions: list[uuid.UUID]) -> None:
    """Of those who keep no history, single readings are gone with the session; a late one within a day."""
    EmotionReading.objects.filter(session__in=sessions, session__consent__history=False).delete()


def record_readings(*, answers: list[Answer], model_version: ModelVersion | None) -> list[Answer]:
    """Store answers and add them to their buckets, in one transaction; tell each student's page once it is committed.

    An answer that was recorded before is passed over, so a frame delivered twice is one reading; so is one whose
    session has lost its consent since, or was erased. Returns what was recorded.
    """
    try:
        return _record_readings(answers, model_version)
    except IntegrityError:  # a session was erased between look and insert
        return _record_readings(answers, model_version)


@transaction.atomic
def _record_readings(answers: list[Answer], model_version: ModelVersion | None) -> list[Answer]:
    sessions = {answer.session_id for answer in answers}
    consenting = {
        str(pk): history
        for pk, history in LessonSession.objects.filter(pk__in=sessions, consent__in=Consent.objects.for_camera())
        .order_by()
        .values_list("pk", "consent__history")
    }
    allowed = {(a.session_id, a.sequence): a for a in answers if a.session_id in consenting}
    # In the order of their keys: two workers with the same frames then wait for each other without a deadlock.
    fresh = _insert_readings([allowed[key] for key in sorted(allowed)], model_version)
    recorded = [allowed[key] for key in sorted(fresh)]
    _add_to_buckets([answer for answer in recorded if consenting[answer.session_id]])
    messages = defaultdict(list)
    for answer in recorded:
        messages[answer.session_id].append(reading_message(answer))
    for answer in answers:
        if (answer.session_id, answer.sequence) not in fresh:
            messages[answer.session_id].append(dropped_message(answer.sequence, "This frame was not recorded."))
    transaction.on_commit(lambda: broadcast.send_many(messages))
    return recorded


def _insert_readings(answers: list[Answer], model_version: ModelVersion | None) -> set[tuple[str, int]]:
    """Keep what is not there yet; returns the keys of what was not. In one statement, since bulk_create spends more
    time on sixteen readings than the engine on two frames."""
    named = ("session_id", "sequence", "taken_at", "block_number", "edition", "place_seconds", "outcome")
    rows, as_kept = [], connection.ops.adapt_datetimefield_value
    for answer in answers:
        shown = answer.result.probabilities or {}
        rows.append(
            (
                _database_key(answer.session_id),
                answer.sequence,
                as_kept(_taken_at(answer)),
                answer.block_number,
                answer.edition,
                answer.place_seconds,
                answer.result.outcome,
                model_version.pk if model_version else None,
                answer.latency_ms,
                *(shown.get(name) for name in EXPRESSIONS),
            )
        )
    columns = (*named, "model_version_id", "latency_ms", *EXPRESSIONS)
    ending = "ON CONFLICT (session_id, sequence) DO NOTHING RETURNING session_id, sequence"
    return {(str(uuid.UUID(str(key))), sequence) for key, sequence in _insert(EmotionReading, columns, rows, ending)}


_KEY = ("session_id", "block_number", "edition", "place", "minute")
_SUMS = ("faces", "no_face", "several_faces", "unclear", *EXPRESSIONS)


def _add_to_buckets(answers: list[Answer]) -> None:
    """One upsert for the whole batch; it adds to a bucket that exists."""
    sums: dict[tuple[Any, ...], dict[str, float]] = defaultdict(lambda: dict.fromkeys(_SUMS, 0))
    for answer in answers:
        minute = _taken_at(answer).replace(second=0, microsecond=0)
        place = int(answer.place_seconds // BUCKET_SECONDS)
        bucket = sums[(answer.session_id, answer.block_number, answer.edition, place, minute)]
        outcome, shown = answer.result.outcome, answer.result.probabilities or {}
        bucket["faces" if outcome == "face" else outcome] += 1
        for name in EXPRESSIONS:
            bucket[name] += shown.get(name) or 0.0
    table = connection.ops.quote_name(EmotionBucket._meta.db_table)
    added = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in _SUMS)
    # In the order of their keys: two workers then lock the same rows in the same order.
    rows = [
        (_database_key(key[0]), *key[1:4], connection.ops.adapt_datetimefield_value(key[4]), *sums[key].values())
        for key in sorted(sums)
    ]
    _insert(EmotionBucket, (*_KEY, *_SUMS), rows, f"ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET {added}")


def count_in_buckets(column: str, keys: Sequence[tuple[Any, ...]]) -> None:
    """Add one to `column` of the buckets with these (session id, block, edition, place, minute), where they exist."""
    table, name = (connection.ops.quote_name(each) for each in (EmotionBucket._meta.db_table, column))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table} SET {name} = {name} + 1 WHERE {' AND '.join(f'{each} = %s' for each in _KEY)}",
            [
                (_database_key(key[0]), *key[1:4], connection.ops.adapt_datetimefield_value(key[4]))
                for key in sorted(keys)
            ],
        )


def _insert(
    model: type[Model], columns: Sequence[str], rows: list[tuple[Any, ...]], ending: str
) -> list[tuple[Any, ...]]:
    """One INSERT of all rows, the same SQL on SQLite and PostgreSQL. Returns what `ending` has it return."""
    if not rows:
        return []
    table = connection.ops.quote_name(model._meta.db_table)
    names = ", ".join(connection.ops.quote_name(name) for name in columns)
    row = f"({', '.join(['%s'] * len(columns))})"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) VALUES {', '.join([row] * len(rows))} {ending}",
            [value for each in rows for value in each],
        )
        return cursor.fetchall() if "RETURNING" in ending else []


def _taken_at(answer: Answer) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(answer.accepted_at, datetime.UTC)


@functools.lru_cache(4096)
def _database_key(session_id: str) -> object:
    """As the one database of this process keeps it."""
    return LessonSession._meta.pk.get_db_prep_value(uuid.UUID(session_id), connection)


def reading_message(answer: Answer) -> dict[str, Any]:
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


def dropped_message(sequence: int, reason: str, pace_ms: int | None = None) -> dict[str, Any]:
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
        time.sleep(PRUNE_PAUSE_SECONDS)


def require_features() -> None:
    if not features_are_on():
        raise Refused(_("The emotion features are turned off here."), 404, final=True)


def _require_enrollment(user_id: int, course_id: int) -> None:
    if not Enrollment.objects.active().students().filter(user_id=user_id, course_id=course_id).exists():
        raise Refused(_("You are not enrolled in this course."), 403, final=True)
