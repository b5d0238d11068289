from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language_from_request
from django.utils.translation import gettext as _

from accounts.second_factor import SET_UP_FIRST, needs_second_factor


class TimeZoneMiddleware:
    """Show times in the time zone the person chose."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.user.is_authenticated:
            with timezone.override(request.user.tzinfo):
                return self.get_response(request)
        return self.get_response(request)


def language_for(user, request: HttpRequest) -> str:
    """The language that the person chose; before they chose one, their browser's."""
    return (user.is_authenticated and user.locale) or get_language_from_request(request)


def language_of_socket(scope: dict) -> str:
    """The same, for a WebSocket: no middleware speaks there."""
    request = HttpRequest()
    request.META = {"HTTP_ACCEPT_LANGUAGE": dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1")}
    return language_for(scope["user"], request)


class LanguageMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        with translation.override(language_for(request.user, request)):
            request.LANGUAGE_CODE = translation.get_language()
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", request.LANGUAGE_CODE)
        patch_vary_headers(response, ("Accept-Language",))
        return response


class StaffMFAMiddleware:
    """Where the operator asks for it, staff reach nothing but their own sign-in pages until two-step
    sign-in is set up. Closed are all pages rather than a list of teaching ones, so that none can be forgotten."""

    def __init__(self, get_response):
        self.get_response = get_response
        self.open = ("/accounts/", reverse("accounts:theme"), settings.STATIC_URL, "/healthz", "/readyz")

    def __call__(self, request):
        if request.path.startswith(self.open) or not needs_second_factor(request.user):
            return self.get_response(request)
        if request.path.startswith("/api/") or "application/json" in request.headers.get("Accept", ""):
            return JsonResponse({"detail": _(SET_UP_FIRST)}, status=403)
        messages.warning(
            request, _("People who teach or administer here need two-step sign-in. Set it up once, and go on.")
        )
        return redirect("mfa_activate_totp")
