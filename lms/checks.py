import os

from django.conf import settings
from django.core.checks import Error, register


@register()
def one_process_without_redis(**_) -> list[Error]:
    """memory:// and the in-memory channel layer exist in one process only."""
    processes = os.environ.get("WEB_CONCURRENCY", "1")
    if settings.REDIS_URL or processes in ("", "1"):
        return []
    return [
        Error(
            f"WEB_CONCURRENCY is {processes}, but without REDIS_URL everything lives in one process.",
            hint="Set REDIS_URL, or leave WEB_CONCURRENCY unset.",
            id="attune.E001",
        )
    ]
