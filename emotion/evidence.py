"""What the last minutes of students in lessons hold: readings, acts, and what they said, as emotion.core.affect takes
them."""

from __future__ import annotations

import datetime
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from emotion.core import affect
from emotion.core.affect import Behaviour, Observation, SelfReport
from emotion.core.labels import EXPRESSIONS
from emotion.models import BehaviourEvent, EmotionReading
from emotion.models import SelfReport as SelfReportRow
from emotion.places import Place

FACES_SINCE = datetime.timedelta(seconds=affect.DEFAULT.window * affect.DEFAULT.windows)
ACTS_SINCE = datetime.timedelta(minutes=10)


@dataclass(frozen=True)
class Seen:
    """A reading: what affect takes of it, and where and when it was."""

    observation: Observation
    place: Place
    edition: int
    minute: datetime.datetime


def readings_of(sessions: Iterable[str], moment: datetime.datetime) -> dict[uuid.UUID, list[Seen]]:
    """Of the last minutes, by session, the oldest first."""
    rows = (
        EmotionReading.objects.filter(session__in=list(sessions), taken_at__gt=moment - FACES_SINCE)
        .filter(taken_at__lte=moment)
        .order_by("taken_at")
        .values_list("session_id", "taken_at", "outcome", "block_number", "place_seconds", "edition", *EXPRESSIONS)
    )
    readings = defaultdict(list)
    for session_id, at, outcome, block_number, seconds, edition, *shown in rows:
        probabilities = dict(zip(EXPRESSIONS, shown, strict=True)) if outcome == "face" else None
        observation = Observation(at.timestamp(), outcome, probabilities)
        seen = Seen(observation, Place(block_number, seconds), edition, at.replace(second=0, microsecond=0))
        readings[session_id].append(seen)
    return dict(readings)


def acts_of(users: Iterable[int], moment: datetime.datetime) -> dict[tuple[int, int], list[Behaviour]]:
    """By (user id, lesson id)."""
    acts = defaultdict(list)
    rows = BehaviourEvent.objects.filter(user__in=set(users), at__gt=moment - ACTS_SINCE, at__lte=moment)
    for user, lesson, at, kind in rows.values_list("user", "lesson", "at", "kind"):
        acts[user, lesson].append(Behaviour(at.timestamp(), kind))
    return acts


def said_by(users: Iterable[int], moment: datetime.datetime) -> dict[tuple[int, int], list[SelfReport]]:
    """By (user id, lesson id)."""
    said = defaultdict(list)
    rows = SelfReportRow.objects.filter(user__in=set(users), at__gt=moment - ACTS_SINCE, at__lte=moment)
    for user, lesson, at, state in rows.values_list("user", "lesson", "at", "state"):
        said[user, lesson].append(SelfReport(at.timestamp(), state))
    return said
