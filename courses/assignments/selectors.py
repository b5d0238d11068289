"""What the pages about an assignment show."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import CharField, Count, Prefetch, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Lower, NullIf
from django.utils import timezone

from accounts.models import User
from courses.assignments import late
from courses.assignments.models import Assignment, Criterion, Mark, Submission
from courses.assignments.services import most_points
from courses.models import Block, Cohort, Enrollment

ROWS = 50  # on a page of the list


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
        waiting=_newest(assignment).filter(mark=None).count() if teaches else 0,
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


def _shown_name(user: str = "") -> Lower:
    """What `str(user)` sorts by."""
    name = NullIf(f"{user}display_name", Value(""))
    return Lower(Coalesce(name, f"{user}email", output_field=CharField()))


@dataclass
class Listed:
    """A page of an assignment's list, and of the whole list what is to be done."""

    page: Page  # of rows
    to_mark: int
    waiting: int  # marked and not released
    first_to_mark: Submission | None


def listed(assignment: Assignment, page: str | None, *, cohort: Cohort | None = None) -> Listed:
    """Everyone who takes the course, and anyone else who handed in, by name; or those of a cohort. Five queries, for
    any number of them. What waits to be released is all of it: it is released at once."""
    newest = everybodys = _newest(assignment)
    members = Enrollment.objects.for_course(assignment.course).for_cohort(cohort)
    if cohort is not None:
        newest = everybodys.filter(user__in=members.values("user"))
    students = members.active().students()
    people = User.objects.filter(Q(pk__in=students.values("user")) | Q(pk__in=newest.values("user")))
    shown = Paginator(people.order_by(_shown_name(), "pk"), ROWS).get_page(page)
    users = list(shown.object_list)
    handed_in = {each.user_id: each for each in newest.filter(user__in=users).select_related("mark")}
    for submission in handed_in.values():
        submission.assignment = assignment
    shown.object_list = [Row(user, handed_in.get(user.pk)) for user in users]
    is_listed = Q(user__in=members.values("user")) if cohort else Q()
    counts = everybodys.aggregate(
        to_mark=Count("pk", filter=Q(mark=None) & is_listed),
        waiting=Count("pk", filter=Q(mark__isnull=False, mark__released_at=None)),
    )
    return Listed(shown, **counts, first_to_mark=_by_name(newest).filter(mark=None).first())


def _newest(assignment: Assignment) -> QuerySet[Submission]:
    """Of each person, what they handed in last."""
    return Submission.objects.filter(assignment=assignment).newest()


def _by_name(submissions: QuerySet[Submission]) -> QuerySet[Submission]:
    return submissions.annotate(name=_shown_name("user__")).order_by("name", "user_id")


def neighbours(submission: Submission) -> dict[str, Any]:
    """The submissions before and after this one in the order of the list, and the next that has no mark yet. At most
    six queries, for any number of them."""
    order = _by_name(_newest(submission.assignment))
    name = order.filter(user=submission.user_id).values_list("name", flat=True).first()
    before = Q(name__lt=name) | Q(name=name, user_id__lt=submission.user_id)
    after = Q(name__gt=name) | Q(name=name, user_id__gt=submission.user_id)
    counts = order.order_by().aggregate(before=Count("pk", filter=before), count=Count("pk"))
    unmarked = order.filter(mark=None)
    return {
        "place": counts["before"] + 1,
        "count": counts["count"],
        "previous": order.filter(before).last(),
        "next": order.filter(after).first(),
        "next_unmarked": unmarked.filter(after).first() or unmarked.filter(before).first(),
    }


def with_files(queryset: QuerySet[Submission]) -> QuerySet[Submission]:
    return queryset.select_related("user", "assignment__block__lesson__module__course", "mark").prefetch_related(
        "files", Prefetch("assignment__criteria")
    )
