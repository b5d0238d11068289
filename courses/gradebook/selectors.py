"""A course's gradebook. Every page, the CSV and the certificates read their figures here, and nothing is cached, so the
same mark is the same figure everywhere."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from courses.grade_items import GradeItem
from courses.gradebook import sources
from courses.gradebook.calculation import Category, Total, rounded, total_of
from courses.models import Cohort, Course, Enrollment, GradebookRule, GradeCategory, GradeOverride, GradePlacement

HUNDRED = Decimal(100)
ELSE = _("Everything else")


class Cell(NamedTuple):
    """One of a class's thousands: a tuple is made faster than a frozen dataclass."""

    item: GradeItem
    points: Decimal | None
    is_override: bool = False
    is_excused: bool = False
    is_dropped: bool = False

    @property
    def percent(self) -> Decimal | None:
        if self.points is None or not self.item.points:
            return None
        return rounded(self.points / Decimal(str(self.item.points)) * HUNDRED)


@dataclass(frozen=True)
class Row:
    user: Any
    cells: list[Cell]
    categories: list[Decimal | None]
    total: Decimal | None


@dataclass(frozen=True)
class Gradebook:
    course: Course
    items: list[GradeItem]  # in the order of their categories
    categories: list[Category]
    rows: list[Row]

    @property
    def weight_sum(self) -> Decimal:
        return sum((c.weight for c in self.categories), Decimal(0))

    @property
    def has_categories(self) -> bool:
        return len(self.categories) > 1 or any(c.id is not None for c in self.categories)


def student_ids(course: Course, *, cohort: Cohort | None = None) -> list[int]:
    """A course's students by name, for a page that shows some of them. One query."""
    students = Enrollment.objects.active().students().for_course(course).for_cohort(cohort).order_by("user_id")
    people = [
        (User(display_name=name, email=email), pk)
        for pk, name, email in students.values_list("user_id", "user__display_name", "user__email")
    ]
    return [pk for _person, pk in sorted(people, key=lambda row: _by_name(row[0]))]


def _by_name(person: User) -> str:
    return str(person).casefold()


def gradebook(
    course: Course,
    *,
    user: User | None = None,
    users: Collection[int] | None = None,
    cohort: Cohort | None = None,
) -> Gradebook:
    """Of all students by name, of a cohort's, of those with these ids, or of one person. The same number of queries
    however many students and items."""
    ids: list[int] | None = None
    if user:
        people, ids = [user], [user.pk]
    else:
        students = Enrollment.objects.active().students().for_course(course).for_cohort(cohort).order_by("user_id")
        if users is not None:
            ids = list(users)
            students = students.filter(user__in=ids)
        people = sorted((row.user for row in students.select_related("user")), key=_by_name)
    marks = _marks_of(course, ids)
    return Gradebook(course, marks.order, marks.categories, [_row(person, marks) for person in people])


def mean_total(course: Course, *, cohort: Cohort | None = None) -> Decimal | None:
    """Of the totals that the gradebook's page shows; None where nobody has one. No cells are made, which are most of
    the page's work. The same number of queries however many students and items."""
    marks = _marks_of(course, None)
    students = Enrollment.objects.active().students().for_course(course).for_cohort(cohort).order_by()
    totals = (marks.of(pk)[2].rounded for pk in students.values_list("user_id", flat=True))
    counted = [total for total in totals if total is not None]
    return rounded(sum(counted, Decimal(0)) / len(counted)) if counted else None


@dataclass(frozen=True)
class _Marks:
    """What a course's totals are made of. `scores` and `by_hand` by user's id, then by the item's key."""

    order: list[GradeItem]
    categories: list[Category]
    most: dict[str, Decimal]
    scores: dict[int, dict[str, Decimal]]
    by_hand: dict[int, dict[str, GradeOverride]]
    missing_is_zero: bool

    def of(self, user_id: int) -> tuple[dict[str, Decimal], set[str], Total]:
        """One person's points by item, what is excused, and the total."""
        points, by_hand = dict(self.scores.get(user_id, {})), self.by_hand.get(user_id, {})
        for key, override in by_hand.items():
            points.pop(key, None)
            if not override.is_excused:
                points[key] = Decimal(str(override.points))
        excused = {key for key, override in by_hand.items() if override.is_excused}
        total = total_of(self.categories, self.most, points, excused=excused, missing_is_zero=self.missing_is_zero)
        return points, excused, total


def _marks_of(course: Course, ids: list[int] | None) -> _Marks:
    """Of these people, or of all."""
    items = {item.key: item for item in sources.items_of(course)}
    categories = categories_of(course, list(items))
    most = {key: Decimal(str(item.points)) for key, item in items.items()}
    order = [items[key] for category in categories for key in category.keys]
    scores: dict[int, dict[str, Decimal]] = {}
    for (key, user_id), points in sources.scores_of(course, ids, list(items.values())).items():
        scores.setdefault(user_id, {})[key] = Decimal(str(points))
    overrides = GradeOverride.objects.filter(course=course, key__in=items)
    if ids is not None:
        overrides = overrides.filter(user__in=ids)
    by_hand: dict[int, dict[str, GradeOverride]] = {}
    for override in overrides:
        by_hand.setdefault(override.user_id, {})[override.key] = override
    rule = GradebookRule.objects.filter(course=course).first()
    return _Marks(order, categories, most, scores, by_hand, bool(rule and rule.missing_is_zero))


def categories_of(course: Course, keys: list[str]) -> list[Category]:
    """The course's categories with their items. What is in none has what is left of the hundred percent."""
    placed = dict(GradePlacement.objects.filter(course=course).values_list("key", "category_id"))
    rows = list(GradeCategory.objects.filter(course=course))
    categories = [
        Category(
            row.pk, row.name, Decimal(row.weight), tuple(k for k in keys if placed.get(k) == row.pk), row.drop_lowest
        )
        for row in rows
    ]
    rest = tuple(key for key in keys if key not in placed)
    if rest or not rows:
        left = max(Decimal(0), HUNDRED - sum((c.weight for c in categories), Decimal(0)))
        categories.append(Category(None, ELSE, left, rest))
    return categories


def _row(person: User, marks: _Marks) -> Row:
    points, excused, total = marks.of(person.pk)
    by_hand = marks.by_hand.get(person.pk, {})
    cells = [
        Cell(item, points.get(item.key), item.key in by_hand, item.key in excused, item.key in total.dropped)
        for item in marks.order
    ]
    return Row(person, cells, [rounded(total.categories[c.id]) for c in marks.categories], total.rounded)


def total_percent(course: Course, user: User) -> Decimal | None:
    """One person's total, as their page shows it."""
    return gradebook(course, user=user).rows[0].total
