"""How Attune is served: uvicorn with the limits that sockets need."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn
from django.core.management.base import CommandError

from lms.slow_connections import ImpatientProtocol

# A frame is 200 KB at most; up to this, a larger one is refused with a sentence instead of a cut connection.
LARGEST_SOCKET_MESSAGE = 1024 * 1024


class AnnouncingServer(uvicorn.Server):
    """Says where it is once it accepts connections."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()


def configure(application, host: str, port: int, **more) -> uvicorn.Config:
    """uvicorn with the limits that frames, sockets and slow connections need."""
    return uvicorn.Config(
        application,
        host=host,
        port=port,
        http=ImpatientProtocol,
        log_config=None,
        access_log=False,
        ws_max_size=LARGEST_SOCKET_MESSAGE,
        ws_per_message_deflate=False,  # frames are JPEGs and answers a few hundred bytes
        timeout_graceful_shutdown=3,
        **more,
    )


def serve(host: str, port: int, announce: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM, then finish what is in hand. Raises CommandError when the port is taken."""
    if not 0 <= port <= 65535:
        raise CommandError(f"Port {port} is none; ports are numbered from 0 to 65535.")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} on {host} cannot be used ({error.strerror}); try --port {port + 1}."
            ) from None
    config = configure("lms.asgi:application", host, port, lifespan="on")
    server = AnnouncingServer(config, announce)
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    if not server.started:
        raise CommandError("The server could not start; the lines above say why.")
