"""An assignment and its rubric as they travel with a course."""

from django.utils.translation import gettext as _

from courses.models import Assignment, Block, Criterion
from courses.transfer.fields import check_type, filled, plain, rows_of


def export_assignment(block: Block) -> dict:
    assignment = Assignment.objects.filter(block=block).first()
    if assignment is None:
        return {}
    return {**plain(assignment), "criteria": [plain(c, ("position",)) for c in assignment.criteria.all()]}


def build_assignment(block: Block, data: dict) -> None:
    where = _("The assignment “%(title)s”") % {"title": block.title}
    assignment = filled(Assignment(block=block), data, where)
    assignment.save()
    for position, row in enumerate(rows_of(data, "criteria", where), start=1):
        here = f"{where}, criterion {position}"
        for level in rows_of(row, "levels", here):
            check_type(level.get("points"), (int, float), f"{here}, points")
            check_type(level.get("words", ""), str, f"{here}, words")
        filled(Criterion(assignment=assignment, position=position), row, here, ("position",)).save()
