import asyncio
import logging
import os
from functools import partial

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()  # before anything that imports models

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.db import database_sync_to_async  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402

from accounts.second_factor import guard_sockets  # noqa: E402
from courses import broadcast  # noqa: E402
from courses.notifications import tasks  # noqa: E402
from courses.notifications.routing import websocket_urlpatterns as notification_sockets  # noqa: E402
from courses.overview import weekly  # noqa: E402
from emotion.collector import keep_what_is_loaded  # noqa: E402
from emotion.routing import websocket_urlpatterns as emotion_sockets  # noqa: E402
from lms.body_limit import limit_bodies  # noqa: E402
from lms.celery import app as celery_app  # noqa: E402
from lms.embedded import EmbeddedWorker  # noqa: E402
from lms.metrics.processes import Publisher  # noqa: E402
from lms.metrics.requests import count_sockets  # noqa: E402
from lms.quiet import BREATH_SECONDS, Quiet  # noqa: E402
from lms.slow_connections import limit_sockets  # noqa: E402

logger = logging.getLogger(__name__)
quiet = Quiet()
FOR_THE_WORKER_SECONDS = 600


async def repeat(seconds: int, *commands: str) -> None:
    """Periodic jobs without a scheduler. Several servers doing them at once is harmless.

    In a thread of their own: the one that sockets and pages share must not wait for them.
    """
    while True:
        for command in commands:
            try:
                await database_sync_to_async(call_command, thread_sensitive=False)(command, verbosity=0)
            except Exception:  # a database that is away for a while must not end this for good
                logger.exception("%s did not run; the next try is in %d s.", command, seconds)
        await asyncio.sleep(seconds)


async def sum_up_weeks() -> None:
    """Each hour, the weekly summaries that are due: by the worker for mail where there is one, and what it leaves here,
    while nobody asks for a page and a course at a time (two hundred of them take a processor twelve seconds)."""
    in_a_thread = partial(database_sync_to_async, thread_sensitive=False)
    while True:
        try:
            if await asyncio.to_thread(tasks.ask_for_summaries):
                await asyncio.sleep(FOR_THE_WORKER_SECONDS)
            await quiet.wait()
            for course in await in_a_thread(weekly.courses_to_sum_up)():
                await quiet.wait(BREATH_SECONDS)
                await in_a_thread(weekly.send_weekly_summaries)(course=course)
        except Exception:  # a database that is away for a while must not end this for good
            logger.exception("The weekly summaries were not made; the next try is in an hour.")
        await asyncio.sleep(3600)


async def lifespan(scope, receive, send) -> None:
    """Whatever ASGI server runs this gets the wiring of the settings: without Redis, the worker lives in here."""
    worker, publisher, jobs = None, None, []
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            broadcast.use_loop(asyncio.get_running_loop())
            jobs = [
                asyncio.create_task(repeat(3600, "prune_readings", "tend_support", "prune_events")),
                asyncio.create_task(repeat(3600, "remind_of_deadlines", "prune_notifications")),
                asyncio.create_task(sum_up_weeks()),
                asyncio.create_task(repeat(24 * 3600, "apply_retention", "prune_sign_ins", "note_audit_log")),
                asyncio.create_task(repeat(60, "put_together_histories", "close_quiz_attempts", "send_invitations")),
                asyncio.create_task(repeat(20, "tend_notifications")),
                asyncio.create_task(repeat(5, "deliver_events")),
                asyncio.create_task(repeat(30, "send_statements")),
            ]
            publisher = Publisher("web", settings.REDIS_URL)
            publisher.start()
            if not settings.REDIS_URL:
                worker = EmbeddedWorker(celery_app, "frames")
                worker.start()
            keep_what_is_loaded()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            for job in jobs:
                job.cancel()
            for background in (worker, publisher):
                if background:
                    await asyncio.to_thread(background.stop)
            broadcast.use_loop(None)
            await send({"type": "lifespan.shutdown.complete"})
            return


sockets = [*emotion_sockets, *notification_sockets]
application = ProtocolTypeRouter(
    {
        "http": quiet.listen(limit_bodies(django_application)),
        "websocket": AllowedHostsOriginValidator(
            count_sockets(AuthMiddlewareStack(limit_sockets(guard_sockets(URLRouter(sockets)))))
        ),
        "lifespan": lifespan,
    }
)
