import asyncio
import logging
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()  # before anything that imports models

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.db import database_sync_to_async  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402

from emotion import broadcast  # noqa: E402
from emotion.routing import websocket_urlpatterns  # noqa: E402
from lms.body_limit import limit_bodies  # noqa: E402
from lms.celery import app as celery_app  # noqa: E402
from lms.embedded import EmbeddedWorker  # noqa: E402

logger = logging.getLogger(__name__)


async def tidy_hourly() -> None:
    """Retention without a scheduler. Several servers doing it at once is harmless."""
    while True:
        for command in ("prune_readings", "tend_support"):
            try:
                await database_sync_to_async(call_command)(command, verbosity=0)
            except Exception:  # a database that is away for a while must not end this for good
                logger.exception("%s did not run; the next try is in an hour.", command)
        await asyncio.sleep(3600)


async def lifespan(scope, receive, send) -> None:
    """Whatever ASGI server runs this gets the wiring of the settings: without Redis, the worker lives in here."""
    worker = tidying = None
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            broadcast.use_loop(asyncio.get_running_loop())
            tidying = asyncio.create_task(tidy_hourly())
            if not settings.REDIS_URL:
                worker = EmbeddedWorker(celery_app, "frames")
                worker.start()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            if tidying:
                tidying.cancel()
            if worker:
                await asyncio.to_thread(worker.stop)
            broadcast.use_loop(None)
            await send({"type": "lifespan.shutdown.complete"})
            return


application = ProtocolTypeRouter(
    {
        "http": limit_bodies(django_application),
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
        "lifespan": lifespan,
    }
)
