"""A learning state for each student with the camera on, every ten seconds, from what the database holds."""

from __future__ import annotations

import datetime
import logging
import queue
import threading
import time
import uuid
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.conf import settings

from emotion import broadcast, evidence, services, support
from emotion.core import affect
from emotion.core.affect import Behaviour, Observation, SelfReport, StateEstimate
from emotion.course_calibration import calibration_of
from emotion.evidence import Seen
from emotion.inference.frame_store import open_frame_store
from emotion.inference.results import Answer
from emotion.models import LessonSession
from emotion.own_connection import own_connection
from emotion.wording import STATE_LOOKS

logger = logging.getLogger(__name__)

WINDOW = affect.DEFAULT.window
# Sessions that become due within this are observed together; one window lasts ten times as long.
GATHER_SECONDS = 1.0
MOST_AT_ONCE = 32
CLAIMED_WINDOWS = 6
MOST_KNOWN = 5000  # sessions, before those of ten minutes ago are forgotten
BUCKET_COLUMNS = {"neutral": "unsure", "unknown": "unsure"}


def observe(*, sessions: Mapping[str, StateEstimate | None], now: float) -> dict[str, StateEstimate]:
    """Estimate the states of {session id: its estimate before} at the Unix time `now`, with a few queries for all of
    them; count each in its bucket, tell its page, and consider support.

    A session is not in the answer when it has ended, was withdrawn or erased, or has no reading of the last minutes.
    """
    moment = datetime.datetime.fromtimestamp(now, datetime.UTC)
    found = (
        LessonSession.objects.open()
        .filter(pk__in=list(sessions), consent__withdrawn_at__isnull=True)
        .select_related("user", "lesson__module__course__calibration")
        .order_by()
    )
    readings = evidence.readings_of(sessions, moment)
    watched = [session for session in found if session.pk in readings]
    users = {session.user_id for session in watched}
    acts, said = evidence.acts_of(users, moment), evidence.said_by(users, moment)
    estimates: dict[str, StateEstimate] = {}
    for session in watched:
        try:
            estimates[str(session.pk)] = _estimate(
                session,
                [seen.observation for seen in readings[session.pk]],
                acts[session.user_id, session.lesson_id],
                said[session.user_id, session.lesson_id],
                now,
                sessions[str(session.pk)],
            )
        except Exception:  # what is wrong with one session or its course must not cost the others their window
            logger.warning("No learning state for session %s.", session.pk, exc_info=True)
    _count({key: (readings[uuid.UUID(key)][-1], estimate.state) for key, estimate in estimates.items()})
    broadcast.send_many(
        {key: [{"type": "state", "words": STATE_LOOKS[estimate.state]}] for key, estimate in estimates.items()}
    )
    for session in watched:
        if (estimate := estimates.get(str(session.pk))) is None:
            continue
        try:
            support.consider(
                user=session.user,
                lesson=session.lesson,
                session=session,
                estimate=estimate,
                place=readings[session.pk][-1].place,
            )
        except Exception:  # somebody who has just erased everything must not cost the others theirs
            logger.warning("No support was considered for session %s.", session.pk, exc_info=True)
    return estimates


def _estimate(
    session: LessonSession,
    observations: list[Observation],
    acts: list[Behaviour],
    said: list[SelfReport],
    now: float,
    previous: StateEstimate | None,
) -> StateEstimate:
    if session.baseline is None and (resting := _baseline(session, observations)):
        session.baseline = resting
        LessonSession.objects.filter(pk=session.pk).update(baseline=resting)
    return affect.estimate(
        observations,
        acts,
        said,
        now=now,
        baseline=session.baseline,
        previous=previous,
        calibration=calibration_of(session.lesson.module.course),
    )


def _baseline(session: LessonSession, observations: list[Observation]) -> dict[str, float] | None:
    """From the session's first minute, while that is still among the observations."""
    if observations[0].at - session.started_at.timestamp() > affect.DEFAULT.baseline / 2:
        return None
    return affect.baseline(observations)


def _count(last: Mapping[str, tuple[Seen, str]]) -> None:
    """Add one to the state of each session's present bucket: {session id: (its last reading, its state)}."""
    keys = defaultdict(list)
    for session_id, (seen, state) in last.items():
        keys[BUCKET_COLUMNS.get(state, state)].append((session_id, seen))
    for column, chosen in keys.items():
        services.count_in_buckets(
            column,
            [
                (session_id, seen.place.block_number, seen.edition, int(seen.place.seconds // WINDOW), seen.minute)
                for session_id, seen in chosen
            ],
        )


def _window(session_id: str, now: float) -> int:
    """Which window of this session's a Unix time falls into. Each session's begin at a moment of their own, so that a
    class that starts together is not observed all at once, every ten seconds, while its frames wait."""
    return int(now / WINDOW + zlib.crc32(session_id.encode()) % 1000 / 1000)


class StateWatch:
    """A thread that observes each session once in every window in which it had an answer.

    A session's frames go to whichever worker is free, so several may note it; whoever claims a window first has it. It
    holds nothing that is not in the database but the estimates before, so a worker that dies costs one window.
    """

    def __init__(self, capacity: int = 512) -> None:
        self._lock = threading.Lock()
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
        self.note_sessions(answer.session_id for answer in answers)

    def note_sessions(self, session_ids: Iterable[str]) -> None:
        """Never blocks: while the thread is behind, a window is passed over."""
        now = time.time()
        with self._lock:  # frames come from the batcher's thread, readings of devices from a task's
            for session_id in session_ids:
                window = _window(session_id, now)
                if self._seen.get(session_id, 0) < window and not self._due.full():
                    self._seen[session_id] = window
                    self._due.put_nowait(session_id)
            if len(self._seen) > MOST_KNOWN:
                self._seen = {session: seen for session, seen in self._seen.items() if now / WINDOW - seen < 60}
                self._estimates = {session: e for session, e in self._estimates.items() if session in self._seen}

    def _run(self) -> None:
        while (first := self._due.get()) is not None:
            due, stopping = self._others(first)
            try:
                claimed = self._claim(due)
                with self._lock:
                    sessions = {session_id: self._estimates.get(session_id) for session_id in claimed}
                with own_connection():
                    found = observe(sessions=sessions, now=time.time())
                with self._lock:
                    self._estimates |= found
            except Exception:  # a database that is away costs a window, not the thread
                logger.warning("No learning state for %d sessions this time.", len(due), exc_info=True)
            if stopping:
                return

    def _claim(self, due: list[str]) -> list[str]:
        """Those whose window no other worker has. One trip for all of them. A claim holds for CLAIMED_WINDOWS, which is
        longer than one worker is behind another."""
        with self._lock:
            windows = {session_id: self._seen.get(session_id, 0) for session_id in due}
        keys = [f"window:{session_id}:{window}" for session_id, window in windows.items()]
        store = open_frame_store(settings.REDIS_URL, settings.SECRET_KEY)
        claims = store.claim_many(keys, int(CLAIMED_WINDOWS * WINDOW))
        return [session_id for session_id, claimed in zip(windows, claims, strict=True) if claimed]

    def _others(self, first: str) -> tuple[list[str], bool]:
        """What else becomes due within GATHER_SECONDS, and whether the thread is to end."""
        due, until = [first], time.monotonic() + GATHER_SECONDS
        while len(due) < MOST_AT_ONCE and (remaining := until - time.monotonic()) > 0:
            try:
                session_id = self._due.get(timeout=remaining)
            except queue.Empty:
                break
            if session_id is None:
                return due, True
            due.append(session_id)
        return due, False
