"""Who may need help, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from django.db.models import Count, Max, Q
from django.utils import timezone

from accounts.models import User
from courses.at_risk.models import Outreach
from courses.at_risk.signs import LISTED_FROM, Facts, Sign, score_of, signs_of
from courses.at_risk.sources import shared_signs
from courses.models import Assignment, Course, Enrollment, Progress, QuizAttempt, Submission


@dataclass
class Student:
    """One line of the list. `shared` are signs from what the student shares; they are shown and never written down,
    since the student may take them back. `done` is what was done for them, the newest first."""

    enrollment: Enrollment
    own: list[Sign]
    shared: list[Sign]
    last_seen_at: datetime | None = None
    done: list[Outreach] = field(default_factory=list)

    @property
    def signs(self) -> list[Sign]:
        return [*self.own, *self.shared]

    @property
    def score(self) -> int:
        return score_of(self.signs)


@dataclass
class AtRisk:
    students: list[Student]
    of: int  # how many take the course


def at_risk(course: Course, *, reader: User) -> AtRisk:
    """The students of a course with a score from LISTED_FROM up, the highest first; then whoever was away longest. Six
    queries and those of the sources, for any number of students."""
    everybody = _students(course)
    shared = shared_signs(course, reader, [each.enrollment.user_id for each in everybody])
    for student in everybody:
        student.shared = shared.get(student.enrollment.user_id, [])
    listed = [student for student in everybody if student.score >= LISTED_FROM]
    listed.sort(key=lambda each: (-each.score, each.last_seen_at or each.enrollment.created_at, each.enrollment.pk))
    _add_done(listed)
    return AtRisk(listed, len(everybody))


def signs_of_one(enrollment: Enrollment, *, reader: User) -> Student:
    """One student of a course, with the signs there are, whatever they add up to."""
    student = next(each for each in _students(enrollment.course) if each.enrollment.pk == enrollment.pk)
    student.shared = shared_signs(enrollment.course, reader, [enrollment.user_id]).get(enrollment.user_id, [])
    return student


def _students(course: Course) -> list[Student]:
    """Those who take the course, with what the course itself knows. Six queries."""
    now = timezone.now()
    enrollments = list(Enrollment.objects.active().students().for_course(course).select_related("user").defer("words"))
    facts = {each.user_id: Facts(joined_at=each.created_at) for each in enrollments}
    for row in (
        Progress.objects.in_course(course)
        .order_by()
        .values("user_id")
        .annotate(seen=Max("last_seen_at"), done=Count("pk", filter=Q(completed_at__isnull=False)))
    ):
        if fact := facts.get(row["user_id"]):
            fact.last_seen_at, fact.completed = row["seen"], row["done"]
    _add_failed(course, facts)
    _add_overdue(course, facts, now)
    usual = median(each.completed for each in facts.values()) if facts else 0
    return [
        Student(
            enrollment,
            signs_of(facts[enrollment.user_id], now=now, class_completed=usual),
            [],
            facts[enrollment.user_id].last_seen_at,
        )
        for enrollment in enrollments
    ]


def _add_failed(course: Course, facts: dict[int, Facts]) -> None:
    attempts = QuizAttempt.objects.submitted().filter(
        quiz__block__lesson__module__course=course, quiz__block__removed_at=None, user__in=facts
    )
    rows = attempts.order_by().values("user_id", "quiz__block__title", "quiz__pass_percent", "quiz_id")
    for row in rows.annotate(best=Max("score_percent"), tries=Count("pk")):
        if row["best"] < row["quiz__pass_percent"]:
            facts[row["user_id"]].failed.append((row["quiz__block__title"], row["tries"]))


def _add_overdue(course: Course, facts: dict[int, Facts], now: datetime) -> None:
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
