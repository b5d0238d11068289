"""The way in: frames are checked, stored and announced to a worker; many at once cost little more than one."""

from __future__ import annotations

import asyncio
import contextvars
import datetime
import functools
import itertools
import logging
import time
import uuid
import weakref
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_noop as _
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from courses.models import Block, Enrollment
from emotion import metrics
from emotion.inference.batcher import STALE_AFTER_SECONDS
from emotion.inference.frame_store import Frame, open_frame_store
from emotion.inference.jpeg import BadFrame, check_jpeg
from emotion.models import CONSENT_VERSION, LessonSession
from emotion.own_connection import own_connection
from emotion.places import LARGEST_SEQUENCE, Place
from emotion.policy import features_are_on
from emotion.services import CAMERA_NOT_ALLOWED, NOT_OFFERED, WAITS_FOR_GUARDIAN, Refused

logger = logging.getLogger(__name__)

FRAMES_PER_SECOND = 2
# Frames of many students that arrive within a while are checked with the same few queries. It lasts this long for each
# that arrives in a second, so that a full hall costs fewer queries and a small class waits less.
GATHER_SECONDS_PER_RATE, SHORTEST_GATHER, LONGEST_GATHER = 0.0002, 0.005, 0.08
MOST_AT_ONCE = 64
OTHER_MODE = {
    "server": _("Pictures of this session are read on the server, so no readings are taken."),
    "device": _("Pictures of this session are read on the student's device, so nothing is taken."),
}


T = TypeVar("T")


class Attempt(Protocol):
    """A frame or a reading that somebody wants to send."""

    @property
    def user_id(self) -> int: ...
    @property
    def session_id(self) -> str: ...
    @property
    def place(self) -> Place: ...
    @property
    def arrived_at(self) -> float: ...


@dataclass(frozen=True)
class Submission:
    """A frame as it came in, at a Unix time. Without a sequence, it is numbered by the milliseconds since the session
    began."""

    user_id: int
    session_id: str
    jpeg: bytes
    sequence: int | None
    place: Place
    arrived_at: float = field(default_factory=time.time)


@dataclass(frozen=True)
class Receipt:
    """An accepted frame: its sequence, and that of an older frame that it replaced before a worker took it."""

    sequence: int
    replaced: int | None


@dataclass(frozen=True)
class Sender:
    """What a session says of whether its student may send."""

    session_id: str
    user_id: int
    started_at: datetime.datetime
    ended_at: datetime.datetime | None
    withdrawn_at: datetime.datetime | None
    consent_version: str
    camera: bool
    waits_for_guardian: bool
    lesson_id: int
    edition: int
    course_id: int
    mode: str
    enrolled: bool


def submit_frame(*, user, session_id: uuid.UUID | str, sequence: int | None, jpeg: bytes, place: Place) -> Receipt:
    """Take one frame for the worker; see submit_frames. Raises Refused."""
    [outcome] = submit_frames([Submission(user.pk, str(session_id), jpeg, sequence, place)])
    if isinstance(outcome, Refused):
        raise outcome
    return outcome


def submit_frames(submissions: Sequence[Submission]) -> list[Receipt | Refused]:
    """Take frames for the worker. Each gets its receipt, or a refusal with nothing kept: because it may not or cannot
    be taken, or because the database or the broker is away.

    Consent, enrollment and the gate are looked up for each of them: a withdrawal counts from the next frame on.
    """
    outcomes = _submit_frames(submissions)
    taken = [each for each in outcomes if isinstance(each, Receipt)]
    metrics.FRAMES_TAKEN.labels("accepted").inc(len(taken))
    metrics.FRAMES_TAKEN.labels("refused").inc(len(outcomes) - len(taken))
    metrics.FRAMES_DROPPED.labels("newer").inc(sum(receipt.replaced is not None for receipt in taken))
    return outcomes


def _submit_frames(submissions: Sequence[Submission]) -> list[Receipt | Refused]:
    checked: list[Frame | Refused] = [away() for _ in submissions]
    try:
        checked = _check(submissions)
        receipts = iter(_hand_over([frame for frame in checked if isinstance(frame, Frame)]))
    except (DatabaseError, RedisError, BrokerError, OSError):
        logger.warning("%d frames were refused: the database or the broker is away.", len(submissions))
        return [each if isinstance(each, Refused) else away() for each in checked]
    return [next(receipts) if isinstance(each, Frame) else each for each in checked]


def find_senders(session_ids: Iterable[str]) -> dict[str, Sender]:
    """In one query, by session id; one that does not exist is not among them."""
    rows = _sender_rows().filter(pk__in=set(session_ids))
    return {str(pk): Sender(str(pk), *rest) for pk, *rest in rows}


@functools.cache
def _sender_rows() -> QuerySet:
    """What find_senders asks of any session. Made once, since to put it together takes longer than its answer."""
    course = "lesson__module__course_id"
    taking = Enrollment.objects.active().students().filter(user=OuterRef("user_id"), course=OuterRef(course))
    return (
        LessonSession.objects.order_by()
        .annotate(enrolled=Exists(taking), waits=Q(consent__under_age=True, consent__guardian_agreed_at=None))
        .values_list(
            "pk", "user_id", "started_at", "ended_at", "consent__withdrawn_at", "consent__version",
            "consent__camera", "waits", "lesson_id", "lesson__edition", course, "mode", "enrolled",
        )
    )  # fmt: skip


def require_sender(sender: Sender | None, user_id: int, *, features_on: bool, mode: str) -> Sender:
    """Raises Refused where this person may not send anything to this session (any more): frames where they are read on
    the server, readings where a device reads them (`mode`)."""
    if sender is None or sender.user_id != user_id:
        raise Refused(_("There is no such session."), 404, final=True)
    if not features_on:
        raise Refused(_("The emotion features are turned off here."), 404, final=True)
    if not sender.enrolled:
        raise Refused(_("You are not enrolled in this course."), 403, final=True)
    if sender.withdrawn_at is not None:  # by leaving, too: then the reason is above
        raise Refused(_("You have withdrawn your consent, so nothing is taken."), 403, final=True)
    if sender.consent_version != CONSENT_VERSION:
        raise Refused(_("What the camera is for has changed since you agreed; please read it first."), 403, final=True)
    if not sender.camera:
        raise Refused(CAMERA_NOT_ALLOWED, 403, final=True)
    if sender.waits_for_guardian:
        raise Refused(WAITS_FOR_GUARDIAN, 403, final=True)
    if sender.ended_at is not None:
        raise Refused(_("This session has ended."), 409, final=True)
    if sender.mode != mode:
        raise Refused(OTHER_MODE[sender.mode], 409)
    if settings.ATTUNE_READING_PLACE not in ("student", mode):
        raise Refused(NOT_OFFERED[mode], 403, final=True)
    return sender


def admit(attempts: Sequence[Attempt], mode: str) -> list[Sender | Refused]:
    """Who of these may send, and about the place they name; three queries for all of them."""
    senders = find_senders(attempt.session_id for attempt in attempts)
    features_on = features_are_on()
    numbers = {attempt.place.block_number for attempt in attempts} - {0}
    lesson_of = dict(Block.objects.filter(pk__in=numbers).values_list("pk", "lesson_id")) if numbers else {}
    admitted: list[Sender | Refused] = []
    for attempt in attempts:
        try:
            sender = require_sender(
                senders.get(attempt.session_id), attempt.user_id, features_on=features_on, mode=mode
            )
            block = attempt.place.block_number
            if block and lesson_of.get(block) != sender.lesson_id:
                raise Refused(_("That block is not part of this lesson."), 400)
            if time.time() - attempt.arrived_at > STALE_AFTER_SECONDS:
                raise away()  # its page is about to be told "dropped", and must not be answered as well
        except Refused as refusal:
            admitted.append(refusal)
        else:
            admitted.append(sender)
    return admitted


def number_of(sequence: int | None, sender: Sender, at: float) -> int:
    """The sequence, else the milliseconds since the session began. Raises Refused for one that no reading can have: in
    a statement with other students' it would cost them theirs."""
    number = sequence if sequence is not None else int((at - sender.started_at.timestamp()) * 1000)
    if not 0 <= number <= LARGEST_SEQUENCE:
        raise Refused(_("This session has lasted too long; please start the camera again."), 409, final=True)
    return number


def limit_rate(checked: list[T | Refused], attempts: Sequence[Attempt], what: str) -> list[T | Refused]:
    """Refuse what is more than a student may send in a second, whatever of it and in however many sessions."""
    counted = [not isinstance(each, Refused) for each in checked]
    keys = [f"frames:{attempt.user_id}" for attempt in itertools.compress(attempts, counted)]
    counts = iter(open_frame_store(settings.REDIS_URL, settings.SECRET_KEY).count_many(keys, 1))
    too_fast = f"At most {FRAMES_PER_SECOND} {what} a second are taken; please slow down."
    return [
        Refused(too_fast, 429) if counts_here and next(counts) > FRAMES_PER_SECOND else each
        for each, counts_here in zip(checked, counted, strict=True)
    ]


def _check(submissions: Sequence[Submission]) -> list[Frame | Refused]:
    admitted = admit(submissions, "server")
    checked = [
        each if isinstance(each, Refused) else _frame(submission, each)
        for submission, each in zip(submissions, admitted, strict=True)
    ]
    return limit_rate(checked, submissions, "frames")


def _frame(submission: Submission, sender: Sender) -> Frame | Refused:
    try:
        check_jpeg(submission.jpeg)
        sequence = number_of(submission.sequence, sender, submission.arrived_at)
    except BadFrame as error:
        return Refused(str(error), error.status)
    except Refused as refusal:
        return refusal
    return Frame(
        session_id=sender.session_id,
        sequence=sequence,
        jpeg=submission.jpeg,
        accepted_at=submission.arrived_at,
        block_number=submission.place.block_number,
        edition=sender.edition,
        place_seconds=submission.place.seconds,
        course_number=sender.course_id,
    )


def _hand_over(frames: list[Frame]) -> list[Receipt]:
    from emotion.tasks import process_frames  # here, since tasks record through services

    if not frames:
        return []
    store = open_frame_store(settings.REDIS_URL, settings.SECRET_KEY)
    sessions = list(dict.fromkeys(frame.session_id for frame in frames))
    try:
        replaced = store.put_many(frames)
        process_frames.apply_async(args=[sessions], expires=3)
    except Exception:
        for session_id in sessions:
            store.discard(session_id)  # it is about to be refused, and must not be answered as well
        raise
    return [
        Receipt(frame.sequence, former if former != frame.sequence else None)
        for frame, former in zip(frames, replaced, strict=True)
    ]


def away() -> Refused:
    return Refused(_("The server cannot take a picture right now; it will again in a moment."), 503)


def _with_own_connection(submit_many: Callable[[list], list], submissions: list) -> list:
    with own_connection():
        return submit_many(submissions)


class Intake:
    """Gathers the frames that the sockets of one event loop receive, and submits them together.

    While a batch is being checked the next one fills, so the busier the server, the larger the batches.
    """

    submit_many = staticmethod(submit_frames)
    # Apart from the one that all sockets share with their connecting and closing.
    thread = ThreadPoolExecutor(1, "frame-intake")

    def __init__(self) -> None:
        self._waiting: list[tuple[Submission, asyncio.Future[Receipt | Refused]]] = []
        self._task: asyncio.Task[None] | None = None
        self._rate, self._gathered_at = 0.0, time.monotonic()  # how many arrive in a second, of late

    async def submit(self, submission: Submission) -> Receipt:
        """Raises Refused."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((submission, future))
        if self._task is None:
            # In a context of its own: what the first student's connection keeps in its is no business of the others.
            self._task = asyncio.get_running_loop().create_task(self._run(), context=contextvars.Context())
        outcome = await future
        if isinstance(outcome, Refused):
            raise outcome
        return outcome

    async def _run(self) -> None:
        try:
            while self._waiting:
                gather = GATHER_SECONDS_PER_RATE * self._rate
                await asyncio.sleep(min(LONGEST_GATHER, max(SHORTEST_GATHER, gather)))
                now = time.monotonic()
                self._rate += 0.2 * (len(self._waiting) / (now - self._gathered_at) - self._rate)
                self._gathered_at = now
                batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
                try:
                    work = functools.partial(_with_own_connection, self.submit_many, [each for each, _ in batch])
                    outcomes = await asyncio.get_running_loop().run_in_executor(self.thread, work)
                except Exception:
                    logger.exception("%d frames could not be taken.", len(batch))
                    outcomes = [away() for _ in batch]
                for (_, future), outcome in zip(batch, outcomes, strict=True):
                    if not future.done():  # its page may have closed meanwhile
                        future.set_result(outcome)
        finally:
            self._task = None


_intakes: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Intake] = weakref.WeakKeyDictionary()


def this_loops_intake() -> Intake:
    return _intakes.setdefault(asyncio.get_running_loop(), Intake())
