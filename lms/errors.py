from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.defaults import page_not_found

from courses.release.locks import Locked


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose token has gone stale, most often a page left open across a sign-in."""
    return render(request, "403_csrf.html", status=403)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A closed lesson says why and until when; a script reads it as JSON."""
    lock = exception if isinstance(exception, Locked) else None
    if lock and "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"detail": str(lock)}, status=403)
    return render(request, "403.html", {"lock": lock}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Whatever is asked for under the API is answered in its form."""
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": _("Not found.")}, status=404)
    return page_not_found(request, exception)
