from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from courses.calendar import selectors, services
from courses.calendar.appointments import appointments
from courses.calendar.deadlines import deadlines
from courses.calendar.ics import as_ics
from courses.calendar.models import CalendarFeed


@require_safe
@login_required
def calendar(request: HttpRequest) -> HttpResponse:
    asked = request.GET.get("month")
    first = selectors.parse_month(asked) if asked else timezone.localdate().replace(day=1)
    if first is None:
        raise Http404(_("There is no such month."))
    feed = CalendarFeed.objects.filter(user=request.user).first()
    context = {
        "month": selectors.month(request.user, first),
        "feed": feed,
        "feed_url": feed and request.build_absolute_uri(reverse("calendar:feed", args=[services.token_of(feed)])),
    }
    return render(request, "courses/calendar/calendar.html", context)


@require_POST
@login_required
def address(request: HttpRequest) -> HttpResponse:
    """`action` is renew or off."""
    match request.POST.get("action"):
        case "renew":
            services.renew_feed(user=request.user)
            messages.success(request, _("Your calendar has a new private address."))
        case "off":
            services.switch_off_feed(user=request.user)
            messages.info(request, _("The private address is switched off."))
        case other:
            return HttpResponse(f"There is no action {other!r}.", status=400, content_type="text/plain")
    return redirect(f"{reverse('calendar:calendar')}#address")


@require_safe
@never_cache
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """No sign-in: whoever knows the address may read it."""
    found = services.feed_at(token)
    if found is None:
        raise Http404(_("There is no such calendar."))
    courses = selectors.courses_of(found.user)
    due, meets = deadlines(found.user, courses), appointments(found.user, courses)
    body = as_ics(due, meets, now=timezone.now(), absolute=request.build_absolute_uri)
    headers = {"Content-Disposition": 'inline; filename="attune.ics"', "X-Robots-Tag": "noindex"}
    return HttpResponse(body, content_type="text/calendar; charset=utf-8", headers=headers)
