"""Database connections of threads that live as long as their process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from django.db import connections

KEPT = True  # a test's database cannot be dropped while a thread holds on to it, so there it is False


@contextlib.contextmanager
def own_connection() -> Iterator[None]:
    """Around a piece of a thread's work: its connection stays for the next piece, unless something went wrong on it.

    Django's close_old_connections would close it each time, as after a request; a new connection costs more than the
    queries of a frame.
    """
    try:
        yield
    finally:
        for connection in connections.all(initialized_only=True):
            if connection.errors_occurred or not KEPT:
                connection.close()
