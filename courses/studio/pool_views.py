"""The page of a pool's questions, and the parts of a quiz's page that are not about its own questions."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from courses.models import Question, QuestionPool, Quiz, QuizAccommodation, QuizDraw
from courses.quizzes.authoring import problems
from courses.studio import pools, questions
from courses.studio.pool_forms import AccommodationForm, DrawForm, PoolForm
from courses.studio.quiz_views import BLANK_ROWS, quiz_url
from courses.studio.services import HasLearners
from courses.studio.views import course_url, first_error, refused, save_form, saved, taught


def pool_url(pool: QuestionPool) -> str:
    return reverse("studio:pool", args=[pool.pk])


@require_safe
@login_required
def pool(request: HttpRequest, pk: int) -> HttpResponse:
    pool = get_object_or_404(QuestionPool.objects.taught_by(request.user).select_related("course"), pk=pk)
    context = {
        "pool": pool,
        "course": pool.course,
        "form": PoolForm(instance=pool),
        "draws": pool.draws.select_related("quiz__block"),
        "questions": [(q, " ".join(problems(q))) for q in pool.questions.prefetch_related("choices")],
        "kinds": Question.Kind.choices,
        "blank_rows": range(BLANK_ROWS),
    }
    return render(request, "courses/studio/pool.html", context)


@require_POST
@login_required
def save_pool(request: HttpRequest, pk: int) -> HttpResponse:
    pool = taught(QuestionPool, request, pk=pk)
    return save_form(request, PoolForm(request.POST, instance=pool), pool_url(pool))


@require_POST
@login_required
def remove_pool(request: HttpRequest, pk: int) -> HttpResponse:
    pool = taught(QuestionPool, request, pk=pk)
    try:
        pools.remove_pool(pool=pool)
    except HasLearners as error:
        return refused(request, pool_url(pool), str(error), status=409)
    return redirect(course_url(pool.course))


@require_POST
@login_required
def add_pool_question(request: HttpRequest, pk: int) -> HttpResponse:
    pool = taught(QuestionPool, request, pk=pk)
    kind = request.POST.get("kind", "")
    if kind not in Question.Kind.values:
        return refused(request, pool_url(pool), _("There is no such kind of question."), status=400)
    question = questions.add_question(home=pool, kind=kind, author=request.user)
    return redirect(f"{pool_url(pool)}#question-{question.pk}")


@require_POST
@login_required
def save_draw(request: HttpRequest, pk: int) -> HttpResponse:
    """Draw from a pool; a new pool's page comes next, since it has no questions yet."""
    quiz = taught(Quiz, request, pk=pk)
    back = f"{quiz_url(quiz)}#drawn"
    form = DrawForm(request.POST, course=quiz.course)
    if not form.is_valid():
        return refused(request, back, first_error(form), errors=form.errors.get_json_data())
    asked = form.cleaned_data
    pool = asked["pool"] or pools.pool_named(course=quiz.course, title=asked["new_pool"])
    pools.draw_from(quiz=quiz, pool=pool, count=asked["count"], points=asked["points"])
    return saved(request, back if pool.questions.exists() else pool_url(pool))


@require_POST
@login_required
def remove_draw(request: HttpRequest, pk: int) -> HttpResponse:
    draw = get_object_or_404(QuizDraw.objects.filter(quiz__in=Quiz.objects.taught_by(request.user)), pk=pk)
    draw.delete()
    return redirect(f"{quiz_url(draw.quiz)}#drawn")


@require_POST
@login_required
def save_accommodation(request: HttpRequest, pk: int) -> HttpResponse:
    quiz = taught(Quiz, request, pk=pk)
    back = f"{quiz_url(quiz)}#accommodations"
    form = AccommodationForm(request.POST, course=quiz.course)
    if not form.is_valid():
        return refused(request, back, first_error(form), errors=form.errors.get_json_data())
    asked = form.cleaned_data
    pools.accommodate(
        place=quiz.course if asked["everywhere"] else quiz,
        user=form.student,
        time_factor=asked["time_factor"],
        extra_attempts=asked["extra_attempts"],
        closes_at=asked["closes_at"],
    )
    return saved(request, back)


@require_POST
@login_required
def remove_accommodation(request: HttpRequest, pk: int) -> HttpResponse:
    """One that holds in the whole course is taken away on the page of a quiz, which it names to go back to."""
    extra = taught(QuizAccommodation, request, pk=pk)
    extra.delete()
    asked_on = Quiz.objects.for_course(extra.course).filter(pk__in=request.POST.getlist("quiz")[:1]).first()
    quiz = extra.quiz or asked_on
    return redirect(f"{quiz_url(quiz)}#accommodations" if quiz else course_url(extra.course))
