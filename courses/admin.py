from django.contrib import admin
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
from courses.enrollment import admin as _enrollment  # noqa: F401  (registers its pages)
from courses.models import Block, Choice, Course, Lesson, Module, Question, Quiz
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
    extra = 0
    show_change_link = True


class QuestionInline(PositionedTabularInline):
    model = Question
    fields = ["prompt", "position"]


class ChoiceInline(PositionedTabularInline):
    model = Choice
    fields = ["text", "is_correct", "feedback", "position"]
    show_change_link = False


@admin.register(Course)
class CourseAdmin(TaughtCoursesAdmin):
    list_display = ["title", "shown_status", "created_at"]
    list_filter = ["status"]
    search_fields = ["title", "summary"]
    prepopulated_fields = {"slug": ["title"]}
    exclude = ["enrollment", "enrollment_code", "seats"]  # their page moves people up from the waiting list
    inlines = [ModuleInline]

    @display(description="status", ordering="status", label=STATUS_COLOURS)
    def shown_status(self, course):
        return course.status

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

    @display(description="course", ordering="module__course__title")
    def shown_course(self, lesson):
        return lesson.course

    @display(description="status", ordering="status", label=STATUS_COLOURS)
    def shown_status(self, lesson):
        return lesson.status


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


@admin.register(Quiz)
class QuizAdmin(TaughtCoursesAdmin):
    list_display = ["shown_title", "shown_lesson", "pass_percent"]
    list_select_related = ["block__lesson"]
    search_fields = ["block__title"]
    autocomplete_fields = ["block"]
    inlines = [QuestionInline]

    @display(description="quiz", ordering="block__title")
    def shown_title(self, quiz):
        return quiz.block.title

    @display(description="lesson", ordering="block__lesson__title")
    def shown_lesson(self, quiz):
        return quiz.lesson


@admin.register(Question)
class QuestionAdmin(PositionedAdmin):
    parent = "quiz"
    list_display = ["prompt", "quiz", "position"]
    list_select_related = ["quiz__block"]
    search_fields = ["prompt"]
    autocomplete_fields = ["quiz"]
    ordering = ["quiz", "position"]
    inlines = [ChoiceInline]
