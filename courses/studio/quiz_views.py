"""The page on which a quiz's questions and limits are written."""

from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from courses.models import Question, Quiz, QuizAccommodation
from courses.quizzes.authoring import problems
from courses.studio import questions
from courses.studio.pool_forms import AccommodationForm, DrawForm
from courses.studio.quiz_forms import QuestionForm, QuizForm
from courses.studio.services import HasLearners
from courses.studio.views import first_error, questions_url, refused, save_form, saved, taught

BLANK_ROWS = 2


def quiz_url(quiz: Quiz) -> str:
    return reverse("studio:quiz", args=[quiz.pk])


@require_safe
@login_required
def quiz(request: HttpRequest, pk: int) -> HttpResponse:
    quiz = get_object_or_404(
        Quiz.objects.taught_by(request.user).select_related("block__lesson__module__course"), pk=pk
    )
    rows = [(question, " ".join(problems(question))) for question in quiz.questions.prefetch_related("choices")]
    context = {
        "quiz": quiz,
        "lesson": quiz.lesson,
        "course": quiz.course,
        "form": QuizForm(instance=quiz),
        "questions": rows,
        "kinds": Question.Kind.choices,
        "blank_rows": range(BLANK_ROWS),
        "draws": quiz.draws.select_related("pool").annotate(offered=Count("pool__questions")),
        "draw_form": DrawForm(course=quiz.course, auto_id="draw-%s"),
        "accommodations": QuizAccommodation.objects.for_quiz(quiz).select_related("user"),
        "accommodation_form": AccommodationForm(course=quiz.course, auto_id="extra-%s"),
    }
    return render(request, "courses/studio/quiz.html", context)


@require_POST
@login_required
def save_quiz(request: HttpRequest, pk: int) -> HttpResponse:
    quiz = taught(Quiz, request, pk=pk)
    return save_form(request, QuizForm(request.POST, instance=quiz), quiz_url(quiz))


@require_POST
@login_required
def add_question(request: HttpRequest, pk: int) -> HttpResponse:
    quiz = taught(Quiz, request, pk=pk)
    kind = request.POST.get("kind", "")
    if kind not in Question.Kind.values:
        return refused(request, quiz_url(quiz), _("There is no such kind of question."), status=400)
    question = questions.add_question(home=quiz, kind=kind, author=request.user)
    return redirect(f"{quiz_url(quiz)}#question-{question.pk}")


@require_POST
@login_required
def save_question(request: HttpRequest, pk: int) -> HttpResponse:
    question = taught(Question, request, pk=pk)
    back = f"{questions_url(question)}#question-{question.pk}"
    form = QuestionForm(request.POST, instance=question)
    if not form.is_valid():
        return refused(request, back, first_error(form), errors=form.errors.get_json_data())
    question, ids = questions.save_question(
        question=question, changes=form.cleaned_data, choices=form.choices(), author=request.user
    )
    return saved(request, back, choices=ids, missing=questions.missing_in(question))


@require_POST
@login_required
def remove_question(request: HttpRequest, pk: int) -> HttpResponse:
    question = taught(Question, request, pk=pk)
    back = questions_url(question)
    try:
        questions.remove_question(question=question, author=request.user)
    except HasLearners as error:
        return refused(request, back, str(error), status=409)
    return redirect(back)
