"""Who may need help, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Max, Q
from django.utils import timezone

from accounts.models import User
from courses.at_risk.models import Outreach
from courses.at_risk.signs import LISTED_FROM, Facts, Sign, score_of, signs_of
from courses.at_risk.sources import Link, shared_links, shared_signs
from courses.models import Assignment, Cohort, Course, Enrollment, Progress, QuizAttempt, Submission

LISTED = 25  # on a page


@dataclass
class Student:
    """One line of the list. `shared` are signs from what the student shares; they are shown and never written down,
    since the student may take them back. `done` is what was done for them, the newest first."""

    enrollment: Enrollment
    own: list[Sign]
    shared: list[Sign]
    last_seen_at: datetime | None = None
    done: list[Outreach] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)

    @property
    def signs(self) -> list[Sign]:
        return [*self.own, *self.shared]

    @property
    def score(self) -> int:
        return score_of(self.signs)


@dataclass
class AtRisk:
    students: list[Student]  # those of the page
    page: Page
    of: int  # how many take the course, or are in the cohort


def at_risk(course: Course, *, reader: User, page: str | None = None, cohort: Cohort | None = None) -> AtRisk:
    """The students of a course with a score from LISTED_FROM up, the highest first; then whoever was away longest. At
    most eight queries and those of the sources, for any number of students; only those of the page become objects. Of a
    cohort the signs are the same: its students are compared with the whole class."""
    facts = _facts(course)
    own = _own_signs(facts)
    if cohort is not None:
        inside = set(Enrollment.objects.for_course(course).for_cohort(cohort).values_list("user_id", flat=True))
        facts = {user_id: each for user_id, each in facts.items() if user_id in inside}
    shared = shared_signs(course, reader, list(facts))
    found = []
    for user_id, each in facts.items():
        score = score_of([*own[user_id], *shared.get(user_id, [])])
        if score >= LISTED_FROM:
            found.append((-score, each.last_seen_at or each.joined_at, user_id))
    shown = Paginator(sorted(found), LISTED).get_page(page)
    ids = [user_id for *_, user_id in shown]
    rows = Enrollment.objects.active().students().for_course(course).filter(user__in=ids)
    enrollments = {each.user_id: each for each in rows.select_related("user").defer("words")}
    students = [
        Student(enrollments[pk], own[pk], list(shared.get(pk, [])), facts[pk].last_seen_at)
        for pk in ids
        if pk in enrollments
    ]
    _add_done(students)
    links = shared_links(course, reader, ids)
    for student in students:
        student.links = links.get(student.enrollment.user_id, [])
    return AtRisk(students, shown, len(facts))


def signs_of_one(enrollment: Enrollment, *, reader: User) -> Student:
    """One student of a course, with the signs there are, whatever they add up to."""
    facts = _facts(enrollment.course)
    shared = shared_signs(enrollment.course, reader, [enrollment.user_id]).get(enrollment.user_id, [])
    own = _own_signs(facts)[enrollment.user_id]
    student = Student(enrollment, own, list(shared), facts[enrollment.user_id].last_seen_at)
    student.links = shared_links(enrollment.course, reader, [enrollment.user_id]).get(enrollment.user_id, [])
    return student


def _own_signs(facts: dict[int, Facts]) -> dict[int, list[Sign]]:
    """By student: what the course itself sees."""
    now, usual = timezone.now(), median(each.completed for each in facts.values()) if facts else 0
    return {user_id: signs_of(each, now=now, class_completed=usual) for user_id, each in facts.items()}


def _facts(course: Course) -> dict[int, Facts]:
    """By those who take the course, what it knows of them. Five queries."""
    students = Enrollment.objects.active().students().for_course(course).order_by("pk")
    facts = {user_id: Facts(joined_at=at) for user_id, at in students.values_list("user_id", "created_at")}
    for user_id, seen, done in (
        Progress.objects.in_course(course)
        .order_by()
        .values("user_id")
        .annotate(seen=Max("last_seen_at"), done=Count("pk", filter=Q(completed_at__isnull=False)))
        .values_list("user_id", "seen", "done")
    ):
        if fact := facts.get(user_id):
            fact.last_seen_at, fact.completed = seen, done
    _add_failed(course, facts)
    _add_overdue(course, facts, timezone.now())
    return facts


def _add_failed(course: Course, facts: dict[int, Facts]) -> None:
    """The database leaves out what was passed: of a class's thousands of results few remain."""
    attempts = QuizAttempt.objects.submitted().filter(
        quiz__block__lesson__module__course=course, quiz__block__removed_at=None
    )
    results = attempts.order_by().values("user_id", "quiz__block__title", "quiz__pass_percent", "quiz_id")
    failed = results.annotate(best=Max("score_percent"), tries=Count("pk")).filter(best__lt=F("quiz__pass_percent"))
    for user_id, title, tries in failed.values_list("user_id", "quiz__block__title", "tries"):
        if fact := facts.get(user_id):
            fact.failed.append((title, tries))


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
    if not late:
        return
    submissions = Submission.objects.submitted().filter(assignment__in=[pk for pk, *_ in late])
    handed_in = set(submissions.values_list("assignment_id", "user_id"))
    for pk, title, due_at in late:
        for user_id, own in facts.items():
            if (pk, user_id) not in handed_in and own.joined_at < due_at:
                own.overdue.append(title)


def _add_done(students: list[Student]) -> None:
    by_enrollment = {each.enrollment.pk: each for each in students}
    for done in Outreach.objects.filter(enrollment__in=by_enrollment).select_related("by"):
        by_enrollment[done.enrollment_id].done.append(done)
