from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from courses.events.services import record
from courses.gradebook.signals import grade_changed
from courses.models import Course, GradebookRule, GradeCategory, GradeChange, GradeOverride, GradePlacement


class WrongWeights(ValueError):
    """The weights do not add up; the message says to how much."""


@transaction.atomic
def override_grade(
    *, course: Course, user: User, key: str, points: float | None, excused: bool, reason: str, by: User
) -> None:
    """Set a mark by hand, excuse it, or with neither take back what was set. The trail keeps who, when and why."""
    former = GradeOverride.objects.select_for_update().filter(course=course, user=user, key=key).first()
    before = _words(former)
    if points is None and not excused:
        if former:
            former.delete()
        now = None
    else:
        now, _ = GradeOverride.objects.update_or_create(
            course=course,
            user=user,
            key=key,
            defaults={"points": None if excused else points, "is_excused": excused},
        )
    if _words(now) != before:
        GradeChange.objects.create(
            course=course, user=user, key=key, before=before, after=_words(now), reason=reason, by=by
        )
        result = {"item": key, "points": None if points is None else float(points), "excused": excused}
        record(kind="graded", user=user, course=course, data={**result, "by_hand": True})
        transaction.on_commit(lambda: grade_changed.send(sender=Course, course=course, user_ids=[user.pk]))


def _words(override: GradeOverride | None) -> str:
    if override is None:
        return gettext_noop("as marked")
    return gettext_noop("excused") if override.is_excused else f"{override.points:g}"


@transaction.atomic
def save_categories(
    *, course: Course, categories: list[dict[str, Any]], placements: dict[str, int], missing_is_zero: bool
) -> None:
    """Write down the whole plan: `categories` in order, each {"id" or None, "name", "weight", "drop_lowest"}, and for
    an item's key the index of its category. Raises WrongWeights unless the weights make 100 or there are none.
    """
    weights = sum(row["weight"] for row in categories)
    if categories and weights != 100:
        raise WrongWeights(_("The weights add up to %(weights)s; they have to make 100.") % {"weights": weights})
    Course.objects.select_for_update().get(pk=course.pk)
    known = {row.pk: row for row in GradeCategory.objects.filter(course=course)}
    kept = [row["id"] for row in categories if row["id"] in known]
    GradeCategory.objects.filter(course=course).exclude(pk__in=kept).delete()
    # Names may change places: none may meet another's old one on its way.
    for pk in kept:
        GradeCategory.objects.filter(pk=pk).update(name=f"\ue000{pk}")
    rows = []
    for position, row in enumerate(categories, start=1):
        category = known.get(row["id"]) or GradeCategory(course=course)
        category.name, category.weight = row["name"], row["weight"]
        category.drop_lowest, category.position = row["drop_lowest"], position
        category.save()
        rows.append(category)
    GradePlacement.objects.filter(course=course).delete()
    GradePlacement.objects.bulk_create(
        GradePlacement(course=course, key=key, category=rows[index])
        for key, index in placements.items()
        if 0 <= index < len(rows)
    )
    GradebookRule.objects.update_or_create(course=course, defaults={"missing_is_zero": missing_is_zero})
