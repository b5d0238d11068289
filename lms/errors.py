from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose token has gone stale, most often a page left open across a sign-in."""
    return render(request, "403_csrf.html", status=403)
