"""Who may need help, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

from django.db.models import Count, Max, Q
from django.utils import timezone

from courses.at_risk.models import Outreach
from courses.at_risk.signs import LISTED_FROM, Facts, Sign, score_of, signs_of
from courses.at_risk.sources import shared_signs
from courses.models import Assignment, Course, Enrollment, Progress, QuizAttempt, Submission


@dataclass
class Student:
    """One line of the list. `done` is what was done for them, the newest first."""

    enrollment: Enrollment
    signs: list[Sign]
    last_seen_at: object = None
    done: list[Outreach] = field(default_factory=list)

    @property
    def score(self) -> int:
        return score_of(self.signs)


@dataclass
class AtRisk:
    students: list[Student]
    of: int  # how many take the course


def at_risk(course: Course, *, reader) -> AtRisk:
    """The students of a course with a score from LISTED_FROM up, the highest first; then whoever was away longest. Six
    queries and those of the sources, for any number of students."""
    now = timezone.now()
    enrollments = list(Enrollment.objects.active().students().for_course(course).select_related("user").defer("words"))
    facts = {each.user_id: Facts(joined_at=each.created_at) for each in enrollments}
    for row in (
        Progress.objects.filter(user__in=facts, lesson__module__course=course)
        .order_by()
        .values("user_id")
        .annotate(seen=Max("last_seen_at"), done=Count("pk", filter=Q(completed_at__isnull=False)))
    ):
        facts[row["user_id"]].last_seen_at, facts[row["user_id"]].completed = row["seen"], row["done"]
    _add_failed(course, facts)
    _add_overdue(course, facts, now)
    usual = median(each.completed for each in facts.values()) if facts else 0
    shared = shared_signs(course, reader)
    students = []
    for enrollment in enrollments:
        own = facts[enrollment.user_id]
        signs = [*signs_of(own, now=now, class_completed=usual), *shared.get(enrollment.user_id, ())]
        if score_of(signs) >= LISTED_FROM:
            students.append(Student(enrollment, signs, own.last_seen_at))
    students.sort(key=lambda each: (-each.score, each.last_seen_at or each.enrollment.created_at, each.enrollment.pk))
    _add_done(students)
    return AtRisk(students, len(enrollments))


def _add_failed(course: Course, facts: dict[int, Facts]) -> None:
    attempts = QuizAttempt.objects.submitted().filter(
        quiz__block__lesson__module__course=course, quiz__block__removed_at=None, user__in=facts
    )
    rows = attempts.order_by().values("user_id", "quiz__block__title", "quiz__pass_percent", "quiz_id")
    for row in rows.annotate(best=Max("score_percent"), tries=Count("pk")):
        if row["best"] < row["quiz__pass_percent"]:
            facts[row["user_id"]].failed.append((row["quiz__block__title"], row["tries"]))


def _add_overdue(course: Course, facts: dict[int, Facts], now) -> None:
    late = list(
        Assignment.objects.filter(
            block__lesson__module__course=course,
            block__lesson__status="published",
            block__removed_at=None,
            due_at__lt=now,
        )
        .order_by("due_at")
        .values_list("pk", "block__title", "due_at")
    )
    handed_in = set(
        Submission.objects.submitted()
        .filter(assignment__in=[pk for pk, *_ in late], user__in=facts)
        .values_list("assignment_id", "user_id")
    )
    for pk, title, due_at in late:
        for user_id, own in facts.items():
            if (pk, user_id) not in handed_in and own.joined_at < due_at:
                own.overdue.append(title)


def _add_done(students: list[Student]) -> None:
    by_enrollment = {each.enrollment.pk: each for each in students}
    for done in Outreach.objects.filter(enrollment__in=by_enrollment).select_related("by"):
        by_enrollment[done.enrollment_id].done.append(done)
