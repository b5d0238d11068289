from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from courses.charts.files import chart_file
from courses.quizzes import analysis, layouts, selectors, services
from courses.quizzes import answers as answering
from courses.quizzes.analysis_chart import analysis_chart
from courses.quizzes.block import result_url
from courses.quizzes.forms import NotRead, attempt_number, read_save
from courses.quizzes.models import Quiz
from courses.release.locks import require_open
from courses.views import lesson_page


def _quiz(request: HttpRequest, pk: int) -> Quiz:
    rows = Quiz.objects.visible_to(request.user).present().select_related("block__lesson__module__course")
    return get_object_or_404(rows, pk=pk)


@require_POST
@login_required
def begin(request: HttpRequest, pk: int) -> HttpResponse:
    quiz = _quiz(request, pk)
    if quiz.course.is_learned_by(request.user):
        try:
            services.begin_attempt(user=request.user, quiz=quiz)
        except services.Refused as error:
            messages.warning(request, str(error))
    return redirect(quiz)


@require_POST
@login_required
def save(request: HttpRequest, pk: int) -> HttpResponse:
    """What the page sends while somebody answers: the attempt's number and the changed questions' fields, as JSON."""
    quiz = _quiz(request, pk)
    try:
        number, fields = read_save(request.body)
    except NotRead as error:
        return JsonResponse({"detail": str(error)}, status=400)
    if not quiz.course.is_learned_by(request.user):
        return JsonResponse({"saved_at": None})
    given = answering.read(layouts.current(request.user, quiz), fields, only_sent=True)
    try:
        attempt = services.save_answers(user=request.user, quiz=quiz, answers=given, number=number)
    except services.Refused as error:
        return JsonResponse({"detail": str(error)}, status=409)
    return JsonResponse({"saved_at": attempt.saved_at.isoformat()})


@require_POST
@login_required
def submit(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole form: kept with `keep`, else handed in; with `anyway` also where answers are missing."""
    quiz = _quiz(request, pk)
    if not quiz.course.is_learned_by(request.user):
        return _preview(request, quiz)
    fields = {name: values for name, values in request.POST.lists() if name.startswith("q-")}
    given = answering.read(layouts.current(request.user, quiz), fields)
    sent = {"user": request.user, "quiz": quiz, "answers": given, "number": attempt_number(request.POST.get("number"))}
    try:
        if "keep" in request.POST:
            services.save_answers(**sent)
            messages.success(request, _("Your answers are saved. Go on here or on another device."))
            return redirect(quiz)
        attempt = services.submit_quiz(**sent, anyway="anyway" in request.POST)
    except services.UnansweredQuestions as error:
        shown = selectors.shown_quiz(request.user, quiz, problems=error.problems)
        return lesson_page(request, quiz.lesson, contents={quiz.block_id: shown}, status=422)
    except services.Refused as error:
        messages.warning(request, str(error))
        return redirect(quiz)
    return redirect(result_url(attempt))


def _preview(request: HttpRequest, quiz: Quiz) -> HttpResponse:
    """How the quiz marks, for its teachers. Nothing is kept."""
    require_open(user=request.user, lesson=quiz.lesson)
    user, slots = request.user, layouts.preview(request.user, quiz)
    given = answering.read(slots, dict(request.POST.lists()))
    try:
        attempt = services.score_quiz(user=user, quiz=quiz, answers=given, anyway="anyway" in request.POST)
    except services.UnansweredQuestions as error:
        kept = answering.merge(slots, {}, given)
        shown = selectors.shown_quiz(user, quiz, answers=kept, problems=error.problems, preview=True)
        return lesson_page(request, quiz.lesson, contents={quiz.block_id: shown}, status=422)
    shown = selectors.shown_quiz(user, quiz, attempt=attempt, preview=True)
    return lesson_page(request, quiz.lesson, contents={quiz.block_id: shown})


def _taught(request: HttpRequest, pk: int) -> Quiz:
    rows = Quiz.objects.taught_by(request.user).select_related("block__lesson__module__course")
    return get_object_or_404(rows, pk=pk)


@require_safe
@login_required
def item_analysis(request: HttpRequest, pk: int) -> HttpResponse:
    quiz = _taught(request, pk)
    context = {"quiz": quiz, "course": quiz.course, "analysis": analysis.analyse(quiz), "fewest": analysis.FEWEST}
    return render(request, "courses/quizzes/analysis.html", context)


@require_safe
@login_required
def item_analysis_chart(request: HttpRequest, pk: int, form: str) -> HttpResponse:
    """The same to take along."""
    quiz = _taught(request, pk)
    return chart_file(analysis_chart(quiz, analysis.analyse(quiz)), form, actor=request.user, quiz=quiz.pk)
