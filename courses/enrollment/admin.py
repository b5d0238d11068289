from django.contrib import admin
from django.db import transaction
from django.db.models import Prefetch
from django.utils import timezone

from courses.admin_base import TaughtCoursesAdmin, TaughtFilter
from courses.enrollment.services import fill_seats, lock_course
from courses.enrollment.signals import students_changed
from courses.models import Cohort, Course, Enrollment


@admin.register(Cohort)
class CohortAdmin(TaughtCoursesAdmin):
    list_display = ["name", "course", "starts_on", "ends_on"]
    list_filter = [("course", TaughtFilter)]
    list_select_related = ["course"]
    search_fields = ["name"]
    autocomplete_fields = ["course"]

    def get_readonly_fields(self, request, obj=None):
        return ["course"] if obj else []


@admin.register(Enrollment)
class EnrollmentAdmin(TaughtCoursesAdmin):
    list_display = ["user", "course", "role", "status", "cohort", "created_at"]
    list_filter = [("course", TaughtFilter), "role", "status"]
    list_select_related = ["user"]
    search_fields = ["user__email", "user__display_name"]
    autocomplete_fields = ["user", "course", "cohort"]
    exclude = ["words", "queued_at"]

    def get_queryset(self, request):
        # Not by a join: the database would sort every row of a course, each with the course's description.
        return (
            super().get_queryset(request).prefetch_related(Prefetch("course", Course.objects.only("title")), "cohort")
        )

    def get_readonly_fields(self, request, obj=None):
        # Moving a row to another person or course would rewrite who learned what.
        return ["user", "course"] if obj else []

    @transaction.atomic
    def save_model(self, request, obj, form, change):
        course = lock_course(obj.course)
        waits = obj.status == Enrollment.Status.WAITING
        obj.queued_at = (obj.queued_at or timezone.now()) if waits else None
        if obj.cohort and obj.cohort.course_id != obj.course_id:
            obj.cohort = None
        super().save_model(request, obj, form, change)
        students_changed.send(sender=Enrollment, course=course)
        if not waits:  # somebody put on the list by hand stays on it until a seat comes free
            fill_seats(course)

    @transaction.atomic
    def delete_model(self, request, obj):
        super().delete_model(request, obj)
        students_changed.send(sender=Enrollment, course=obj.course)

    @transaction.atomic
    def delete_queryset(self, request, queryset):
        courses = list(Course.objects.filter(pk__in=queryset.values("course")))
        super().delete_queryset(request, queryset)
        for course in courses:
            students_changed.send(sender=Enrollment, course=course)
