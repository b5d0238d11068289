from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from courses.models import Lesson
from emotion import course_calibration, selectors
from emotion.core.labels import COUNTED_STATES, EXPRESSIONS
from emotion.dashboard import lesson_chart
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
    context = {
        "lesson": lesson,
        "teaches": lesson.course.is_taught_by(request.user),
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
