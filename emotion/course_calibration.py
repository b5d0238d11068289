"""What a course's students said, put to use: the features kept with each answer, the fit, and how far to trust it."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.models import Course, Lesson
from emotion import evidence
from emotion.core import affect, affect_calibration
from emotion.core.affect import FEATURES
from emotion.core.affect_calibration import Calibration
from emotion.fives import Arrival, let_in
from emotion.models import Consent, CourseCalibration, LessonSession, SelfReport

NEWEST_ANSWERS = 2000  # of a course; more would hold the hourly job up and teach it little
SMALLEST_GROUP = 5


def features_now(*, user, lesson: Lesson) -> dict[str, float] | None:
    """What a self-report made now is kept with: smoothed FEATURES by name. None without a face that the camera sees."""
    now = timezone.now()
    keeping = Consent.objects.for_camera().filter(history=True)
    session = LessonSession.objects.open().filter(user=user, lesson=lesson, consent__in=keeping).first()
    if session is None:
        return None
    seen = evidence.readings_of([str(session.pk)], now).get(session.pk, [])
    vector = affect.features_at(
        [each.observation for each in seen],
        evidence.acts_of([user.pk], now)[user.pk, lesson.pk],
        now=now.timestamp(),
        baseline=session.baseline,
    )
    return None if vector is None else dict(zip(FEATURES, vector.round(4).tolist(), strict=True))


def refit_courses() -> int:
    """Fit each course whose answers have changed since the last time. Returns how many were looked at anew.

    Counted are answers with features of people whose consent for the course is in force, let in by those of five
    students: what is told of the fit never changes by one person's. Repeatable.
    """
    answered = SelfReport.objects.filter(features__isnull=False).values("lesson__module__course")
    known = CourseCalibration.objects.values("course")
    courses = Course.objects.filter(pk__in=answered) | Course.objects.filter(pk__in=known)
    return sum(_refit(course) for course in courses.distinct())


def _refit(course: Course) -> bool:
    consenting = Consent.objects.agreed().filter(user=OuterRef("user"), course=course)
    rows = (
        SelfReport.objects.filter(Exists(consenting), lesson__module__course=course, features__isnull=False)
        .order_by("-at", "-pk")
        .values_list("features", "state", "user", "at", "pk")[:NEWEST_ANSWERS]
    )
    rows = [row for row in rows if set(row[0]) == set(FEATURES)]
    arrivals = {"calibration": [Arrival(pk, user) for _, _, user, _, pk in rows]}
    shown = let_in(course_id=course.pk, arrivals=arrivals)["calibration"]
    rows = [row for row in rows if row[4] in shown]
    based_on = {
        "answers": len(rows),
        "students": len({row[2] for row in rows}),
        "newest_answer_at": rows[0][3] if rows else None,
    }
    if CourseCalibration.objects.filter(course=course, **based_on).exists():
        return False
    states, students = [row[1] for row in rows], [row[2] for row in rows]
    fitted = affect_calibration.fit([[row[0][name] for name in FEATURES] for row in rows], states, students)
    CourseCalibration.objects.update_or_create(
        course=course,
        defaults={
            **based_on,
            "fitted_at": timezone.now(),
            "shortfall": affect_calibration.shortfall(states, students),
            "fitted": fitted.to_json() if fitted else None,
        },
    )
    return True


def calibration_of(course: Course) -> Calibration | None:
    """The course's own reading of features, for affect.estimate. None while it is uncalibrated."""
    kept = getattr(course, "calibration", None)
    return affect_calibration.from_json(kept.fitted) if kept and kept.fitted else None


@dataclass(frozen=True)
class Trust:
    """How far a course's learning states can be trusted, as those who teach it may read it: from five students up."""

    line: str
    fitted_at: datetime.datetime | None = None
    calibration: Calibration | None = None


def trust_in(course: Course) -> Trust:
    """One sentence for beside a learning state, and the figures behind it where there are some."""
    kept = getattr(course, "calibration", None)
    if kept is None or kept.students < SMALLEST_GROUP:
        return Trust(_("uncalibrated: not enough students have said how it goes"))
    found = calibration_of(course)
    if found is None:
        missing = _missing(kept.shortfall) if kept.shortfall else _("to be fitted within the hour")
        return Trust(_("uncalibrated: %(missing)s") % {"missing": missing})
    line = _(
        "agrees with %(agreement)s of what students said, each state counted alike (chance: %(chance)s); its "
        "confidence is off by %(error)s points on average; %(answers)d answers of %(students)d students"
    ) % {
        "agreement": f"{found.agreement:.0%}",
        "chance": f"{1 / len(found.states):.0%}",
        "error": f"{100 * found.error:.0f}",
        "answers": found.answers,
        "students": found.students,
    }
    return Trust(line, kept.fitted_at, found)


def _missing(shortfall: str) -> str:
    """affect_calibration.shortfall's English in the reader's language, by wording.SHORTFALLS."""
    have, needed = re.findall(r"\d+", shortfall)[:2]
    words = _(re.sub(r"^\d+ of \d+", "%(have)s of %(needed)s", shortfall))
    return words % {"have": have, "needed": needed}


def report(calibration: Calibration) -> dict[str, Any]:
    """A calibration's curves as tables, and the risk-coverage curve as points of a drawing 300 wide and 150 high."""
    points = [(round(300 * coverage, 1), round(150 * (1 - risk), 1)) for coverage, risk in calibration.risk_coverage]
    return {
        "states": [_(state) for state in calibration.states],
        "risk": [(round(100 * coverage), round(100 * risk)) for coverage, risk in calibration.risk_coverage],
        "risk_area": calibration.risk_area,
        "kappa": calibration.kappa,
        "line": " ".join(f"{x},{y}" for x, y in points),
        "points": points,
        # A fifth with the answers of a few says more of them than of the course.
        "reliability": [
            (round(100 * confidence), round(100 * right), answers)
            for confidence, right, answers in calibration.reliability
            if answers >= SMALLEST_GROUP
        ],
    }
