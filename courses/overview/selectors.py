"""A course as those who teach it find it on arriving: five numbers, where students stop, and what waits."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from django.core.cache import cache
from django.db.models import Avg, Count, Max, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from courses.models import Course, Enrollment, Lesson, Progress, QuizAttempt, Submission, Thread

THIS_WEEK = timedelta(days=7)
REMEMBERED_SECONDS = 30


@dataclass(frozen=True)
class Number:
    """A figure, what it counts in one line, and where the rows behind it are. `value` is None where there is none."""

    title: str
    value: int | None
    definition: str
    url: str
    unit: str = ""


@dataclass(frozen=True)
class Step:
    """How many of a course's students began and completed a lesson; in percent of those who take the course."""

    title: str
    url: str
    began: int
    completed: int
    began_percent: int
    completed_percent: int


@dataclass(frozen=True)
class Figures:
    """What takes all that the class ever opened to count: how many were here this week, how many completed every
    published lesson, and how far they came."""

    active: int
    finished: int
    funnel: list[Step]


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


def overview(course: Course) -> Overview:
    """Seven queries, whatever the course's size; four while its figures are remembered. Marks and what waits for
    somebody are counted each time: they are the same as on the pages they link to."""
    students = Enrollment.objects.active().students().for_course(course)
    taking = students.count()
    attempts = QuizAttempt.objects.filter(
        user__in=students.values("user"), quiz__block__lesson__module__course=course, quiz__block__removed_at=None
    )
    result = attempts.best_shares().aggregate(mean=Avg("best"))["mean"]
    figures = _remembered(course, taking)
    questions = Thread.objects.unanswered(course).count()
    queue = _to_mark(course)
    slug, people = [course.slug], reverse("enrollment:people", args=[course.slug]) + "?role=student"
    numbers = [
        Number(_("Students"), taking, _("Who take the course now, without teachers and observers."), people),
        Number(
            _("Active this week"), figures.active, _("Of them, who opened a lesson in the last seven days."), people
        ),
        Number(
            _("Completed"),
            figures.finished,
            _("Of them, who completed every published lesson."),
            reverse("gradebook:gradebook", args=slug),
        ),
        Number(
            _("Quizzes"),
            None if result is None else round(100 * result),
            _("Mean of the best attempts handed in, over all quizzes."),
            reverse("gradebook:gradebook", args=slug),
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


def _remembered(course: Course, taking: int) -> Figures:
    """The figures, for REMEMBERED_SECONDS: adding them up reads all that a class did. Without a cache they are added up
    each time."""
    key = f"overview:{course.pk}"
    with suppress(RedisError, OSError):
        if found := cache.get(key):
            return found
    found = figures_of(course, taking)
    with suppress(RedisError, OSError):
        cache.set(key, found, REMEMBERED_SECONDS)
    return found


def figures_of(course: Course, taking: int) -> Figures:
    """Three queries."""
    students = Enrollment.objects.active().students().for_course(course)
    here = Q(user__in=students.values("user"))
    lessons = list(Lesson.objects.for_course(course).filter(status="published").in_course_order())
    progress = Progress.objects.in_course(course).filter(here).order_by()
    done = Count("pk", filter=Q(completed_at__isnull=False, lesson__in=lessons))
    whole = progress.values("user").annotate(seen=Max("last_seen_at"), done=done)
    class_ = whole.aggregate(
        active=Count("user", filter=Q(seen__gte=timezone.now() - THIS_WEEK)),
        finished=Count("user", filter=Q(done=len(lessons))),
    )
    return Figures(class_["active"], class_["finished"] if lessons else 0, _funnel(progress, taking, lessons))


def _funnel(progress: QuerySet[Progress], taking: int, lessons: list[Lesson]) -> list[Step]:
    completed = Count("pk", filter=Q(completed_at__isnull=False))
    rows = progress.values("lesson").annotate(began=Count("pk"), completed=completed)
    counts = {
        lesson: (began, completed) for lesson, began, completed in rows.values_list("lesson", "began", "completed")
    }
    steps = []
    for lesson in lessons:
        began, completed = counts.get(lesson.pk, (0, 0))
        share = [round(100 * count / taking) if taking else 0 for count in (began, completed)]
        steps.append(Step(lesson.title, lesson.get_absolute_url(), began, completed, *share))
    return steps


def _to_mark(course: Course) -> list[Waiting]:
    """Assignments with work that nobody marked, most of it first."""
    waiting = (
        Submission.objects.submitted()
        .filter(assignment__block__lesson__module__course=course, assignment__block__removed_at=None, mark=None)
        .order_by()
        .values("assignment", "assignment__block__title")
        .annotate(n=Count("user", distinct=True))
    )
    rows = waiting.values_list("assignment", "assignment__block__title", "n")
    found = [Waiting(title, n, reverse("assignments:submissions", args=[pk])) for pk, title, n in rows]
    return sorted(found, key=lambda each: -each.count)
