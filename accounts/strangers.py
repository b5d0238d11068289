"""How often somebody without an account may ask, by the address they ask from."""

from __future__ import annotations

import logging
import time
from ipaddress import IPv6Address, ip_address, ip_network

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

    A program's request is counted, too, and given back once its token turned out to be a right one: what an answer
    looks like, and whether anybody looked at the token at all, is each view's to decide.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.user.is_authenticated or request.path in UNCOUNTED:
            return self.get_response(request)
        key = f"strangers:{_network_of(address_of(request))}:{_window()}"
        if _count(key, 1) > settings.ATTUNE_STRANGERS_A_MINUTE:
            return _too_many(request)
        response = self.get_response(request)
        if getattr(request, "has_right_token", False):
            _count(key, -1)
        return response


def has_right_token(request: HttpRequest) -> None:
    """Say of a request that it is no stranger's: it brought a token, which was looked at and is good."""
    request.has_right_token = True  # type: ignore[attr-defined]


def _network_of(address: str | None) -> str | None:
    """Of an IPv6 address its /64: whoever has one address there has all of them."""
    try:
        found = ip_address(address or "")
    except ValueError:  # a socket of this machine, or what a proxy made up
        return address
    if isinstance(found, IPv6Address) and not found.ipv4_mapped:
        return str(ip_network((found.packed[:8] + bytes(8), 64)))
    return address


def _count(key: str, more: int) -> int:
    """Requests that are counted there, with so many more."""
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
