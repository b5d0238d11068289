from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from courses.events import services
from courses.events.forms import EndpointForm, WishesForm
from courses.models import Course, WebhookDelivery, WebhookEndpoint

SHOWN = 50


def _endpoint(request: HttpRequest, pk: int) -> WebhookEndpoint:
    return get_object_or_404(WebhookEndpoint.objects.visible_to(request.user).select_related("course"), pk=pk)


def _page(request: HttpRequest, endpoint: WebhookEndpoint, *, form=None, secret: str = "") -> HttpResponse:
    """An endpoint's page. The secret is on it once, in the answer to the press of a button."""
    context = {
        "endpoint": endpoint,
        "course": endpoint.course,
        "form": form or WishesForm(instance=endpoint),
        "secret": secret,
        "deliveries": endpoint.deliveries.select_related("event")[:SHOWN],
    }
    response = render(request, "courses/events/webhook.html", context, status=422 if form and form.errors else 200)
    if secret:
        response["Cache-Control"] = "no-store"
    return response


@login_required
def webhooks(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Those of a course, for who teaches it; without a course those of the site, for administrators."""
    if slug is None and not request.user.is_superuser:
        raise Http404
    course = get_object_or_404(Course.objects.taught_by(request.user), slug=slug) if slug else None
    new = WebhookEndpoint(course=course, created_by=request.user)
    form = EndpointForm(request.POST if request.method == "POST" else None, instance=new)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                endpoint = form.save()
        except IntegrityError:  # a second press, at the same time
            form.add_error("url", _("This address is told already."))
        else:
            return _page(request, endpoint, secret=endpoint.secret)
    context = {"course": course, "form": form, "endpoints": WebhookEndpoint.objects.filter(course=course)}
    return render(request, "courses/events/webhooks.html", context, status=422 if form.errors else 200)


@login_required
def webhook(request: HttpRequest, pk: int) -> HttpResponse:
    endpoint = _endpoint(request, pk)
    form = WishesForm(request.POST, instance=endpoint) if request.method == "POST" else None
    if form and form.is_valid():
        form.save()
        messages.success(request, _("Kept."))
        return redirect("events:webhook", pk=pk)
    return _page(request, endpoint, form=form)


@require_POST
@login_required
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    endpoint = services.rotate_secret(endpoint=_endpoint(request, pk))
    return _page(request, endpoint, secret=endpoint.secret)


@require_POST
@login_required
def test(request: HttpRequest, pk: int) -> HttpResponse:
    services.send_test(endpoint=_endpoint(request, pk))
    messages.success(request, _("The test is on its way. Reload this page in some seconds to see the answer."))
    return redirect("events:webhook", pk=pk)


@require_POST
@login_required
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    services.switch(endpoint=_endpoint(request, pk), on=request.POST.get("on") == "1")
    return redirect("events:webhook", pk=pk)


@require_POST
@login_required
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    endpoint = _endpoint(request, pk)
    endpoint.delete()
    messages.success(request, _("%(url)s is told nothing more.") % {"url": endpoint.url})
    return redirect("events:course", slug=endpoint.course.slug) if endpoint.course else redirect("events:site")


@require_POST
@login_required
def again(request: HttpRequest, pk: int) -> HttpResponse:
    delivery = get_object_or_404(WebhookDelivery.objects.visible_to(request.user), pk=pk)
    services.send_again(delivery=delivery)
    messages.success(request, _("It is sent again. Reload this page in some seconds to see the answer."))
    return redirect("events:webhook", pk=delivery.endpoint_id)
