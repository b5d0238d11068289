from django.conf import settings
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from prometheus_client import CONTENT_TYPE_LATEST

from accounts.strangers import has_right_token
from lms.celery import app
from lms.metrics.overview import overview
from lms.metrics.processes import exposition


@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """For whoever sends the token of ATTUNE_METRICS_TOKEN; for anybody else, nothing is here."""
    token = settings.ATTUNE_METRICS_TOKEN
    given = request.headers.get("Authorization", "")
    if not token or not constant_time_compare(given, f"Bearer {token}"):
        raise Http404
    has_right_token(request)
    return HttpResponse(exposition(app), content_type=CONTENT_TYPE_LATEST)


@never_cache
def workers(request: HttpRequest) -> HttpResponse:
    """Who reads frames, how fast, and what is wrong: a page of the administration, for administrators. With ?part, what
    the page asks for every few seconds."""
    if not request.user.is_superuser:
        raise Http404
    found = overview(app)
    if "part" in request.GET:
        return TemplateResponse(request, "admin/_workers.html", found)
    return TemplateResponse(
        request, "admin/workers.html", {**admin.site.each_context(request), "title": _("Workers"), **found}
    )
