from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from courses import panels
from courses.charts.files import chart_file
from courses.enrollment.selectors import cohort_choice
from courses.models import Course
from courses.overview import charts, selectors


@require_safe
@login_required
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """For those who teach or assist: how the course goes, and what waits."""
    course = get_object_or_404(Course.objects.staffed_by(request.user), slug=slug)
    choice = cohort_choice(course, request.GET.get("cohort", ""))
    context = {
        "course": course,
        "teaches": course.is_taught_by(request.user),
        "choice": choice,
        "overview": selectors.overview(course, cohort=choice.chosen),
        "panels": panels.teaching_panels(request, course),
    }
    return render(request, "courses/overview/overview.html", context)


@require_safe
@login_required
def funnel_chart(request: HttpRequest, slug: str, form: str) -> HttpResponse:
    """Where students stop, to take along."""
    course = get_object_or_404(Course.objects.staffed_by(request.user), slug=slug)
    cohort = cohort_choice(course, request.GET.get("cohort", "")).chosen
    chart = charts.funnel(course, selectors.overview(course, cohort=cohort), cohort)
    return chart_file(chart, form, actor=request.user, course=course.pk)
