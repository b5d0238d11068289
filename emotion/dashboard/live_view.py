import time

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from courses.charts.files import chart_file
from courses.models import Course
from emotion import class_now, course_calibration
from emotion.class_now import STEP_SECONDS, TREND_STEPS
from emotion.core.labels import COUNTED_STATES, EXPRESSIONS
from emotion.dashboard import history_charts
from emotion.selectors import SMALLEST_GROUP


@login_required
def live(request: HttpRequest, slug: str) -> HttpResponse:
    """For those who teach or assist: how a running class looks, filled by its socket."""
    course = get_object_or_404(Course.objects.visible_to(request.user), slug=slug)
    if not class_now.may_watch(request.user, course.pk):
        raise Http404("There is no such class.")
    context = {
        "course": course,
        "teaches": course.is_taught_by(request.user),
        "expressions": EXPRESSIONS,
        "states": COUNTED_STATES,
        "smallest_group": SMALLEST_GROUP,
        "trust": course_calibration.trust_in(course),
    }
    return render(request, "emotion/live.html", context)


@require_safe
@login_required
def live_chart(request: HttpRequest, slug: str, form: str) -> HttpResponse:
    """The last ten minutes to take along, for those who teach."""
    course = get_object_or_404(Course.objects.taught_by(request.user), slug=slug)
    if not class_now.may_watch(request.user, course.pk):
        raise Http404("There is no such class.")
    end = int(time.time()) // STEP_SECONDS * STEP_SECONDS + STEP_SECONDS
    trend = class_now.trend_now(course.pk)
    chart = history_charts.live(course, trend, end=end, step=STEP_SECONDS, steps=TREND_STEPS)
    return chart_file(chart, form, actor=request.user, course=course.pk)
