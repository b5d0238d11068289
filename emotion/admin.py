from django.contrib import admin
from django.http import Http404
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from accounts import audit
from accounts.admin_base import ReadOnly
from accounts.models import User
from courses.admin_base import TaughtCoursesAdmin, TaughtFilter
from emotion import admin_gate, admin_models, admin_support, selectors  # noqa: F401  (three register their pages)
from emotion.core.labels import COUNTED_STATES, EXPRESSIONS
from emotion.course_calibration import trust_in
from emotion.dashboard import lesson_chart
from emotion.models import Consent, LessonClimate
from emotion.policy import features_are_on


@admin.register(LessonClimate)
class LessonClimateAdmin(ReadOnly, TaughtCoursesAdmin):
    """How a lesson looked to a class, for those who teach it. Read only."""

    list_display = ["title", "module", "edition"]
    list_filter = [("module__course", TaughtFilter)]
    list_select_related = ["module__course"]
    search_fields = ["title"]
    ordering = ["module__course", "module__position", "position"]

    def has_module_permission(self, request) -> bool:
        return features_are_on() and super().has_module_permission(request)

    def has_view_permission(self, request, obj=None) -> bool:
        if not features_are_on() or not request.user.is_staff:
            return False
        return obj is None or obj.course.is_taught_by(request.user)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        lesson = self.get_object(request, object_id)
        if lesson is None or not self.has_view_permission(request, lesson):
            raise Http404("There is no such lesson.")
        students = selectors.students_who_share(viewer=request.user, lesson=lesson)
        student = _chosen_student(request.GET.get("student", ""), students)
        consent = None
        if student:
            consent = Consent.objects.shared().filter(user=student["id"], course=lesson.course).first()
            whose = User.objects.get(pk=student["id"])
            audit.record(action=audit.Action.HISTORY_VIEWED, actor=request.user, subject=whose, lesson=lesson.pk)
            timeline = selectors.shared_timeline(viewer=request.user, student_id=student["id"], lesson=lesson)
        else:
            timeline = selectors.class_timeline(lesson=lesson)
        context = {
            **self.admin_site.each_context(request),
            "title": _("%(lesson)s: how it looked") % {"lesson": lesson.title},
            "opts": self.opts,
            "lesson": lesson,
            "students": students,
            "student": student,
            "consent": consent,
            "timeline": timeline,
            "drawn": lesson_chart.draw_timeline(timeline),
            "rows": selectors.table_rows(timeline),
            "summary": selectors.describe_timeline(timeline["points"]),
            "states_summary": selectors.describe_states(timeline["points"]),
            "expressions": EXPRESSIONS,
            "states": COUNTED_STATES,
            "smallest_group": selectors.SMALLEST_GROUP,
            "trust": trust_in(lesson.course),
        }
        return TemplateResponse(request, "admin/emotion/lesson_climate.html", context)

    def history_view(self, request, object_id, extra_context=None):
        raise Http404("A climate has no history of changes.")


def _chosen_student(text: str, students: list[dict]) -> dict | None:
    """The student named in the address, if they share; anybody else doesn't exist here."""
    if not text:
        return None
    chosen = next((student for student in students if str(student["id"]) == text), None)
    if chosen is None:
        raise Http404("There is no such student.")
    return chosen
