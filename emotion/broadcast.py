"""The only place that calls group_send.

The in-memory channel layer is not thread-safe, so a message from a worker's thread is handed to the event loop that the
sockets run on. A process without sockets, such as a Celery worker, sends from a loop of its own that lives as long.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

from channels.layers import get_channel_layer

logger = logging.getLogger(__name__)

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def use_loop(loop: asyncio.AbstractEventLoop | None) -> None:
    """Called by the server as it starts: its sockets live on this loop."""
    global _loop
    _loop = loop


def send_to_session(session_id: str, message: dict[str, Any]) -> None:
    """Push `message` to every open page of a session, from any thread. Never blocks, never raises."""
    send_many({session_id: [message]})


def send_many(messages: dict[str, list[dict[str, Any]]]) -> None:
    """The same for many sessions at once: {session id: messages}."""
    asyncio.run_coroutine_threadsafe(_send(messages), _current_loop())


async def _send(messages: dict[str, list[dict[str, Any]]]) -> None:
    layer = get_channel_layer()
    for session_id, items in messages.items():
        for item in items:
            try:
                await layer.group_send(f"session.{session_id}", {"type": "session.message", "message": item})
            except Exception:
                logger.exception("A message for session %s was not delivered.", session_id)


def _current_loop() -> asyncio.AbstractEventLoop:
    global _loop
    with _lock:
        if _loop is None or _loop.is_closed():
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="broadcast", daemon=True).start()
        return _loop
