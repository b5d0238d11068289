"""One student's history, as they share it with those who teach them. Each look is noted where the student reads it."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.models import User
from courses.charts.files import chart_file
from courses.models import Course, Lesson
from emotion import course_calibration, selectors, shared_histories
from emotion.core.labels import COUNTED_STATES, EXPRESSIONS
from emotion.dashboard import history_charts, lesson_chart
from emotion.policy import features_are_on


@require_safe
@login_required
def shared_course(request: HttpRequest, slug: str, user_id: int) -> HttpResponse:
    """Lesson by lesson."""
    course, student = _shared_course(request, slug, user_id)
    audit.record(action=audit.Action.HISTORY_VIEWED, actor=request.user, subject=student, course=course.pk)
    entries = shared_histories.shared_course(viewer=request.user, student=student, course=course)
    rows = selectors.course_rows(entries)
    context = {"rows": rows, "drawn": lesson_chart.draw_course(rows), **_described(rows), **_of(student, course)}
    return render(request, "emotion/shared_course.html", context)


@require_safe
@login_required
def shared_course_chart(request: HttpRequest, slug: str, user_id: int, form: str) -> HttpResponse:
    course, student = _shared_course(request, slug, user_id)
    entries = shared_histories.shared_course(viewer=request.user, student=student, course=course)
    chart = history_charts.shared(history_charts.own_course(course, entries), student)
    return chart_file(chart, form, actor=request.user, subject=student, course=course.pk)


@require_safe
@login_required
def shared_lesson(request: HttpRequest, pk: int, user_id: int) -> HttpResponse:
    """Along the material of one lesson."""
    lesson, student = _shared_lesson(request, pk, user_id)
    audit.record(action=audit.Action.HISTORY_VIEWED, actor=request.user, subject=student, lesson=lesson.pk)
    timeline = selectors.shared_timeline(viewer=request.user, student_id=student.pk, lesson=lesson)
    context = {
        "lesson": lesson,
        "timeline": timeline,
        "drawn": lesson_chart.draw_timeline(timeline),
        "rows": selectors.table_rows(timeline),
        **_described(timeline["points"]),
        **_of(student, lesson.course),
    }
    return render(request, "emotion/shared_lesson.html", context)


@require_safe
@login_required
def shared_lesson_chart(request: HttpRequest, pk: int, user_id: int, form: str) -> HttpResponse:
    lesson, student = _shared_lesson(request, pk, user_id)
    timeline = selectors.shared_timeline(viewer=request.user, student_id=student.pk, lesson=lesson)
    chart = history_charts.shared(history_charts.own_lesson(lesson, timeline), student)
    return chart_file(chart, form, actor=request.user, subject=student, lesson=lesson.pk)


def _shared_course(request: HttpRequest, slug: str, user_id: int) -> tuple[Course, User]:
    """Whoever does not share is as somebody who does not exist."""
    if not features_are_on():
        raise Http404(_("The emotion features are turned off here."))
    course = get_object_or_404(Course.objects.taught_by(request.user), slug=slug)
    return course, get_object_or_404(shared_histories.students_who_share(request.user, course), pk=user_id)


def _shared_lesson(request: HttpRequest, pk: int, user_id: int) -> tuple[Lesson, User]:
    lesson = get_object_or_404(Lesson.objects.taught_by(request.user).select_related("module__course"), pk=pk)
    return lesson, _shared_course(request, lesson.course.slug, user_id)[1]


def _of(student: User, course: Course) -> dict[str, Any]:
    return {
        "course": course,
        "student": student,
        "consent": shared_histories.consent_to_share(student, course),
        "expressions": EXPRESSIONS,
        "states": COUNTED_STATES,
        "trust": course_calibration.trust_in(course),
    }


def _described(points: list[dict[str, Any]]) -> dict[str, str]:
    return {"summary": selectors.describe_timeline(points), "states_summary": selectors.describe_states(points)}
