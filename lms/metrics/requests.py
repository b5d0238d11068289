"""Requests and sockets of this process."""

from __future__ import annotations

import time

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware
from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("attune_requests", "Requests answered, by view and status.", ["view", "method", "status"])
REQUEST_SECONDS = Histogram(
    "attune_request_seconds", "What answering took.", ["view"], buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
)
SOCKETS = Gauge("attune_sockets", "WebSockets that are open.")
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


@sync_and_async_middleware
def CountingMiddleware(get_response):
    if iscoroutinefunction(get_response):

        async def middleware(request):
            started = time.perf_counter()
            response = await get_response(request)
            _count(request, response, time.perf_counter() - started)
            return response
    else:

        def middleware(request):
            started = time.perf_counter()
            response = get_response(request)
            _count(request, response, time.perf_counter() - started)
            return response

    return middleware


def _count(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    # The view's name and never the address: addresses name people, and whoever makes them up would fill the memory.
    match = request.resolver_match
    view = (match.view_name or match.func.__name__) if match else "none"
    method = request.method if request.method in METHODS else "other"
    REQUESTS.labels(view, method, str(response.status_code)).inc()
    REQUEST_SECONDS.labels(view).observe(seconds)


def count_sockets(application):
    async def counted(scope, receive, send) -> None:
        with SOCKETS.track_inprogress():
            await application(scope, receive, send)

    return counted
