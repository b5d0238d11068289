"""A course as those who teach it find it on arriving: five numbers, where students stop, and what waits."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.core.cache import cache
from django.db.models import Count, Max, Q, QuerySet
from django.urls import reverse
from django.utils.formats import localize
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from courses.enrollment.how_far import HowFar, active_since
from courses.gradebook.selectors import mean_total
from courses.models import Cohort, Course, Enrollment, Lesson, Progress, Submission, Thread

REMEMBERED_SECONDS = 30
NOTHING = "\u2013"


@dataclass(frozen=True)
class Number:
    """A figure, what it counts in one line, and where the rows behind it are. `value` is None where there is none.
    Some rows are shown to those who teach alone, not to assistants."""

    title: str
    value: int | Decimal | None
    definition: str
    url: str
    unit: str = ""
    rows_for_teachers: bool = False

    @property
    def shown(self) -> str:
        return NOTHING if self.value is None else f"{localize(self.value)}{self.unit}"


@dataclass(frozen=True)
class Step:
    """How many of a course's students began and completed a lesson; in percent of those who take the course. `people`
    is the list that its counts lead to, but for how far these came."""

    title: str
    url: str
    people: str
    began: int
    completed: int
    began_percent: int
    completed_percent: int

    @property
    def stopped(self) -> int:
        return self.began - self.completed


@dataclass(frozen=True)
class Figures:
    """What takes all that the class ever opened, or was marked for, to count: how many were here this week, how many
    completed every published lesson, how far they came, and the mean of their totals."""

    active: int
    finished: int
    funnel: list[Step]
    grade: Decimal | None


@dataclass(frozen=True)
class Waiting:
    title: str
    count: int
    url: str


@dataclass(frozen=True)
class Overview:
    numbers: list[Number]
    funnel: list[Step]
    queue: list[Waiting]


def overview(course: Course, *, cohort: Cohort | None = None) -> Overview:
    """As many queries whatever the course's size: three, while its figures are remembered. Who takes the course and
    what waits are counted each time. With a cohort all of it is that cohort's, but for the discussions, which are
    everybody's."""
    taking = Enrollment.objects.active().students().for_course(course).for_cohort(cohort).count()
    figures = _remembered(course, taking, cohort)
    questions = Thread.objects.unanswered(course).count()
    queue = _to_mark(course, cohort)
    slug = [course.slug]
    of_cohort = f"?cohort={cohort.pk}" if cohort else ""
    numbers = [
        Number(
            _("Students"),
            taking,
            _("Who take the course now, without teachers and observers."),
            _people_of(course, cohort),
        ),
        Number(
            _("Active this week"),
            figures.active,
            _("Of them, who opened a lesson in the last seven days."),
            _people_of(course, cohort, did=HowFar.ACTIVE),
        ),
        Number(
            _("Completed"),
            figures.finished,
            _("Of them, who completed every published lesson."),
            _people_of(course, cohort, did=HowFar.COMPLETED),
            rows_for_teachers=True,
        ),
        Number(
            _("Grades"),
            figures.grade,
            _("Mean of their totals in the gradebook, of those who have one."),
            reverse("gradebook:gradebook", args=slug) + of_cohort,
            "%",
        ),
        Number(
            _("Open questions"),
            questions,
            _("In the discussions, without an answer accepted, endorsed or by the team."),
            reverse("discussion:questions", args=slug),
        ),
    ]
    return Overview(numbers, figures.funnel, queue)


def _people_of(course: Course, cohort: Cohort | None, **asked: int | str) -> str:
    """The list of those who are counted here, and of them those asked for."""
    inside = {"cohort": cohort.pk} if cohort else {}
    query = urlencode({"role": "student", "status": "active", **inside, **asked})
    return f"{reverse('enrollment:people', args=[course.slug])}?{query}"


def _remembered(course: Course, taking: int, cohort: Cohort | None) -> Figures:
    """The figures, for REMEMBERED_SECONDS: adding them up reads all that a class did. Without a cache they are added up
    each time."""
    key = f"course-figures:{course.pk}:{cohort.pk if cohort else ''}"
    with suppress(RedisError, OSError):
        if found := cache.get(key):
            return found
    found = figures_of(course, taking, cohort)
    with suppress(RedisError, OSError):
        cache.set(key, found, REMEMBERED_SECONDS)
    return found


def figures_of(course: Course, taking: int, cohort: Cohort | None = None) -> Figures:
    """Three queries, and those of the gradebook."""
    students = Enrollment.objects.active().students().for_course(course).for_cohort(cohort)
    here = Q(user__in=students.values("user"))
    lessons = list(Lesson.objects.for_course(course).filter(status="published").in_course_order())
    progress = Progress.objects.in_course(course).filter(here).order_by()
    done = Count("pk", filter=Q(completed_at__isnull=False, lesson__in=lessons))
    whole = progress.values("user").annotate(seen=Max("last_seen_at"), done=done)
    class_ = whole.aggregate(
        active=Count("user", filter=Q(seen__gte=active_since())),
        finished=Count("user", filter=Q(done=len(lessons))),
    )
    people = [_people_of(course, cohort, lesson=lesson.pk) for lesson in lessons]
    funnel = _funnel(progress, taking, list(zip(lessons, people, strict=True)))
    grade = mean_total(course, cohort=cohort)
    return Figures(class_["active"], class_["finished"] if lessons else 0, funnel, grade)


def _funnel(progress: QuerySet[Progress], taking: int, lessons: list[tuple[Lesson, str]]) -> list[Step]:
    """Of the lessons, each with the address of its people."""
    completed = Count("pk", filter=Q(completed_at__isnull=False))
    rows = progress.values("lesson").annotate(began=Count("pk"), completed=completed)
    counts = {
        lesson: (began, completed) for lesson, began, completed in rows.values_list("lesson", "began", "completed")
    }
    steps = []
    for lesson, people in lessons:
        began, completed = counts.get(lesson.pk, (0, 0))
        share = [round(100 * count / taking) if taking else 0 for count in (began, completed)]
        steps.append(Step(lesson.title, lesson.get_absolute_url(), people, began, completed, *share))
    return steps


def _to_mark(course: Course, cohort: Cohort | None) -> list[Waiting]:
    """Assignments with work that nobody marked, most of it first."""
    members = Enrollment.objects.for_course(course).for_cohort(cohort)
    waiting = (
        Submission.objects.newest()
        .filter(assignment__block__lesson__module__course=course, assignment__block__removed_at=None, mark=None)
        .filter(Q(user__in=members.values("user")) if cohort else Q())
        .order_by()
        .values("assignment", "assignment__block__title")
        .annotate(n=Count("pk"))
    )
    rows = waiting.values_list("assignment", "assignment__block__title", "n")
    query = f"?cohort={cohort.pk}" if cohort else ""
    found = [Waiting(title, n, reverse("assignments:submissions", args=[pk]) + query) for pk, title, n in rows]
    return sorted(found, key=lambda each: -each.count)
