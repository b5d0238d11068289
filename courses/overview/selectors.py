"""A course as those who teach it find it on arriving: five numbers, where students stop, and what waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Avg, Count, Max, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.models import Assignment, Course, Enrollment, Lesson, Progress, QuizAttempt, Submission, Thread

THIS_WEEK = timedelta(days=7)


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

    lesson: Lesson
    began: int
    completed: int
    began_percent: int
    completed_percent: int


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
    """Nine queries, whatever the course's size."""
    students = Enrollment.objects.active().students().for_course(course)
    here = Q(user__in=students.values("user"))
    lessons = list(Lesson.objects.for_course(course).filter(status="published").in_course_order())
    began = Progress.objects.in_course(course)
    taking = set(students.values_list("user", flat=True))
    active, finished = _active_and_finished(began, taking, lessons)
    attempts = QuizAttempt.objects.filter(
        here, quiz__block__lesson__module__course=course, quiz__block__removed_at=None
    )
    result = attempts.best_shares().aggregate(mean=Avg("best"))["mean"]
    questions = Thread.objects.unanswered(course).count()
    queue = _to_mark(course)
    slug, people = [course.slug], reverse("enrollment:people", args=[course.slug]) + "?role=student"
    numbers = [
        Number(_("Students"), len(taking), _("Who take the course now, without teachers and observers."), people),
        Number(_("Active this week"), active, _("Of them, who opened a lesson in the last seven days."), people),
        Number(
            _("Completed"),
            finished,
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
    return Overview(numbers, _funnel(began.filter(here), len(taking), lessons), queue)


def _active_and_finished(began: QuerySet[Progress], taking: set[int], lessons: list[Lesson]) -> tuple[int, int]:
    """How many of the students were here this week, and how many completed every published lesson."""
    done = Count("pk", filter=Q(completed_at__isnull=False, lesson__in=lessons))
    rows = began.order_by().values_list("user").annotate(seen=Max("last_seen_at"), done=done)
    recent = timezone.now() - THIS_WEEK
    found = [(seen, done) for user, seen, done in rows if user in taking]
    return sum(seen >= recent for seen, _ in found), sum(done == len(lessons) > 0 for _, done in found)


def _funnel(progress: QuerySet[Progress], taking: int, lessons: list[Lesson]) -> list[Step]:
    counts = {
        row["lesson"]: (row["began"], row["completed"])
        for row in progress.order_by()
        .values("lesson")
        .annotate(began=Count("pk"), completed=Count("pk", filter=Q(completed_at__isnull=False)))
    }
    steps = []
    for lesson in lessons:
        began, completed = counts.get(lesson.pk, (0, 0))
        share = [round(100 * count / taking) if taking else 0 for count in (began, completed)]
        steps.append(Step(lesson, began, completed, *share))
    return steps


def _to_mark(course: Course) -> list[Waiting]:
    """Assignments with work that nobody marked, most of it first."""
    waiting = (
        Submission.objects.submitted()
        .filter(assignment__block__lesson__module__course=course, assignment__block__removed_at=None, mark=None)
        .order_by()
        .values("assignment")
        .annotate(n=Count("user", distinct=True))
    )
    counts = {row["assignment"]: row["n"] for row in waiting}
    assignments = Assignment.objects.filter(pk__in=counts).select_related("block")
    found = [
        Waiting(each.block.title, counts[each.pk], reverse("assignments:submissions", args=[each.pk]))
        for each in assignments
    ]
    return sorted(found, key=lambda each: -each.count)
