"""Which lessons come first, as it travels with the course: {"2.1": ["1.1", "1.2"], "3": ["2.1"]}, a lesson and a
module by their places. Cohorts and their dates stay here."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.models import Course, Lesson, Module
from courses.release.locks import why_circular
from courses.transfer.fields import NotACourse, check_type

HERE = gettext_lazy("The prerequisites")


def export_prerequisites(course: Course, refs) -> dict[str, list[str]]:
    lessons = Lesson.objects.for_course(course).prefetch_related("prerequisites")
    rows = [*course.modules.prefetch_related("prerequisites"), *lessons]
    return {refs.name(row): sorted(map(refs.name, row.prerequisites.all())) for row in rows if row.prerequisites.all()}


def build_prerequisites(course: Course, data: Any, refs) -> None:
    for name, names in check_type(data, dict, HERE).items():
        row = refs.row(name, Lesson if "." in name else Module)
        wanted = [refs.row(first, Lesson) for first in check_type(names, list, f"{HERE} of {name}")]
        if why := why_circular(course, row=row, wanted=wanted):
            raise NotACourse(_("%(where)s of %(name)s: %(why)s") % {"where": HERE, "name": name[:40], "why": why})
        row.prerequisites.set(wanted)
