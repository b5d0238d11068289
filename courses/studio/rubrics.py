"""What an assignment takes and how it is marked: its settings and its rubric. Both are in its lesson's history, without
the dates: those belong to one run of a course, and an older lesson does not bring them back."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from courses.models import Assignment, Criterion, Lesson, Mark
from courses.studio.revisions import keep_former, record_revision
from courses.studio.services import HasLearners, last_position, lock, number_rows


@transaction.atomic
def save_assignment(*, assignment: Assignment, author: User) -> None:
    """Save the settings as they stand on the row."""
    keep_former(lesson=assignment.lesson, author=author)
    assignment.save()
    _record(assignment.lesson, author)


def require_unmarked(assignment: Assignment) -> None:
    """Marks stand on the rubric they were given by, so from the first one on only its words change (HasLearners)."""
    if Mark.objects.filter(submission__assignment=assignment).exists():
        raise HasLearners(
            _("Marks were given by this rubric, so its rows and points stay. You can still change its words.")
        )


@transaction.atomic
def add_criterion(*, assignment: Assignment, title: str, author: User) -> Criterion:
    """Raises HasLearners once marks were given."""
    lock(assignment.course)
    require_unmarked(assignment)
    keep_former(lesson=assignment.lesson, author=author)
    position = last_position(assignment.criteria.all()) + 1
    criterion = Criterion.objects.create(assignment=assignment, title=title, position=position)
    _record(assignment.lesson, author)
    return criterion


@transaction.atomic
def save_criterion(*, criterion: Criterion, author: User) -> None:
    """Save the title and the levels as they stand on the row. Raises HasLearners where points change after marks."""
    if _points(Criterion.objects.get(pk=criterion.pk).levels) != _points(criterion.levels):
        require_unmarked(criterion.assignment)
    keep_former(lesson=criterion.assignment.lesson, author=author)
    criterion.save(update_fields=["title", "levels"])
    _record(criterion.assignment.lesson, author)


@transaction.atomic
def remove_criterion(*, criterion: Criterion, author: User) -> None:
    """The lesson's history can bring it back. Raises HasLearners once marks were given."""
    lock(criterion.course)
    assignment = criterion.assignment
    require_unmarked(assignment)
    keep_former(lesson=assignment.lesson, author=author)
    criterion.delete()
    number_rows(assignment.criteria.all())
    _record(assignment.lesson, author, apart=True)


def _record(lesson: Lesson, author: User, *, apart: bool = False) -> None:
    record_revision(lesson=lesson, author=author, apart=apart)


def restore_assignment(*, assignment: Assignment, row: dict[str, Any]) -> None:
    """Make it take and mark what it did. A removed criterion comes back as a new one, and one written since is gone.
    Once marks were given by the rubric its rows and points stay, and only its words change. Called under the lock of
    the course's order."""
    for field, value in row["settings"].items():
        setattr(assignment, field, value)
    assignment.save()
    if Mark.objects.filter(submission__assignment=assignment).exists():
        _restore_words(assignment, row["criteria"])
        return
    known = {criterion.pk: criterion for criterion in assignment.criteria.all()}
    end = last_position(assignment.criteria.all())
    restored = []
    for place, kept in enumerate(row["criteria"], start=end + 1):
        criterion = known.pop(kept["id"], None) or Criterion(assignment=assignment, position=place)
        criterion.title, criterion.levels = kept["title"], kept["levels"]
        criterion.save()
        restored.append(criterion)
    assignment.criteria.filter(pk__in=list(known)).delete()
    number_rows(assignment.criteria.all(), restored)


def _restore_words(assignment: Assignment, rows: list[dict[str, Any]]) -> None:
    known = {criterion.pk: criterion for criterion in assignment.criteria.all()}
    for row in rows:
        criterion = known.get(row["id"])
        if criterion and _points(criterion.levels) == _points(row["levels"]):
            criterion.title, criterion.levels = row["title"], row["levels"]
            criterion.save(update_fields=["title", "levels"])


def _points(levels: list[dict[str, Any]]) -> list[float]:
    return [level["points"] for level in levels]
