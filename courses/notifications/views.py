from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courses.models import Course
from courses.notifications import mail, services
from courses.notifications.forms import AnnouncementForm, PreferencesForm
from courses.notifications.models import Announcement, MailWish, Notification, NotificationKind

PAGE = 30


@require_safe
@login_required
def notifications(request: HttpRequest) -> HttpResponse:
    rows = Notification.objects.visible_to(request.user).select_related("course")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(request, "courses/notifications/list.html", {"page": page})


@require_safe
@login_required
def open_notification(request: HttpRequest, pk: int) -> HttpResponse:
    """Read it by following it."""
    notification = get_object_or_404(Notification.objects.visible_to(request.user), pk=pk)
    services.mark_read(user=request.user, pks=[notification.pk])
    return redirect(notification.url)


@require_POST
@login_required
def mark_one_read(request: HttpRequest, pk: int) -> HttpResponse:
    notification = get_object_or_404(Notification.objects.visible_to(request.user), pk=pk)
    services.mark_read(user=request.user, pks=[notification.pk])
    return redirect("notifications:list")


@require_POST
@login_required
def mark_all_read(request: HttpRequest) -> HttpResponse:
    services.mark_read(user=request.user)
    return redirect("notifications:list")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def preferences(request: HttpRequest) -> HttpResponse:
    form = PreferencesForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("notifications:settings")
    status = 422 if form.errors else 200
    return render(request, "courses/notifications/settings.html", {"form": form}, status=status)


@csrf_exempt  # a mail provider's one-click POST (RFC 8058) has neither cookie nor form; the signed token is the proof
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    found = mail.read_unsubscribe(token)
    if found is None:
        raise Http404(_("No such link."))
    user, kind = found
    if done := request.method == "POST":
        services.unsubscribe(user=user, kind=kind)
    name = _("The daily summary") if kind == MailWish.DAILY else NotificationKind(kind).label
    return render(request, "courses/notifications/unsubscribe.html", {"name": name, "done": done})


@require_safe
@login_required
def announcements(request: HttpRequest, slug: str) -> HttpResponse:
    course = get_object_or_404(Course.objects.visible_to(request.user), slug=slug)
    if not (course.is_taken_by(request.user) or course.is_taught_by(request.user)):
        raise Http404(_("No such course."))
    rows = Announcement.objects.visible_to(request.user).for_course(course).select_related("author")
    context = {
        "course": course,
        "page": Paginator(rows, 10).get_page(request.GET.get("page")),
        "teaches": course.is_taught_by(request.user),
    }
    return render(request, "courses/notifications/announcements.html", context)


@login_required
def write_announcement(request: HttpRequest, slug: str) -> HttpResponse:
    course = get_object_or_404(Course.objects.taught_by(request.user), slug=slug)
    return _announcement_form(request, Announcement(course=course, author=request.user))


@login_required
def edit_announcement(request: HttpRequest, pk: int) -> HttpResponse:
    """Before it is sent; afterwards it stays as people got it."""
    waiting = Announcement.objects.taught_by(request.user).filter(sent_at=None)
    return _announcement_form(request, get_object_or_404(waiting.select_related("course"), pk=pk))


@require_POST
@login_required
def delete_announcement(request: HttpRequest, pk: int) -> HttpResponse:
    announcement = get_object_or_404(Announcement.objects.taught_by(request.user).select_related("course"), pk=pk)
    services.delete_announcement(announcement=announcement)
    messages.info(request, _("The announcement is deleted."))
    return redirect("notifications:announcements", announcement.course.slug)


def _announcement_form(request: HttpRequest, announcement: Announcement) -> HttpResponse:
    form = AnnouncementForm(request.POST or None, instance=announcement)
    if request.method == "POST" and form.is_valid():
        announcement = form.save()
        if services.send_announcement(announcement=announcement):
            told = announcement.sent_count
            words = ngettext("Published. %(told)d person was told.", "Published. %(told)d people were told.", told)
            messages.success(request, words % {"told": told})
        else:
            messages.success(request, _("Planned. It is published by itself at its time."))
        return redirect("notifications:announcements", announcement.course.slug)
    context = {"form": form, "course": announcement.course, "announcement": announcement}
    return render(request, "courses/notifications/announce.html", context, status=422 if form.errors else 200)
