"""What those who teach see of a rule of support: how often it fired, was dismissed and helped, and how often a rule
they are writing would have fired last week. Never of fewer than five students: docs/privacy/aggregates.md."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Min
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from courses.models import Course, Lesson
from emotion.class_sums import LATEST
from emotion.core import support as core
from emotion.core.rehearsal import rehearse
from emotion.fives import Arrival, let_in
from emotion.models import EmotionBucket, SupportEvent, SupportRule
from emotion.selectors import SMALLEST_GROUP
from emotion.support import OUTCOMES

OUTCOME_WORDS = {
    "answered_right_next": gettext_noop("Answered the next question right"),
    "stayed": gettext_noop("Went on with the lesson"),
    "reported_better": gettext_noop("Said later that it goes well"),
}
SETTLED_AFTER = datetime.timedelta(hours=1)  # by then an offer is answered, and what came after it is known


@dataclass
class Figures:
    """Of a rule in one course. `effects` compares offers shown with those left out by chance, {outcome: Effect}."""

    shown: int = 0
    accepted: int = 0
    dismissed: int = 0
    effects: dict[str, core.Effect] = field(default_factory=dict)

    @property
    def told(self) -> list[str]:
        """Whether it helped, a sentence an outcome, in the active language."""
        form = _(
            "%(what)s: %(difference)s points of a hundred after an offer, 95%% interval %(low)s to %(high)s "
            "(%(shown)s offers, %(held_out)s left out)."
        )
        return [
            form
            % {
                "what": _(OUTCOME_WORDS[outcome]),
                "difference": f"{100 * effect.difference:+.0f}",
                "low": f"{100 * effect.low:+.0f}",
                "high": f"{100 * effect.high:+.0f}",
                "shown": effect.shown,
                "held_out": effect.held_out,
            }
            for outcome, effect in self.effects.items()
        ]


def rule_figures(course: Course) -> dict[int, Figures]:
    """{rule: figures}, of rules with occasions of five students. Two queries.

    Occasions are let in in the order of time, those of five more students at a time: one more or less does not show.
    """
    settled = SupportEvent.objects.filter(lesson__module__course=course, at__lte=timezone.now() - SETTLED_AFTER)
    columns = ("pk", "rule_id", "user_id", "held_out", "randomised", "response", *OUTCOMES)
    occasions: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in settled.order_by("pk").values(*columns):
        occasions[row["rule_id"]].append(row)
    arrivals = {f"rule {rule}": [Arrival(r["pk"], r["user_id"]) for r in rows] for rule, rows in occasions.items()}
    shown = let_in(course_id=course.pk, arrivals=arrivals)
    told = {rule: [r for r in rows if r["pk"] in shown[f"rule {rule}"]] for rule, rows in occasions.items()}
    return {rule: _figures(rows) for rule, rows in told.items() if rows}


def _figures(rows: list[dict[str, Any]]) -> Figures:
    shown = [row for row in rows if not row["held_out"]]
    figures = Figures(
        shown=len(shown),
        accepted=sum(row["response"] == "accepted" for row in shown),
        dismissed=sum(row["response"] in ("dismissed", "dont_ask") for row in shown),
    )
    by_chance = [row for row in rows if row["randomised"]]
    for outcome in OUTCOMES:
        arms = []
        for held_out in (False, True):
            known = [r for r in by_chance if r["held_out"] is held_out and r[outcome] is not None]
            enough = len({row["user_id"] for row in known}) >= SMALLEST_GROUP
            arms.append((sum(row[outcome] for row in known), len(known)) if enough else (0, 0))
        if effect := core.effect(arms[0], arms[1], outcomes=len(OUTCOMES)):
            figures.effects[outcome] = effect
    return figures


@dataclass(frozen=True)
class Preview:
    """`times` and `students` are None where fewer than five students would have had the offer; `enough` says whether
    five were read at all."""

    monday: datetime.date
    enough: bool
    times: int | None = None
    students: int | None = None


def preview(*, course: Course, lesson: Lesson | None, rule: SupportRule) -> Preview:
    """How often `rule`, alone, would have fired last week, in a lesson or in the whole course. Three queries.

    Last week is over: nobody who comes now changes the answer, and who was read in a lesson is let in together. A
    lesson that fewer than five students had read in is left out of the course's answer too, or it would be the
    difference between that and the other lessons'.
    """
    today = (timezone.now() - LATEST).astimezone(datetime.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    end = today - datetime.timedelta(days=today.weekday())
    start = end - datetime.timedelta(days=7)
    week = EmotionBucket.objects.filter(minute__gte=start, minute__lt=end).order_by()
    week = week.filter(session__lesson=lesson) if lesson else week.filter(session__lesson__module__course=course)
    read = week.values_list("session__lesson", "session__user").annotate(first=Min("pk"))
    arrivals: dict[str, list[Arrival]] = defaultdict(list)
    came: dict[int, tuple[int, int]] = {}
    for of, user, first in read:
        arrivals[f"week {start:%Y-%m-%d} {of}"].append(Arrival(first, user))
        came[first] = user, of
    shown = let_in(course_id=course.pk, arrivals=arrivals)
    counted = {came[first] for rows in shown.values() for first in rows}
    if not counted:
        return Preview(start.date(), enough=False)
    rows = week.filter(session__lesson__in={of for _user, of in counted}, **{f"{rule.state}__gt": 0})
    seen = defaultdict(list)
    for user, of, *rest in rows.values_list(
        "session__user", "session__lesson", "minute", "block_number", "place", rule.state
    ):
        if (user, of) in counted:
            seen[user, of].append((rest[0].timestamp(), *rest[1:]))
    fired = {key: len(_times(windows, rule)) for key, windows in seen.items()}
    students = len({user for (user, _lesson), times in fired.items() if times})
    if students < SMALLEST_GROUP:
        return Preview(start.date(), enough=True)
    return Preview(start.date(), True, sum(fired.values()), students)


def _times(windows: Iterable[tuple[float, int, int, int]], rule: SupportRule) -> list[float]:
    return rehearse(windows, lasting_seconds=rule.lasting_seconds, cooldown_seconds=60 * rule.cooldown_minutes)
