"""Pages and actions of those who teach a course and those who assist them; for others they don't exist."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courses.discussion import selectors, services
from courses.discussion.forms import ReasonForm
from courses.discussion.views import FORM_METHODS, course_and_standing
from courses.models import Post, Thread


@require_safe
@login_required
def questions(request: HttpRequest, slug: str) -> HttpResponse:
    course, may = _team(request, slug)
    page = selectors.waiting_questions(request.user, course, request.GET.get("page"))
    return render(request, "courses/discussion/questions.html", {"course": course, "may": may, "page": page})


@require_safe
@login_required
def reports(request: HttpRequest, slug: str) -> HttpResponse:
    course, may = _team(request, slug)
    page = selectors.open_reports(course, request.GET.get("page"))
    return render(request, "courses/discussion/reports.html", {"course": course, "may": may, "page": page})


@require_POST
@login_required
def moderate_thread(request: HttpRequest, pk: int) -> HttpResponse:
    threads = Thread.objects.moderated_by(request.user).select_related("lesson__module__course")
    thread = get_object_or_404(threads, pk=pk)
    action = request.POST.get("action")
    if action not in services.THREAD_ACTIONS:
        return HttpResponse(_("There is no such action."), status=400)
    reason = request.POST.get("reason", "")[:240]
    services.moderate_thread(thread=thread, moderator=request.user, action=action, reason=reason)
    return redirect(thread)


@require_http_methods(FORM_METHODS)
@login_required
def hide(request: HttpRequest, pk: int) -> HttpResponse:
    post = _moderated(request, pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.hide_post(post=post, moderator=request.user, reason=form.cleaned_data["reason"])
        return redirect(post)
    context = {"post": post, "form": form, "thread": post.thread}
    return render(request, "courses/discussion/hide.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a hidden post again, or say of a reported one that it is fine."""
    post = _moderated(request, pk)
    services.show_post(post=post, moderator=request.user)
    messages.info(request, _("It is shown, and its reports are settled."))
    return redirect(post)


def _team(request: HttpRequest, slug: str):
    course, may = course_and_standing(request, slug)
    if not may.moderates:
        raise Http404(_("No such page."))
    return course, may


def _moderated(request: HttpRequest, pk: int) -> Post:
    posts = Post.objects.moderated_by(request.user).filter(deleted_at=None)
    return get_object_or_404(posts.select_related("thread__lesson__module__course", "author"), pk=pk)
