from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courses.discussion import selectors, services
from courses.discussion.forms import LONGEST, EditForm, ReasonForm, ReplyForm, ThreadForm
from courses.discussion.permissions import Standing, standing
from courses.models import Course, Lesson, Post, Thread
from courses.release.locks import lock_of, require_open, with_conditions

FORM_METHODS = ["GET", "HEAD", "POST"]


@require_http_methods(FORM_METHODS)
@login_required
def lesson(request: HttpRequest, pk: int) -> HttpResponse:
    lessons = with_conditions(Lesson.objects.visible_to(request.user)).select_related("module__course")
    lesson = get_object_or_404(lessons, pk=pk)
    require_open(user=request.user, lesson=lesson)
    may = standing(request.user, lesson.course)
    form = ThreadForm(lesson, request.POST or None, initial=begun(request.GET))
    status = 200
    if request.method == "POST":
        _allow(may.writes)
        if form.is_valid():
            try:
                return redirect(
                    services.start_thread(
                        user=request.user, lesson=lesson, moderates=may.moderates, **form.cleaned_data
                    )
                )
            except services.TooManyPosts as error:
                form.add_error(None, str(error))
                status = 429
        else:
            status = 422
    page = selectors.lesson_threads(request.user, lesson, request.GET.get("page"))
    context = {"lesson": lesson, "course": lesson.course, "form": form, "page": page, "may": may}
    return render(request, "courses/discussion/lesson.html", context, status=status)


def begun(query) -> dict[str, str]:
    """What an address has filled in already, as its writer goes on from; nothing is posted by it."""
    return {name: query[name][:LONGEST] for name in ("block", "kind", "body") if name in query}


@require_safe
@login_required
def course(request: HttpRequest, slug: str) -> HttpResponse:
    course, may = course_and_standing(request, slug)
    show = request.GET.get("show", "all")
    show = show if show in selectors.FILTERS else "all"
    page = selectors.course_threads(request.user, course, show, request.GET.get("page"))
    context = {"course": course, "may": may, "page": page, "show": show, "query": f"show={show}&"}
    return render(request, "courses/discussion/course.html", context)


@require_http_methods(FORM_METHODS)
@login_required
def thread(request: HttpRequest, pk: int) -> HttpResponse:
    thread = _thread(request, pk)
    may = standing(request.user, thread.course)
    form = ReplyForm(request.POST or None)
    status = 200
    if request.method == "POST":
        _allow(may.writes)
        if form.is_valid():
            try:
                return redirect(
                    services.reply(user=request.user, thread=thread, moderates=may.moderates, **form.cleaned_data)
                )
            except (services.TooManyPosts, services.Closed) as error:
                form.add_error(None, str(error))
                status = 429 if isinstance(error, services.TooManyPosts) else 409
        else:
            status = 422
    return _thread_page(request, thread, may, form, status)


def _thread_page(request: HttpRequest, thread: Thread, may: Standing, form: ReplyForm, status: int) -> HttpResponse:
    context = {
        "thread": thread,
        "course": thread.course,
        "lesson": thread.lesson,
        "may": may,
        # What was typed is shown even where the thread was closed meanwhile.
        "shows_form": may.may_reply(thread) or form.is_bound,
        "page": selectors.shown_posts(request.user, thread, may, request.GET.get("page")),
        "follows": thread.subscriptions.filter(user=request.user, is_on=True).exists(),
        "form": form,
    }
    return render(request, "courses/discussion/thread.html", context, status=status)


@require_safe
@login_required
def post(request: HttpRequest, pk: int) -> HttpResponse:
    """To the page of the thread where the post stands."""
    post = _post(request, pk)
    return redirect(f"{post.thread.get_absolute_url()}?page={selectors.page_of(post)}#post-{post.pk}")


@require_POST
@login_required
def follow(request: HttpRequest, pk: int) -> HttpResponse:
    thread = _thread(request, pk)
    services.subscribe(thread=thread, user=request.user, is_on=request.POST.get("on") == "1")
    return redirect(thread)


ACTIONS = {
    "accept": ("may_accept", lambda post, user: services.accept_answer(post=post, user=user)),
    "unaccept": ("may_accept", lambda post, user: services.accept_answer(post=post, user=user, accepted=False)),
    "endorse": ("may_endorse", lambda post, user: services.endorse_post(post=post, user=user)),
    "unendorse": ("may_endorse", lambda post, user: services.endorse_post(post=post, user=user, endorsed=False)),
    "vote": ("may_vote", lambda post, user: services.vote(post=post, user=user)),
    "unvote": ("may_vote", lambda post, user: services.vote(post=post, user=user, helpful=False)),
}


@require_POST
@login_required
def act(request: HttpRequest, pk: int) -> HttpResponse:
    """`action` is one of ACTIONS: accepting, endorsing, finding helpful, and taking each back."""
    post = _post(request, pk)
    allowed, do = ACTIONS.get(request.POST.get("action"), (None, None))
    if do is None:
        return HttpResponse(_("There is no such action."), status=400)
    _allow(getattr(standing(request.user, post.course), allowed)(post))
    do(post, request.user)
    return redirect(post)


@require_http_methods(FORM_METHODS)
@login_required
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    post = _post(request, pk)
    _allow(standing(request.user, post.course).may_edit(post))
    form = EditForm(post, request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.edit_post(post=post, **form.cleaned_data)
        return redirect(post)
    context = {"post": post, "form": form, "thread": post.thread}
    return render(request, "courses/discussion/edit.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    post = _post(request, pk, in_closed=True)
    _allow(standing(request.user, post.course).may_delete(post))
    whole = services.delete_post(post=post)
    messages.info(request, _("Your words are deleted."))
    if lock_of(request.user, post.thread.lesson):
        return redirect(post.course)
    return redirect("discussion:lesson", post.thread.lesson_id) if whole else redirect(post.thread)


@require_safe
@login_required
def history(request: HttpRequest, pk: int) -> HttpResponse:
    post = _post(request, pk, in_closed=True)
    _allow(standing(request.user, post.course).may_read_history(post))
    context = {"post": post, "thread": post.thread, "revisions": post.revisions.all()[:100]}
    return render(request, "courses/discussion/history.html", context)


@require_http_methods(FORM_METHODS)
@login_required
def report(request: HttpRequest, pk: int) -> HttpResponse:
    post = _post(request, pk)
    _allow(standing(request.user, post.course).may_report(post))
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.report_post(post=post, user=request.user, reason=form.cleaned_data["reason"])
        messages.success(request, _("Thank you. The teaching team looks at it."))
        return redirect(post)
    context = {"post": post, "form": form, "thread": post.thread}
    return render(request, "courses/discussion/report.html", context, status=422 if form.errors else 200)


def course_and_standing(request: HttpRequest, slug: str) -> tuple[Course, Standing]:
    """For those who are in the course; for others there is no such page."""
    course = get_object_or_404(Course.objects.visible_to(request.user), slug=slug)
    may = selectors.standing_in(request.user, course)
    if may is None:
        raise Http404(_("No such course."))
    return course, may


def _thread(request: HttpRequest, pk: int) -> Thread:
    threads = Thread.objects.visible_to(request.user).select_related("lesson__module__course", "block", "author")
    thread = get_object_or_404(threads, pk=pk)
    require_open(user=request.user, lesson=thread.lesson)
    return thread


def _post(request: HttpRequest, pk: int, *, in_closed: bool = False) -> Post:
    """`in_closed`: of a lesson that is closed to this person too."""
    posts = Post.objects.visible_to(request.user).select_related("thread__lesson__module__course", "author")
    post = get_object_or_404(posts, pk=pk)
    if not in_closed:
        require_open(user=request.user, lesson=post.thread.lesson)
    return post


def _allow(allowed: bool) -> None:
    """They see the page, so it is no secret that it exists: 403, not 404."""
    if not allowed:
        raise PermissionDenied
