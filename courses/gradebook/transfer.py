"""How a course's marks add up, as it travels with the course: categories, what is in them, and what is missing."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.models import Assignment, Block, Course, GradebookRule, GradeCategory, GradePlacement, Quiz
from courses.transfer.fields import NotACourse, check_type, filled, plain, rows_of

PLACE = ("position",)  # the order of a list says it
HERE = gettext_lazy("The gradebook")


def export_gradebook(course: Course, refs) -> dict[str, Any]:
    rule = GradebookRule.objects.filter(course=course).first() or GradebookRule()
    blocks = _blocks_by_key(course)
    categories = []
    for category in course.grade_categories.prefetch_related("placements"):
        names = sorted(refs.name(blocks[row.key]) for row in category.placements.all() if row.key in blocks)
        categories.append({**plain(category, PLACE), "blocks": names})
    return {**plain(rule), "categories": categories}


def build_gradebook(course: Course, data: Any, refs) -> None:
    data = check_type(data, dict, HERE)
    filled(GradebookRule(course=course), data, HERE).save()
    keys = {block.pk: key for key, block in _blocks_by_key(course).items()}
    for n, row in enumerate(rows_of(data, "categories", HERE), start=1):
        where = _("%(where)s, category %(n)s") % {"where": HERE, "n": n}
        category = filled(GradeCategory(course=course, position=n), row, where, PLACE)
        category.save()
        for name in check_type(row.get("blocks", []), list, f"{where}, blocks"):
            key = keys.get(refs.row(name, Block).pk)
            if key is None:
                raise NotACourse(_("%(where)s: the block %(name)s gets no marks.") % {"where": where, "name": name})
            GradePlacement.objects.create(course=course, category=category, key=key)


def _blocks_by_key(course: Course) -> dict[str, Block]:
    """Of drafts too, which the gradebook does not show yet."""
    rows = [
        *Quiz.objects.present().for_course(course).select_related("block"),
        *Assignment.objects.present().for_course(course).select_related("block"),
    ]
    return {f"{'quiz' if isinstance(row, Quiz) else 'assignment'}-{row.pk}": row.block for row in rows}
