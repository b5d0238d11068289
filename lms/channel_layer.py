"""The channel layer of the embedded wiring."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from channels.layers import InMemoryChannelLayer

SWEEP_SECONDS = 1.0


class LocalChannelLayer(InMemoryChannelLayer):
    """InMemoryChannelLayer for hundreds of sockets in one loop. That one looks through all channels at every message,
    and starts a task and copies the message for each receiver. Receivers here must not change a message."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._swept = 0.0

    def _clean_expired(self) -> None:
        if time.monotonic() - self._swept >= SWEEP_SECONDS:
            self._swept = time.monotonic()
            super()._clean_expired()

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        self.require_valid_group_name(group)
        self._clean_expired()
        expires = time.time() + self.expiry
        for channel in list(self.groups.get(group, ())):
            queue = self.channels.setdefault(channel, asyncio.Queue(self.get_capacity(channel)))
            if not queue.full():  # as in the layer this stands for: who does not listen misses it
                queue.put_nowait((expires, message))
