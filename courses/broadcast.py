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


def send_to_groups(messages: dict[str, list[dict[str, Any]]]) -> None:
    """{group: what its consumers handle, each with a "type"}, from any thread. Never blocks, never raises."""
    asyncio.run_coroutine_threadsafe(_send(messages), _current_loop())


async def _send(messages: dict[str, list[dict[str, Any]]]) -> None:
    layer = get_channel_layer()
    for group, items in messages.items():
        for item in items:
            try:
                await layer.group_send(group, item)
            except Exception:
                # Not the group's whole name, which may hold a person's number.
                logger.exception("A message for %s was not delivered.", group.partition(".")[0])


def _current_loop() -> asyncio.AbstractEventLoop:
    global _loop
    with _lock:
        if _loop is None or _loop.is_closed():
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="broadcast", daemon=True).start()
        return _loop
