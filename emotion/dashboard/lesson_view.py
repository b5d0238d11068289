from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from courses.charts.files import chart_file
from courses.models import Course, Lesson
from emotion import course_calibration, selectors
from emotion.core.labels import COUNTED_STATES, EXPRESSIONS
from emotion.dashboard import history_charts, lesson_chart
from emotion.lesson_climate import lesson_climate as climate_of
from emotion.policy import features_are_on


@login_required
def lesson_climate(request: HttpRequest, pk: int) -> HttpResponse:
    """For those who teach or assist: how a lesson looked along its material, and where the class got stuck."""
    lesson = get_object_or_404(
        Lesson.objects.visible_to(request.user).select_related("module__course__calibration"), pk=pk
    )
    if not features_are_on() or not lesson.course.is_staffed_by(request.user):
        raise Http404("There is no such lesson.")
    climate = climate_of(lesson)
    teaches = lesson.course.is_taught_by(request.user)
    context = {
        "lesson": lesson,
        "teaches": teaches,
        "sharing": selectors.students_who_share(viewer=request.user, lesson=lesson) if teaches else [],
        "climate": climate,
        "chart": lesson_chart.draw(climate),
        "rows": selectors.table_rows(climate.timeline),
        "summary": selectors.describe_timeline(climate.timeline["points"]),
        "states_summary": selectors.describe_states(climate.timeline["points"]),
        "expressions": EXPRESSIONS,
        "states": COUNTED_STATES,
        "smallest_group": selectors.SMALLEST_GROUP,
        "trust": course_calibration.trust_in(lesson.course),
    }
    return render(request, "emotion/lesson_climate.html", context)


@require_safe
@login_required
def lesson_climate_chart(request: HttpRequest, pk: int, form: str) -> HttpResponse:
    """The same to take along, for those who teach."""
    lesson = get_object_or_404(Lesson.objects.taught_by(request.user).select_related("module__course"), pk=pk)
    _require_features()
    chart = history_charts.lesson(lesson, climate_of(lesson))
    return chart_file(chart, form, actor=request.user, lesson=lesson.pk)


@require_safe
@login_required
def course_climate_chart(request: HttpRequest, slug: str, form: str) -> HttpResponse:
    """How each lesson of a course looked to the class, for those who teach."""
    course = get_object_or_404(Course.objects.taught_by(request.user), slug=slug)
    _require_features()
    chart = history_charts.class_course(course, selectors.class_course(course=course))
    return chart_file(chart, form, actor=request.user, course=course.pk)


def _require_features() -> None:
    if not features_are_on():
        raise Http404("The emotion features are turned off here.")
