import os

from django.conf import settings
from django.core.checks import Error, register

from accounts import demo


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


@register()
def no_demo_in_production(**_) -> list[Error]:
    """The demo's people have a published password, and its pages sign in at one press."""
    if not settings.ATTUNE_DEMO or not demo.looks_like_production():
        return []
    return [
        Error(
            f"{settings.ATTUNE_DATA_DIR} is a demo's folder, whose accounts have a published password; "
            "it is served to this machine alone.",
            hint="Set ATTUNE_DATA_DIR to a new folder, with a database of its own, for a site that others reach.",
            id="attune.E002",
        )
    ]
