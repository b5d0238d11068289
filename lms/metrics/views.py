from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from prometheus_client import CONTENT_TYPE_LATEST

from lms.celery import app
from lms.metrics.processes import exposition


@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """For whoever sends the token of ATTUNE_METRICS_TOKEN; for anybody else, nothing is here."""
    token = settings.ATTUNE_METRICS_TOKEN
    given = request.headers.get("Authorization", "")
    if not token or not constant_time_compare(given, f"Bearer {token}"):
        raise Http404
    return HttpResponse(exposition(app), content_type=CONTENT_TYPE_LATEST)
