from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline
from unfold.decorators import display

from courses import services
from courses.admin_base import (
    PositionedAdmin,
    PositionedStackedInline,
    PositionedTabularInline,
    TaughtCoursesAdmin,
    TaughtFilter,
    TaughtRows,
)
from courses.discussion import admin as discussion_admin  # noqa: F401
from courses.enrollment import admin as enrollment_admin  # noqa: F401
from courses.events import admin as events_admin  # noqa: F401
from courses.models import Block, Course, Lesson, Module, Quiz
from courses.notifications import admin as notifications_admin  # noqa: F401
from courses.quizzes.admin import CourseAccommodationInline
from courses.release.admin import CohortDateInline, ReleaseForm

STATUS_COLOURS = {"draft": "warning", "published": "success", "archived": "info"}


class ModuleInline(PositionedTabularInline):
    model = Module
    fields = ["title", "position"]


class LessonInline(PositionedTabularInline):
    model = Lesson
    fields = ["title", "minutes", "status", "position"]


class BlockInline(PositionedStackedInline):
    model = Block
    fields = ["title", "kind", "body", "position"]


class QuizInline(TaughtRows, StackedInline):
    model = Quiz
    fields = ["pass_percent"]
    extra = 0
    show_change_link = True


@admin.register(Course)
class CourseAdmin(TaughtCoursesAdmin):
    list_display = ["title", "shown_status", "created_at"]
    list_filter = ["status"]
    search_fields = ["title", "summary"]
    prepopulated_fields = {"slug": ["title"]}
    exclude = ["enrollment", "enrollment_code", "seats"]  # their page moves people up from the waiting list
    inlines = [ModuleInline, CourseAccommodationInline]

    def get_inlines(self, request, obj):
        return self.inlines if obj else [ModuleInline]  # a new course has no students yet

    @display(description=_("status"), ordering="status", label=STATUS_COLOURS)
    def shown_status(self, course):
        return course.status, course.get_status_display()

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        if not change and not request.user.is_superuser:
            services.enroll_instructor(user=request.user, course=obj)


@admin.register(Module)
class ModuleAdmin(PositionedAdmin):
    form = ReleaseForm
    filter_horizontal = ["prerequisites"]
    parent = "course"
    list_display = ["title", "course", "position"]
    list_filter = [("course", TaughtFilter)]
    list_select_related = ["course"]
    search_fields = ["title"]
    autocomplete_fields = ["course"]
    ordering = ["course__title", "position"]
    inlines = [LessonInline]


@admin.register(Lesson)
class LessonAdmin(PositionedAdmin):
    form = ReleaseForm
    filter_horizontal = ["prerequisites"]
    parent = "module"
    list_display = ["title", "module", "shown_course", "minutes", "edition", "shown_status"]
    list_filter = [("module__course", TaughtFilter), "status"]
    list_select_related = ["module__course"]
    search_fields = ["title", "summary"]
    autocomplete_fields = ["module"]
    ordering = ["module__course__title", "module__position", "position"]
    inlines = [CohortDateInline, BlockInline]

    def get_inlines(self, request, obj):
        return self.inlines if obj else [BlockInline]

    @display(description=_("course"), ordering="module__course__title")
    def shown_course(self, lesson):
        return lesson.course

    @display(description=_("status"), ordering="status", label=STATUS_COLOURS)
    def shown_status(self, lesson):
        return lesson.status, lesson.get_status_display()


@admin.register(Block)
class BlockAdmin(PositionedAdmin):
    parent = "lesson"
    list_display = ["title", "kind", "lesson", "position"]
    list_filter = [("lesson__module__course", TaughtFilter), "kind"]
    list_select_related = ["lesson"]
    search_fields = ["title"]
    autocomplete_fields = ["lesson"]
    ordering = ["lesson__title", "position"]
    inlines = [QuizInline]
