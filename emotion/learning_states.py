"""A learning state for each student with the camera on, every ten seconds, from what the database holds."""

from __future__ import annotations

import datetime
import logging
import queue
import threading
import time
from collections.abc import Iterable

from django.conf import settings
from django.db import close_old_connections, connections
from django.db.models import F

from emotion import broadcast, support
from emotion.core import affect
from emotion.core.affect import Behaviour, Observation, SelfReport, StateEstimate
from emotion.core.labels import EXPRESSIONS
from emotion.inference.results import Answer
from emotion.models import BehaviourEvent, EmotionBucket, EmotionReading, LessonSession
from emotion.models import SelfReport as SelfReportRow
from emotion.places import Place
from emotion.wording import STATE_LOOKS

logger = logging.getLogger(__name__)

WINDOW = affect.DEFAULT.window
FACES_SINCE = datetime.timedelta(seconds=WINDOW * affect.DEFAULT.windows)
ACTS_SINCE = datetime.timedelta(minutes=10)
BUCKET_COLUMNS = {"neutral": "unsure", "unknown": "unsure"}


def observe(*, session_id: str, now: float, previous: StateEstimate | None = None) -> StateEstimate | None:
    """Estimate a session's state at the Unix time `now`, count it in its bucket, tell its page, and consider support.

    None for a session that has ended, was withdrawn or erased, or has no reading of the last minutes.
    """
    session = (
        LessonSession.objects.open()
        .filter(pk=session_id, consent__withdrawn_at__isnull=True)
        .select_related("user", "lesson__module")
        .first()
    )
    if session is None:
        return None
    moment = datetime.datetime.fromtimestamp(now, datetime.UTC)
    readings = list(
        EmotionReading.objects.filter(
            session=session, taken_at__gt=moment - FACES_SINCE, taken_at__lte=moment
        ).order_by("taken_at")
    )
    if not readings:
        return None
    observations = [_observation(reading) for reading in readings]
    if session.baseline is None and (resting := _baseline(session, observations)):
        session.baseline = resting
        LessonSession.objects.filter(pk=session.pk).update(baseline=resting)
    recent = {"user": session.user_id, "lesson": session.lesson_id, "at__gt": moment - ACTS_SINCE, "at__lte": moment}
    acts = BehaviourEvent.objects.filter(**recent).values_list("at", "kind")
    said = SelfReportRow.objects.filter(**recent).values_list("at", "state")
    estimate = affect.estimate(
        observations,
        [Behaviour(at.timestamp(), kind) for at, kind in acts],
        [SelfReport(at.timestamp(), state) for at, state in said],
        now=now,
        baseline=session.baseline,
        previous=previous,
    )
    last = readings[-1]
    _count(session, last, estimate.state)
    broadcast.send_to_session(str(session.pk), {"type": "state", "words": STATE_LOOKS[estimate.state]})
    support.consider(
        user=session.user,
        lesson=session.lesson,
        session=session,
        estimate=estimate,
        place=Place(last.block_number, last.place_seconds),
    )
    return estimate


def _observation(reading: EmotionReading) -> Observation:
    shown = {name: getattr(reading, name) for name in EXPRESSIONS} if reading.outcome == "face" else None
    return Observation(reading.taken_at.timestamp(), reading.outcome, shown)


def _baseline(session: LessonSession, observations: list[Observation]) -> dict[str, float] | None:
    """From the session's first minute, while that is still among the observations."""
    if observations[0].at - session.started_at.timestamp() > affect.DEFAULT.baseline / 2:
        return None
    return affect.baseline(observations)


def _count(session: LessonSession, reading: EmotionReading, state: str) -> None:
    column = BUCKET_COLUMNS.get(state, state)
    EmotionBucket.objects.filter(
        session=session,
        block_number=reading.block_number,
        edition=reading.edition,
        place=int(reading.place_seconds // WINDOW),
        minute=reading.taken_at.replace(second=0, microsecond=0),
    ).update(**{column: F(column) + 1})


class StateWatch:
    """A thread that observes each session once in every window in which it had an answer.

    It holds nothing that is not in the database but the estimates before, so a worker that dies costs one window.
    """

    def __init__(self, capacity: int = 512) -> None:
        self._due: queue.Queue[str | None] = queue.Queue(capacity)
        self._seen: dict[str, int] = {}
        self._estimates: dict[str, StateEstimate] = {}
        self._thread = threading.Thread(target=self._run, name="learning-states", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._due.put(None)
        self._thread.join(timeout=10)

    def note(self, answers: Iterable[Answer]) -> None:
        """Never blocks: while the thread is behind, a window is passed over."""
        window = int(time.time() // WINDOW)
        for answer in answers:
            if self._seen.get(answer.session_id, 0) < window and not self._due.full():
                self._seen[answer.session_id] = window
                self._due.put_nowait(answer.session_id)
        if len(self._seen) > 5000:
            recent = {session: seen for session, seen in self._seen.items() if window - seen < 60}
            self._seen = recent
            self._estimates = {session: e for session, e in self._estimates.items() if session in recent}

    def _run(self) -> None:
        while (session_id := self._due.get()) is not None:
            close_old_connections()
            try:
                estimate = observe(session_id=session_id, now=time.time(), previous=self._estimates.get(session_id))
                if estimate:
                    self._estimates[session_id] = estimate
            except Exception:  # a database that is away costs a window, not the thread
                logger.warning("No learning state for session %s this time.", session_id, exc_info=True)
            finally:
                if settings.TESTING:  # a test's database cannot be dropped while this thread holds on to it
                    connections.close_all()
