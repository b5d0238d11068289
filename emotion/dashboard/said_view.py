from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from courses.charts.files import chart_file
from courses.models import Lesson
from emotion import panel_words
from emotion.dashboard import report_charts
from emotion.models import SELF_REPORTED
from emotion.selectors import SMALLEST_GROUP
from emotion.self_reports import class_said
from emotion.starter_rules import in_language as say


@login_required
def lesson_said(request: HttpRequest, pk: int) -> HttpResponse:
    """For those who teach or assist: what the class said of a lesson. It needs no camera, and no feature turned on."""
    lesson = get_object_or_404(Lesson.objects.visible_to(request.user).select_related("module__course"), pk=pk)
    if not lesson.course.is_staffed_by(request.user):
        raise Http404("There is no such lesson.")
    together, *parts = class_said(lesson)
    context = {
        "lesson": lesson,
        "together": together,
        "parts": parts,
        "words": _words(),
        "teaches": lesson.course.is_taught_by(request.user),
        "smallest_group": SMALLEST_GROUP,
    }
    return render(request, "emotion/lesson_said.html", context)


@require_safe
@login_required
def lesson_said_chart(request: HttpRequest, pk: int, form: str) -> HttpResponse:
    """The same to take along, for those who teach."""
    lesson = get_object_or_404(Lesson.objects.taught_by(request.user).select_related("module__course"), pk=pk)
    together, *parts = class_said(lesson)
    chart = report_charts.said(lesson, together, parts, _words())
    return chart_file(chart, form, actor=request.user, lesson=lesson.pk)


def _words() -> list[str]:
    return [say(panel_words.SELF_REPORT[s]) if s in panel_words.SELF_REPORT else _("Neither") for s in SELF_REPORTED]
