"""How often somebody without an account may ask, by the address they ask from."""

from __future__ import annotations

import logging
import time

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from accounts.lockout import address_of

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60
# They answer without a look at anything, and whoever watches over the server asks often.
UNCOUNTED = ("/healthz", "/readyz")


class StrangersLimitMiddleware:
    """After ATTUNE_STRANGERS_A_MINUTE requests in a minute, an address gets 429 until the next one, whatever it asks
    for: tokens, codes and addresses are not guessed by trying, and nobody without an account keeps the server busy.

    A program that brings a token is counted only when it is a wrong one.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.user.is_authenticated or request.path in UNCOUNTED:
            return self.get_response(request)
        brings_token = "Authorization" in request.headers
        if _count(request, 0 if brings_token else 1) > settings.ATTUNE_STRANGERS_A_MINUTE:
            return _too_many(request)
        response = self.get_response(request)
        if brings_token and response.status_code == 401:
            _count(request, 1)
        return response


def _count(request: HttpRequest, more: int) -> int:
    """Requests of this address in the present minute, with so many more."""
    key = f"strangers:{address_of(request)}:{_window()}"
    try:
        cache.add(key, 0, 2 * WINDOW_SECONDS)
        return cache.incr(key, more)
    except (RedisError, OSError, ValueError):  # a limit that cannot be looked up closes nothing
        logger.warning("Requests of strangers are not counted: the cache is away.")
        return 0


def _window() -> int:
    return int(time.time() // WINDOW_SECONDS)


def _too_many(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        sentence = _("Too many requests came from your network. Please wait a minute.")
        response: HttpResponse = JsonResponse({"detail": sentence}, status=429)
    else:
        response = render(request, "429.html", status=429)
    response["Retry-After"] = str(WINDOW_SECONDS)
    return response
