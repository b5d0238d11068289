"""Dates and prerequisites on the admin pages of lessons and modules."""

from django.forms import ModelForm
from unfold.admin import TabularInline

from courses.admin_base import TaughtRows
from courses.enrollment.services import lock_course
from courses.models import Cohort, CohortLessonDate, Lesson
from courses.release.locks import why_circular


class ReleaseForm(ModelForm):
    """Offers the lessons of the same course, and refuses a circle in words."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "prerequisites" in self.fields:
            row = self.instance
            lessons = Lesson.objects.for_course(row.course).in_course_order() if row.pk else Lesson.objects.none()
            self.fields["prerequisites"].queryset = lessons.select_related("module")

    def clean(self):
        cleaned = super().clean()
        wanted = list(cleaned.get("prerequisites") or ())
        if wanted:
            course = cleaned["module"].course if cleaned.get("module") else self.instance.course
            lock_course(course)  # of two who close a circle together, the second sees it
            if why := why_circular(course, row=self.instance, wanted=wanted):
                self.add_error("prerequisites", why)
        return cleaned


class CohortDateInline(TaughtRows, TabularInline):
    model = CohortLessonDate
    extra = 0
    fields = ["cohort", "opens_at"]

    def get_formset(self, request, obj=None, **kwargs):
        self._lesson = obj
        return super().get_formset(request, obj, **kwargs)

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "cohort":
            lesson = getattr(self, "_lesson", None)
            field.queryset = Cohort.objects.for_course(lesson.course) if lesson else Cohort.objects.none()
        return field
