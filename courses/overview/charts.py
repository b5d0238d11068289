"""Where students stop, as a chart to take along."""

from django.utils.translation import gettext as _

from courses.charts.chart import Bars, Chart, Series
from courses.models import Cohort, Course
from courses.overview.selectors import Overview


def funnel(course: Course, overview: Overview, cohort: Cohort | None = None) -> Chart | None:
    """None while no lesson is published."""
    steps = overview.funnel
    if not steps:
        return None
    series = [Series(_("Began"), "expr-neutral", "M0 0L8 8"), Series(_("Completed"), "primary")]
    taking = overview.numbers[0].value
    whose = f"{course.title} ({cohort})" if cohort else course.title
    return Chart(
        name=f"funnel-{course.slug}",
        title=_("Where students stop"),
        about=_("%(course)s, of %(n)s students who take it now") % {"course": whose, "n": taking},
        header=[_("Lesson"), _("Began"), _("Began, %"), _("Completed"), _("Completed, %")],
        rows=[[step.title, step.began, step.began_percent, step.completed, step.completed_percent] for step in steps],
        panels=[Bars(series, [(step.title, (step.began_percent, step.completed_percent)) for step in steps])],
    )
