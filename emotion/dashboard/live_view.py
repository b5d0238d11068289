from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from courses.models import Course
from emotion import class_now, course_calibration
from emotion.core.labels import COUNTED_STATES, EXPRESSIONS
from emotion.selectors import SMALLEST_GROUP


@login_required
def live(request: HttpRequest, slug: str) -> HttpResponse:
    """For those who teach or assist: how a running class looks, filled by its socket."""
    course = get_object_or_404(Course.objects.visible_to(request.user), slug=slug)
    if not class_now.may_watch(request.user, course.pk):
        raise Http404("There is no such class.")
    context = {
        "course": course,
        "expressions": EXPRESSIONS,
        "states": COUNTED_STATES,
        "smallest_group": SMALLEST_GROUP,
        "trust": course_calibration.trust_in(course),
    }
    return render(request, "emotion/live.html", context)
