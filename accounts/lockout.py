"""Who a failed sign-in counts against: the e-mail typed, and the address it came from."""

from django.conf import settings
from django.http import HttpRequest


def email_of(request: HttpRequest | None, credentials: dict | None) -> str | None:
    """django-axes asks with allauth's credentials (`email`), with Django's (`username`) or with none."""
    values = credentials or {}
    posted = getattr(request, "POST", {})
    email = values.get("email") or values.get("username") or posted.get("login") or posted.get("username")
    return email.strip().lower() if email else None


def address_of(request: HttpRequest) -> str | None:
    """The last address in X-Forwarded-For is the one our own proxy wrote; the others can be made up."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.TRUST_PROXY else ""
    return forwarded.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR")
