"""How a running class looks at this moment: one message a class a second, whoever watches.

Everything is read anew from the buckets of the last minute, and of whoever has gone from their last ones; kept between
looks is only who was shown together and the shares that were shown, in Django's cache, which all processes share where
there are several. The argument why no two messages tell of fewer than five is in docs/privacy/aggregates.md.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Collection, Iterable
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from courses.models import Course
from emotion.core import crowd
from emotion.core.crowd import Group
from emotion.core.labels import COUNTED_STATES, EXPRESSIONS
from emotion.fives import who_is_known
from emotion.models import Consent, EmotionBucket, SupportEvent
from emotion.policy import features_are_on

WINDOW_SECONDS = 30  # and the rest of the minute before: buckets are of whole minutes
STEP_SECONDS, TREND_STEPS = 10, 60
REMEMBERED_SECONDS = 3600  # for so long a set that was shown is not to be told from one that is
BUSY_SECONDS = 10
_SUMS = {f"sum_{name}": Sum(name) for name in ("faces", *EXPRESSIONS, *COUNTED_STATES)}

Shares = dict[str, float]


def may_watch(user, course_id: int) -> bool:
    """Those who teach or assist, while the features are on."""
    course = Course.objects.visible_to(user).filter(pk=course_id).first() if user.is_authenticated else None
    return course is not None and features_are_on() and course.is_staffed_by(user)


def group_of(course_id: int) -> str:
    """The channel group that hears this class's messages."""
    return f"class.{course_id}"


def tick(course_id: int) -> dict[str, Any] | None:
    """The message of this second, or None where another process sends it."""
    now = time.time()
    if not cache.add(f"class-now:{course_id}:{int(now)}", 1, STEP_SECONDS):
        return None
    if not cache.add(f"class-now:{course_id}:busy", 1, BUSY_SECONDS):
        return None  # the second before takes longer than a second: two at once would forget what the other showed
    try:
        memory = cache.get(f"class-now:{course_id}") or new_memory()
        message = look(course_id, memory, now)
        cache.set(f"class-now:{course_id}", memory, REMEMBERED_SECONDS)
    finally:
        cache.delete(f"class-now:{course_id}:busy")
    return message


def trend_now(course_id: int) -> list[list[float]]:
    """What the live view's chart shows at this second: [Unix time, shares in the order of COUNTED_STATES] a step;
    empty with fewer than five. Nothing is in it that a watcher would not be told."""
    message = tick(course_id)
    if message is not None:
        return message.get("trend", [])
    memory = cache.get(f"class-now:{course_id}") or new_memory()  # somebody watches: it is of this second
    if memory["last"] is None:
        return []
    return [point for point in memory["trend"] if time.time() - point[0] < STEP_SECONDS * TREND_STEPS]


def new_memory() -> dict[str, Any]:
    return {"shown": [], "former": [], "gone": [], "last": None, "trend": []}


def look(course_id: int, memory: dict[str, Any], now: float) -> dict[str, Any]:
    """The class at the Unix time `now`; what has to be kept for the next look goes into `memory`. Three queries, four
    while somebody of those shown is away, and one more every ten seconds.

    {"status": "shown", "held" (as it was at `as_of`) or "few", "cameras", "as_of", "expressions", "states", "offers":
    {"shown", "accepted"} in fives, "trend": [[Unix time, shares in the order of COUNTED_STATES], ...]}.
    """
    memory["former"] = [(at, ids) for at, ids in memory["former"] if now - at < REMEMBERED_SECONDS]
    values = _present(course_id, now)
    present = frozenset(values)
    lately = [ids for at, ids in memory["former"] if now - at < STEP_SECONDS * TREND_STEPS]
    memory["gone"] = sorted(set(memory["gone"]) - present)
    if away := set().union(memory["shown"], *lately) - present - set(memory["gone"]):
        values |= _as_last_seen(course_id, away, now)
        if gone := away - values.keys():  # erased or withdrawn: what they were part of is not shown again
            memory.update(shown=[], last=None, trend=[], gone=sorted(gone.union(memory["gone"])))
    former = [frozenset(ids) for _at, ids in memory["former"]]
    group = crowd.next_group(present, frozenset(memory["shown"]), former, who_is_known(course_id))
    memory["trend"] = [point for point in memory["trend"] if now - point[0] < STEP_SECONDS * TREND_STEPS]
    if group is None:
        return _nothing_new(memory, now)
    _remember(memory, group, now)
    message = {
        "cameras": len(group),
        "as_of": int(now),
        "expressions": crowd.veil(_mean([values[user][0] for user in group]), len(group), apart=1),
        "states": crowd.veil(_mean([values[user][1] for user in group]), len(group), rest="unsure"),
    }
    step = int(now) // STEP_SECONDS * STEP_SECONDS
    if not memory["trend"] or memory["trend"][-1][0] < step or not memory["last"]:
        memory["trend"].append([step, *message["states"].values()])
        message["offers"] = _offers(course_id, group)
    else:
        message["offers"] = memory["last"]["offers"]
    memory["last"] = message
    return {"status": "shown", **message, "trend": memory["trend"]}


def _nothing_new(memory: dict[str, Any], now: float) -> dict[str, Any]:
    last = memory["last"]
    if last is None or now - last["as_of"] >= STEP_SECONDS * TREND_STEPS:
        return {"status": "few"}
    return {"status": "held", **last, "trend": memory["trend"]}


def _remember(memory: dict[str, Any], group: Group, now: float) -> None:
    memory["shown"] = sorted(group)
    others = [(at, ids) for at, ids in memory["former"] if ids != memory["shown"]]
    memory["former"] = [*others, (now, memory["shown"])]


def _buckets(course_id: int) -> QuerySet:
    """Of those who allow the camera now. Who keeps no history has no bucket, and is in no class."""
    return EmotionBucket.objects.filter(
        session__lesson__module__course=course_id, session__consent__in=Consent.objects.for_camera()
    ).order_by()


def _present(course_id: int, now: float) -> dict[int, tuple[Shares, Shares]]:
    """{student: (expressions, states)} of those whose face was read within the last minute or so."""
    rows = _buckets(course_id).filter(session__ended_at=None, minute__gte=_minute(now - WINDOW_SECONDS))
    found = rows.values("session__user").annotate(**_SUMS)
    return {row["session__user"]: _shares(row) for row in found if row["sum_faces"]}


def _as_last_seen(course_id: int, users: Collection[int], now: float) -> dict[int, tuple[Shares, Shares]]:
    """The same of those who are away, from the last minute that they were read in."""
    since = _minute(now - REMEMBERED_SECONDS - STEP_SECONDS * TREND_STEPS)
    rows = _buckets(course_id).filter(session__user__in=users, minute__gte=since)
    found = {}
    for row in rows.values("session__user", "minute").annotate(**_SUMS).order_by("minute"):
        if row["sum_faces"]:
            found[row["session__user"]] = _shares(row)
    return found


def _minute(at: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(at // 60 * 60, datetime.UTC)


def _shares(row: dict[str, Any]) -> tuple[Shares, Shares]:
    windows = sum(row[f"sum_{state}"] for state in COUNTED_STATES)
    states = {state: row[f"sum_{state}"] / windows for state in COUNTED_STATES} if windows else _UNSURE
    return {name: row[f"sum_{name}"] / row["sum_faces"] for name in EXPRESSIONS}, states


_UNSURE = {state: float(state == "unsure") for state in COUNTED_STATES}


def _mean(shares: list[Shares]) -> Shares:
    """Each student counts the same."""
    return {name: round(sum(of[name] for of in shares) / len(shares), 2) for name in shares[0]}


def _offers(course_id: int, group: Iterable[int]) -> dict[str, int]:
    """To how many of those shown support was offered in the last ten minutes, and how many took it up; in fives."""
    since = timezone.now() - datetime.timedelta(seconds=STEP_SECONDS * TREND_STEPS)
    lately = SupportEvent.objects.filter(
        user__in=group, lesson__module__course=course_id, held_out=False, at__gte=since
    ).order_by()
    counts = lately.aggregate(
        shown=Count("user", distinct=True),
        accepted=Count("user", distinct=True, filter=Q(response="accepted")),
    )
    return {name: crowd.in_fives(count) for name, count in counts.items()}
