"""What the pages about an assignment show."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from accounts.models import User
from courses.assignments import late
from courses.assignments.models import Assignment, Criterion, Mark, Submission
from courses.assignments.services import most_points
from courses.models import Block, Enrollment


@dataclass
class ShownMark:
    mark: Mark
    points: float
    most: float
    percent_off: int
    rubric: list[tuple[str, dict[str, Any], float]]  # criterion's title, the level reached, the most of that row

    @property
    def percent(self) -> int:
        return round(100 * self.points / self.most) if self.most else 0


@dataclass
class ShownAssignment:
    assignment: Assignment
    draft: Submission | None
    handed_in: list[Submission]  # newest first
    best: ShownMark | None
    marks: dict[int, ShownMark]  # submission id -> its released mark
    most: float
    now: datetime
    problem: str = ""  # what was wrong with what was just sent
    teaches: bool = False
    waiting: int = 0  # for those who teach: handed in and not marked

    @property
    def is_open(self) -> bool:
        """Whether there is something to write in."""
        return not self.assignment.is_closed(self.now) and (
            self.draft is not None or len(self.handed_in) <= self.assignment.resubmissions
        )

    @property
    def is_late(self) -> bool:
        return self.assignment.due_at is not None and self.now > self.assignment.due_at

    @property
    def percent_off_now(self) -> int:
        days = late.days_late(self.assignment.due_at, self.now)
        return late.percent_off(days, self.assignment.late_percent)

    @property
    def passed(self) -> bool:
        return self.best is not None and self.best.percent >= self.assignment.pass_percent


def shown_assignment(user: User, block: Block, *, problem: str = "") -> ShownAssignment:
    """For a student: their draft, what they handed in and the marks they may see. Four queries."""
    assignment = block.assignment
    criteria = list(assignment.criteria.all())
    teaches = Assignment.objects.graded_by(user).filter(pk=assignment.pk).exists()
    rows = (
        []
        if teaches
        else list(
            Submission.objects.filter(user_id=user.pk, assignment=assignment)
            .select_related("mark")
            .prefetch_related("files")
        )
    )
    for row in rows:
        row.assignment = assignment
    marks = {
        row.pk: shown_mark(row, criteria) for row in rows if hasattr(row, "mark") and row.mark.released_at is not None
    }
    return ShownAssignment(
        assignment=assignment,
        draft=next((row for row in rows if row.submitted_at is None), None),
        handed_in=[row for row in rows if row.submitted_at],
        best=max(marks.values(), key=lambda shown: shown.points, default=None),
        marks=marks,
        most=most_points(assignment, criteria),
        now=timezone.now(),
        problem=problem,
        teaches=teaches,
        waiting=Submission.objects.submitted().filter(assignment=assignment, mark=None).count() if teaches else 0,
    )


def shown_mark(submission: Submission, criteria: list[Criterion]) -> ShownMark:
    mark = submission.mark
    mark.submission = submission
    rubric = []
    for criterion in criteria:
        index = mark.levels.get(str(criterion.pk))
        if index is not None and index < len(criterion.levels):
            rubric.append((criterion.title, criterion.levels[index], criterion.points))
    return ShownMark(
        mark=mark,
        points=mark.final_points,
        most=most_points(submission.assignment, criteria),
        percent_off=late.percent_off(submission.days_late, submission.assignment.late_percent),
        rubric=rubric,
    )


@dataclass
class Row:
    """A student in the list of an assignment, with their newest submission."""

    user: Any
    submission: Submission | None

    @property
    def mark(self) -> Mark | None:
        return getattr(self.submission, "mark", None)

    @property
    def state(self) -> str:
        if self.submission is None:
            return "nothing yet"
        if self.mark is None:
            return "to mark"
        return "marked" if self.mark.released_at is None else "released"


def rows_of(assignment: Assignment) -> list[Row]:
    """Everyone who takes the course, and anyone else who handed in, by name. Two queries."""
    newest: dict[int, Submission] = {}
    rows = Submission.objects.submitted().filter(assignment=assignment).select_related("user", "mark")
    for submission in rows.order_by("number"):
        submission.assignment = assignment
        newest[submission.user_id] = submission
    students = Enrollment.objects.active().students().for_course(assignment.course).select_related("user")
    people = {enrollment.user_id: enrollment.user for enrollment in students}
    people |= {user_id: submission.user for user_id, submission in newest.items()}
    return sorted(
        (Row(user, newest.get(user_id)) for user_id, user in people.items()), key=lambda row: str(row.user).casefold()
    )


def neighbours(submission: Submission) -> dict[str, Any]:
    """The submissions before and after this one in the order of the list, and the next that has no mark yet."""
    order = [row.submission for row in rows_of(submission.assignment) if row.submission]
    here = next((i for i, other in enumerate(order) if other.user_id == submission.user_id), 0)
    after = order[here + 1 :] + order[:here]
    return {
        "place": here + 1,
        "count": len(order),
        "previous": order[here - 1] if here > 0 else None,
        "next": order[here + 1] if here + 1 < len(order) else None,
        "next_unmarked": next((other for other in after if not hasattr(other, "mark")), None),
    }


def with_files(queryset: QuerySet[Submission]) -> QuerySet[Submission]:
    return queryset.select_related("user", "assignment__block__lesson__module__course", "mark").prefetch_related(
        "files", Prefetch("assignment__criteria")
    )
