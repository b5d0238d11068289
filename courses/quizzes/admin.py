from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Max
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from accounts.models import User
from courses.admin_base import (
    PositionedFormSet,
    PositionedTabularInline,
    TaughtCoursesAdmin,
    TaughtFilter,
    TaughtRows,
)
from courses.models import Enrollment
from courses.quizzes import answers, authoring, layouts
from courses.quizzes.models import (
    Choice,
    Question,
    QuestionPool,
    Quiz,
    QuizAccommodation,
    QuizAttempt,
    QuizDraw,
)
from courses.search.snippets import plain
from courses.templatetags.attune import apart


class QuestionInline(PositionedTabularInline):
    """The questions' order; each is written on its own page."""

    model = Question
    fields = ["prompt", "kind", "points", "position"]


class QuizDrawInline(TaughtRows, TabularInline):
    model = QuizDraw
    extra = 0


class QuizAccommodationInline(TaughtRows, TabularInline):
    model = QuizAccommodation
    fields = ["user", "time_factor", "extra_attempts", "closes_at"]
    extra = 0
    verbose_name_plural = _("accommodations")

    def get_formset(self, request, obj=None, **kwargs):
        course = obj.course if isinstance(obj, Quiz) else obj
        self._course_id = course.pk if course else None  # an inline is made for each request
        return super().get_formset(request, obj, **kwargs)

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "user":
            students = Enrollment.objects.active().filter(course=self._course_id)
            field.queryset = User.objects.filter(pk__in=students.values("user")).order_by("email")
        return field


class CourseAccommodationInline(QuizAccommodationInline):
    verbose_name_plural = _("accommodations in all quizzes, those made later too")


class ChoiceFormSet(PositionedFormSet):
    """Says in words what the question's choices lack; its kind is the one just chosen above them."""

    def clean(self):
        super().clean()
        if any(self.errors):
            return
        choices = [form.instance for form in self._in_order]
        if problem := authoring.choice_problem(self.instance.kind, choices):
            raise ValidationError(problem)


class ChoiceInline(PositionedTabularInline):
    model = Choice
    formset = ChoiceFormSet
    fields = ["text", "match", "is_correct", "feedback", "position"]
    show_change_link = False
    verbose_name_plural = _("choices, pairs, or items in their right order")


class QuestionForm(forms.ModelForm):
    def clean(self):
        cleaned = super().clean()
        draft = Question(
            **{name: cleaned[name] for name in ("kind", "prompt", "accepted", "number") if name in cleaned}
        )
        for field, words in authoring.own_problems(draft).items():
            if field not in self.errors:
                self.add_error(field, words)
        return cleaned


@admin.register(Question)
class QuestionAdmin(TaughtCoursesAdmin):
    form = QuestionForm
    list_display = ["shown_prompt", "kind", "points", "shown_place", "position"]
    list_filter = ["kind", ("pool", TaughtFilter)]
    list_select_related = ["quiz__block", "pool"]
    search_fields = ["prompt"]
    autocomplete_fields = ["quiz", "pool"]
    ordering = ["quiz", "pool", "position"]
    inlines = [ChoiceInline]
    fieldsets = [
        (None, {"fields": ["quiz", "pool", "kind", "prompt", "explanation", "points"]}),
        (_("For a short text, or gaps"), {"fields": ["accepted", "exact"]}),
        (_("For a number"), {"fields": ["number", "tolerance"]}),
    ]

    @display(description=_("prompt"), ordering="prompt")
    def shown_prompt(self, question):
        return apart(plain(question.prompt))

    @display(description=_("in"))
    def shown_place(self, question):
        return question.quiz or question.pool

    def save_model(self, request, obj, form, change):
        """A new or moved question goes last; the quiz's or the pool's page changes the order."""
        if not change or {"quiz", "pool"} & set(form.changed_data):
            siblings = Question.objects.filter(quiz=obj.quiz, pool=obj.pool).exclude(pk=obj.pk)
            obj.position = (siblings.aggregate(last=Max("position"))["last"] or 0) + 1
        super().save_model(request, obj, form, change)


@admin.register(QuestionPool)
class QuestionPoolAdmin(TaughtCoursesAdmin):
    list_display = ["title", "course"]
    nothing_yet = _("A pool holds many questions; each attempt gets some of them, so no two are quite alike.")
    list_filter = [("course", TaughtFilter)]
    list_select_related = ["course"]
    search_fields = ["title"]
    autocomplete_fields = ["course"]
    inlines = [QuestionInline]


@admin.register(Quiz)
class QuizAdmin(TaughtCoursesAdmin):
    list_display = [
        "shown_title",
        "shown_lesson",
        "pass_percent",
        "attempt_limit",
        "minutes",
        "closes_at",
        "shown_analysis",
    ]
    list_select_related = ["block__lesson"]
    search_fields = ["block__title"]
    autocomplete_fields = ["block"]
    inlines = [QuestionInline, QuizDrawInline, QuizAccommodationInline]
    fieldsets = [
        (None, {"fields": ["block", "pass_percent", "show_answers"]}),
        (_("Limits"), {"fields": ["attempt_limit", "minutes", "opens_at", "closes_at"]}),
        (_("Order"), {"fields": ["shuffle_questions", "shuffle_choices"]}),
    ]

    @display(description=_("quiz"), ordering="block__title")
    def shown_title(self, quiz):
        return quiz.block.title

    @display(description=_("lesson"), ordering="block__lesson__title")
    def shown_lesson(self, quiz):
        return quiz.lesson

    @display(description=_("item analysis"))
    def shown_analysis(self, quiz):
        return format_html('<a href="{}">{}</a>', reverse("quizzes:analysis", args=[quiz.pk]), gettext("Open"))


@admin.register(QuizAttempt)
class QuizAttemptAdmin(TaughtCoursesAdmin):
    """To look at: nobody writes an attempt by hand."""

    list_display = ["user", "quiz", "number", "score_percent", "started_at", "submitted_at"]
    list_filter = [("quiz", TaughtFilter)]
    list_select_related = ["user", "quiz__block"]
    search_fields = ["user__email", "user__display_name"]
    ordering = ["-started_at"]
    exclude = ["layout", "answers", "results", "seconds"]  # a machine's; `shown_answers` has them in words
    readonly_fields = ["shown_answers"]

    @display(description=_("answers"))
    def shown_answers(self, attempt):
        rows = [
            (
                apart(plain(slot.question.prompt)),
                answers.in_words(slot, attempt.answers.get(str(slot.question.pk))) or "-",
                f"{attempt.results[str(slot.question.pk)]:.0%}" if str(slot.question.pk) in attempt.results else "-",
            )
            for slot in layouts.stored(attempt)
        ]
        return format_html(
            "<ol class='answers'>{}</ol>",
            format_html_join("", "<li>{}<br><strong>{}</strong> ({})</li>", rows),
        )

    def has_add_permission(self, request, obj=None) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False
