from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from courses.charts.files import chart_file
from courses.models import Lesson
from emotion import comparison
from emotion.comparison import Row, Side
from emotion.dashboard import report_charts
from emotion.dashboard.rule_form import STATES
from emotion.policy import features_are_on
from emotion.selectors import SMALLEST_GROUP


@dataclass(frozen=True)
class Wanted:
    """What a request asks to compare: two sides and a state. Sides are None where there is nothing to choose from."""

    editions: list[Side]
    cohorts: list[Side]
    first: Side | None
    second: Side | None
    state: str

    @property
    def same_kind(self) -> bool:
        if not self.first or not self.second or self.first == self.second:
            return False
        return self.first.key.split()[0] == self.second.key.split()[0]

    def rows(self, lesson: Lesson) -> list[Row]:
        if not self.same_kind:
            return []
        return comparison.compare(lesson=lesson, first=self.first, second=self.second, state=self.state)


def _wanted(request: HttpRequest, lesson: Lesson) -> Wanted:
    editions, cohorts = comparison.sides_of(lesson)
    sides = {side.key: side for side in (*editions, *cohorts)}
    usual = editions[-2:] if len(editions) > 1 else cohorts[:2]
    asked = [sides.get(request.GET.get(name, "")) for name in ("first", "second")]
    first, second = asked if all(asked) else (usual if len(usual) == 2 else (None, None))
    state = request.GET.get("state", "")
    return Wanted(editions, cohorts, first, second, state if state in STATES else "confused")


@login_required
def compare(request: HttpRequest, pk: int) -> HttpResponse:
    """For those who teach or assist: two editions of a lesson, or two cohorts, with how far to trust the difference."""
    lesson = get_object_or_404(Lesson.objects.visible_to(request.user).select_related("module__course"), pk=pk)
    if not features_are_on() or not lesson.course.is_staffed_by(request.user):
        raise Http404("There is no such lesson.")
    wanted = _wanted(request, lesson)
    rows = wanted.rows(lesson)
    context = {
        "lesson": lesson,
        "editions": wanted.editions if len(wanted.editions) > 1 else [],
        "cohorts": wanted.cohorts if len(wanted.cohorts) > 1 else [],
        "first": wanted.first,
        "second": wanted.second,
        "state": wanted.state,
        "states": STATES,
        "rows": rows,
        "same_kind": wanted.same_kind,
        "takes_along": any(row.interval for row in rows) and lesson.course.is_taught_by(request.user),
        "smallest_group": SMALLEST_GROUP,
    }
    return render(request, "emotion/compare.html", context)


@require_safe
@login_required
def compare_chart(request: HttpRequest, pk: int, form: str) -> HttpResponse:
    """The same to take along, for those who teach."""
    lesson = get_object_or_404(Lesson.objects.taught_by(request.user).select_related("module__course"), pk=pk)
    if not features_are_on():
        raise Http404("There is no such lesson.")
    wanted = _wanted(request, lesson)
    rows = wanted.rows(lesson)
    chart = report_charts.compared(lesson, wanted.first, wanted.second, wanted.state, rows) if rows else None
    return chart_file(chart, form, actor=request.user, lesson=lesson.pk)
