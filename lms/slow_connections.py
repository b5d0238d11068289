"""An end to connections that are opened and held (slow-loris): uvicorn waits for a request's head and body for ever.

Sockets need nothing more than uvicorn does: one whose page answers no ping within 20 s is closed, and pings come every
20 s. How many one person has is `limit_sockets`'s to say.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0  # from the connection, or from a later request's first byte, to the end of its headers
# Of a body, so much has to arrive in each stretch of so many seconds: 200 bytes a second, which any line can do.
BODY_SECONDS, BODY_BYTES = 20.0, 4000
# A class behind one address opens connections that its browsers use a moment later; what is more gives way, the oldest
# first, so that nobody can use up the server's own number of open files.
MOST_WAITING = 200
MOST_SOCKETS = 40  # of one person in one process: twenty tabs with a lesson

App = Callable[[dict[str, Any], Callable, Callable], Awaitable[None]]


class ImpatientProtocol(HttpToolsProtocol):
    """uvicorn's, with a time limit for what is not there yet."""

    _waiting: defaultdict[str, dict[ImpatientProtocol, None]] = defaultdict(dict)  # by address, the oldest first

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._timer: asyncio.TimerHandle | None = None
        self._arrived = 0
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._arrived += len(data)
        super().data_received(data)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._timer is None:  # a later request on the same connection
            self._wait_for_head()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()
        self._wait_for_body()

    def on_message_complete(self) -> None:
        self._stop_waiting()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._stop_waiting()
        super().handle_websocket_upgrade()

    def _wait_for_head(self) -> None:
        self._timer = self.loop.call_later(HEAD_SECONDS, self._look_at_head)
        others = self._waiting[self._address]
        others[self] = None
        if len(others) > MOST_WAITING:
            next(iter(others))._give_up()

    def _wait_for_body(self) -> None:
        self._arrived = 0
        self._timer = self.loop.call_later(BODY_SECONDS, self._look_at_body)

    def _look_at_head(self) -> None:
        if self.flow.read_paused:  # an earlier request is being answered: the server itself does not read on
            self._timer = self.loop.call_later(HEAD_SECONDS, self._look_at_head)
        else:
            self._give_up()

    def _look_at_body(self) -> None:
        if self._arrived < BODY_BYTES and not self.flow.read_paused:
            self._give_up()
        else:
            self._wait_for_body()

    def _stop_waiting(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        others = self._waiting[self._address]
        others.pop(self, None)
        if not others:
            del self._waiting[self._address]

    def _give_up(self) -> None:
        self._stop_waiting()
        if not self.transport.is_closing():
            self.transport.close()

    @property
    def _address(self) -> str:
        return self.client[0] if self.client else ""


def limit_sockets(application: App) -> App:
    """Refuse the handshake of a signed-in person who has MOST_SOCKETS open here already. Whoever is not signed in is
    sent away by the socket itself."""
    is_open: Counter[int] = Counter()

    async def limited(scope, receive, send) -> None:
        person = scope["user"].pk
        if person is None:
            await application(scope, receive, send)
            return
        if is_open[person] >= MOST_SOCKETS:
            await receive()  # websocket.connect
            await send({"type": "websocket.close"})
            return
        is_open[person] += 1
        try:
            await application(scope, receive, send)
        finally:
            is_open[person] -= 1
            if not is_open[person]:
                del is_open[person]

    return limited
