"""Signs that somebody may need help, and what each adds to their score. Pure functions, no model behind them.

A score is the sum of its signs' points, and every sign is a sentence: whoever reads the list sees all that is in it.
The thresholds come from practice, not from a fitted model: two weeks of silence and repeated failing are what
instructors act on; being a little behind is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

QUIET_DAYS = ((21, 3), (14, 2), (7, 1))  # days without a visit to a lesson, points; the first that is reached counts
NOT_BEGUN_DAYS, NOT_BEGUN = 7, 2
FAILED_ONCE, FAILED_AGAIN, MOST_FOR_QUIZZES = 1, 2, 4
OVERDUE, MOST_FOR_OVERDUE = 2, 4
# Behind is half of what the middle of the class completed, once that is enough to be halved.
BEHIND, LEAST_LESSONS_OF_CLASS = 2, 3
LISTED_FROM = 2


@dataclass(frozen=True)
class Sign:
    """`feature` names what was looked at; `words` is the reason as a person reads it."""

    feature: str
    points: int
    words: str


@dataclass
class Facts:
    """What the course knows of one student. `failed` has (title, attempts) of quizzes not passed so far, `overdue`
    titles of assignments past their date with nothing handed in."""

    joined_at: datetime
    last_seen_at: datetime | None = None
    completed: int = 0
    failed: list[tuple[str, int]] = field(default_factory=list)
    overdue: list[str] = field(default_factory=list)


def signs_of(facts: Facts, *, now: datetime, class_completed: float) -> list[Sign]:
    """The signs of one student, the heaviest first; `class_completed` is the median of the class's lessons."""
    found = [*_silence(facts, now), *_quizzes(facts.failed), *_overdue(facts.overdue)]
    began = facts.last_seen_at is not None
    if began and class_completed >= LEAST_LESSONS_OF_CLASS and facts.completed <= class_completed / 2:
        words = ngettext(
            "Completed %(done)d lesson; the middle of the class %(usual)d",
            "Completed %(done)d lessons; the middle of the class %(usual)d",
            facts.completed,
        )
        found.append(Sign("behind", BEHIND, words % {"done": facts.completed, "usual": class_completed}))
    return sorted(found, key=lambda sign: -sign.points)


def score_of(signs: Sequence[Sign]) -> int:
    return sum(sign.points for sign in signs)


def _silence(facts: Facts, now: datetime) -> list[Sign]:
    if facts.last_seen_at is None:
        days = (now - facts.joined_at).days
        if days < NOT_BEGUN_DAYS:
            return []
        words = ngettext("Joined %(days)d day ago, has not begun", "Joined %(days)d days ago, has not begun", days)
        return [Sign("not begun", NOT_BEGUN, words % {"days": days})]
    days = (now - facts.last_seen_at).days
    points = next((points for least, points in QUIET_DAYS if days >= least), 0)
    return [Sign("inactive", points, _("Inactive for %(days)d days") % {"days": days})] if points else []


def _quizzes(failed: Sequence[tuple[str, int]]) -> list[Sign]:
    left, signs = MOST_FOR_QUIZZES, []
    for title, attempts in sorted(failed, key=lambda each: -each[1]):
        points = min(left, FAILED_AGAIN if attempts > 1 else FAILED_ONCE)
        if not points:
            break
        words = ngettext("Did not pass “%(quiz)s”", "Did not pass “%(quiz)s” in %(attempts)d attempts", attempts)
        signs.append(Sign("quiz", points, words % {"quiz": title, "attempts": attempts}))
        left -= points
    return signs


def _overdue(titles: Sequence[str]) -> list[Sign]:
    shown = titles[: MOST_FOR_OVERDUE // OVERDUE]
    return [Sign("overdue", OVERDUE, _("“%(title)s” is overdue") % {"title": title}) for title in shown]
