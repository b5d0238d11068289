"""Two editions of a lesson, or two cohorts, side by side: of how many students a part looked confusing, with how far
the difference can be trusted.

Nothing of fewer than five students, and no two looks apart by fewer: docs/privacy/aggregates.md.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from dataclasses import dataclass

from django.db.models import F, Min, Q, Sum
from django.db.models.functions import TruncDay
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from courses.models import Cohort, Enrollment, Lesson
from emotion.class_sums import LATEST
from emotion.core import crowd
from emotion.core import support as core
from emotion.core.labels import COUNTED_STATES
from emotion.fives import Arrival, let_in
from emotion.models import SUPPORTED, Consent, EmotionBucket

MORE = {
    "confused": gettext_noop("more looked confused"),
    "frustrated": gettext_noop("more looked frustrated"),
    "bored": gettext_noop("more looked bored"),
    "delighted": gettext_noop("more looked delighted"),
}
FEWER = {
    "confused": gettext_noop("fewer looked confused"),
    "frustrated": gettext_noop("fewer looked frustrated"),
    "bored": gettext_noop("fewer looked bored"),
    "delighted": gettext_noop("fewer looked delighted"),
}
NO_COHORT = 0


@dataclass(frozen=True)
class Look:
    """Whether a part looked so to a student, by the first of their buckets there."""

    row: int
    looked: bool


Looks = dict[int, dict[int, Look]]  # {block: {student: look}}


@dataclass(frozen=True)
class Side:
    """What may be compared. `key` is "edition 2" or "cohort 7"."""

    key: str
    name: str


@dataclass(frozen=True)
class Count:
    """To how many of `judged` students it looked so: one of `range`, as crowd.told has it."""

    range: range
    judged: int

    @property
    def looked(self) -> int | None:
        """None where it is not told exactly."""
        return self.range[0] if len(self.range) == 1 else None

    def __str__(self) -> str:
        if self.looked is not None:
            return _("%(looked)s of %(judged)s") % {"looked": self.looked, "judged": self.judged}
        if self.range[0] == 0:
            return _("fewer than %(few)s of %(judged)s") % {"few": self.range.stop, "judged": self.judged}
        return _("%(n)s or more of %(of)s") % {"n": self.range[0], "of": self.judged}


@dataclass(frozen=True)
class Row:
    """A part of the lesson. Differences are of shares in -1..1, the second side's less the first's; None where a side
    has fewer than five students."""

    title: str
    state: str
    first: Count | None
    second: Count | None
    low: float | None = None
    high: float | None = None
    least: float | None = None  # the difference itself, from
    most: float | None = None  # and to: apart where a count is not told

    @property
    def verdict(self) -> str:
        if self.low is None or self.high is None:
            return _("not enough students on both sides")
        if self.high < 0:
            return _(FEWER[self.state])
        return _(MORE[self.state]) if self.low > 0 else _("no telling whether anything changed")

    @property
    def difference(self) -> str:
        if self.least is None or self.most is None:
            return ""
        least, most = f"{100 * self.least:+.0f}", f"{100 * self.most:+.0f}"
        return least if least == most else _("%(least)s to %(most)s") % {"least": least, "most": most}

    @property
    def interval(self) -> str:
        if self.low is None or self.high is None:
            return ""
        return _("%(low)s to %(high)s") % {"low": f"{100 * self.low:+.0f}", "high": f"{100 * self.high:+.0f}"}

    @property
    def drawn(self) -> tuple[float, float, float, float]:
        """(start, width) of the interval and of the difference, in points."""
        if self.low is None or self.high is None or self.least is None or self.most is None:
            return 0.0, 0.0, 0.0, 0.0
        width = max(1.0, 100 * (self.most - self.least))
        start = 50 * (self.least + self.most) - width / 2
        return round(100 * self.low, 1), round(100 * (self.high - self.low), 1), round(start, 1), round(width, 1)


def sides_of(lesson: Lesson) -> tuple[list[Side], list[Side]]:
    """The editions that cameras were on in, and the course's cohorts."""
    read = EmotionBucket.objects.filter(session__lesson=lesson).order_by("edition")
    editions = read.values_list("edition", flat=True).distinct()
    cohorts = Cohort.objects.filter(course=lesson.course).order_by("starts_on", "pk")
    return (
        [Side(f"edition {n}", _("edition %(number)s") % {"number": n}) for n in editions],
        [Side(f"cohort {cohort.pk}", cohort.name) for cohort in cohorts],
    )


def compare(*, lesson: Lesson, first: Side, second: Side, state: str) -> list[Row]:
    """The lesson's parts in order. Writes down whom it let in together.

    There is no row of the lesson as a whole: what it had more than a part could be of fewer than five students."""
    assert state in SUPPORTED
    counts = [_counts(lesson, side, state) for side in (first, second)]
    blocks = lesson.blocks.values_list("pk", "title")
    return [_row(title, state, counts[0].get(pk), counts[1].get(pk)) for pk, title in blocks]


def _row(title: str, state: str, first: Count | None, second: Count | None) -> Row:
    if first is None or second is None:
        return Row(title, state, first, second)
    # Of a count that is not told, every one that it may be: neither the figures nor the interval give it away.
    effects = [core.effect((b, second.judged), (a, first.judged)) for a in first.range for b in second.range]
    known = [effect for effect in effects if effect]
    differences = [effect.difference for effect in known]
    low, high = min(effect.low for effect in known), max(effect.high for effect in known)
    return Row(title, state, first, second, low, high, min(differences), max(differences))


def _counts(lesson: Lesson, side: Side, state: str) -> dict[int, Count]:
    """Of students let in by fives who are of one cohort each: so what the editions have more than a cohort, or one
    cohort more than before, is a five as well."""
    kind, number = side.key.split()
    edition = int(number) if kind == "edition" else lesson.edition
    cohorts = _cohorts(lesson)
    looks = _looks(lesson, edition, state)
    arrivals = {
        f"compare {lesson.pk} {edition} {block}": [
            Arrival(look.row, user, cohorts.get(user) or NO_COHORT) for user, look in students.items()
        ]
        for block, students in looks.items()
    }
    shown = let_in(course_id=lesson.course.pk, arrivals=arrivals)
    counts = {}
    for block, students in looks.items():
        # The cohort that they were let in with: whoever moves later takes nothing along.
        of = shown[f"compare {lesson.pk} {edition} {block}"]
        chosen = {row for row, cohort in of.items() if kind == "edition" or cohort == int(number)}
        known = [look.looked for look in students.values() if look.row in chosen]
        if known:
            counts[block] = Count(crowd.told(sum(known), len(known)), len(known))
    return counts


def _cohorts(lesson: Lesson) -> dict[int, int | None]:
    """{student: their cohort}."""
    return dict(Enrollment.objects.filter(course=lesson.course).students().values_list("user", "cohort"))


def _looks(lesson: Lesson, edition: int, state: str) -> Looks:
    """By their first session in this edition, on the day it began and before today, so that what is counted of somebody
    never changes. Days are those of UTC, whoever looks."""
    today = (timezone.now() - LATEST).astimezone(datetime.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    judged = Q(*((f"{name}__gt", 0) for name in COUNTED_STATES), _connector=Q.OR)
    day, began = (TruncDay(at, tzinfo=datetime.UTC) for at in ("minute", "session__started_at"))
    rows = (
        EmotionBucket.objects.filter(
            judged,
            session__lesson=lesson,
            session__started_at__lt=today,
            session__consent__in=Consent.objects.agreed(),
            edition=edition,
        )
        .annotate(day=day, began=began)
        .filter(day=F("began"))
        .order_by("session__started_at")
        .values_list("session__user", "session", "session__started_at", "block_number")
        .annotate(seen=Sum(state), row=Min("pk"))
    )
    looks: Looks = defaultdict(dict)
    first: dict[int, object] = {}
    for user, session, _at, block, seen, row in rows:
        if first.setdefault(user, session) != session:
            continue
        looks[block][user] = Look(row, bool(seen))
    return looks
