"""The socket of those who watch a running class, and the tasks that put together what it sends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections import Counter

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import DatabaseError
from django.utils.translation import gettext_noop as _
from django.utils.translation.trans_real import translation
from redis.exceptions import RedisError

from accounts.middleware import language_of_socket
from courses.broadcast import send_to_groups
from emotion import class_now
from emotion.policy import features_are_on

logger = logging.getLogger(__name__)

NOT_SIGNED_IN = 4401
NO_SUCH_CLASS = 4404
TRY_AGAIN = 1013
LOOK_AGAIN_SECONDS = 30.0  # who was let in may have been sent away since


class ClassSocket(AsyncWebsocketConsumer):
    """Says {"type": "ready"}, and then, once a second, {"type": "class", ...} as `class_now.look` makes it. What the
    page sends is not listened to."""

    async def connect(self) -> None:
        self._course_id: int | None = None
        course_id = self.scope["url_route"]["kwargs"]["course_id"]
        user = self.scope["user"]
        say = translation(language_of_socket(self.scope)).gettext
        try:
            if not await database_sync_to_async(features_are_on)():
                await self.close()  # before it is accepted: the handshake is refused
                return
        except (DatabaseError, OSError):
            pass  # told below
        await self.accept()
        if not user.is_authenticated:
            await self.close(NOT_SIGNED_IN, say(_("Please sign in first.")))
            return
        try:
            if not await database_sync_to_async(class_now.may_watch)(user, course_id):
                await self.close(NO_SUCH_CLASS, say(_("There is no such class.")))
                return
            await self.channel_layer.group_add(class_now.group_of(course_id), self.channel_name)
        except (DatabaseError, RedisError, OSError):
            await self.close(TRY_AGAIN, say(_("The server is not ready yet.")))
            return
        self._course_id, self._looked = course_id, time.monotonic()
        await self.send(json.dumps({"type": "ready"}))
        watched.join(course_id)

    async def disconnect(self, code: int) -> None:
        if self._course_id is None:
            return
        watched.leave(self._course_id)
        with contextlib.suppress(RedisError, OSError):  # a broker that is away has forgotten the group
            await self.channel_layer.group_discard(class_now.group_of(self._course_id), self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        pass

    async def class_now(self, event: dict) -> None:
        """From the task below, in whichever process it was its turn."""
        if time.monotonic() - self._looked >= LOOK_AGAIN_SECONDS:
            self._looked = time.monotonic()
            try:
                if not await database_sync_to_async(class_now.may_watch)(self.scope["user"], self._course_id):
                    await self.close(NO_SUCH_CLASS)
                    return
            except (DatabaseError, OSError):
                await self.close(TRY_AGAIN)
                return
        await self.send(event["text"])


class WatchedClasses:
    """One task for each class that somebody watches from this process, however many they are."""

    def __init__(self) -> None:
        self._viewers: Counter[int] = Counter()
        self._tasks: dict[int, asyncio.Task] = {}

    def join(self, course_id: int) -> None:
        self._viewers[course_id] += 1
        if self._viewers[course_id] == 1:
            self._tasks[course_id] = asyncio.create_task(self._run(course_id))

    def leave(self, course_id: int) -> None:
        self._viewers[course_id] -= 1
        if not self._viewers[course_id]:
            del self._viewers[course_id]
            self._tasks.pop(course_id).cancel()

    async def _run(self, course_id: int) -> None:
        """In a thread of its own: the one that sockets and pages share must not wait for it."""
        look = database_sync_to_async(class_now.tick, thread_sensitive=False)
        while True:
            try:
                message = await look(course_id)
            except Exception:  # a database that is away costs seconds, not the view
                logger.warning("Class %d was not looked at this second.", course_id, exc_info=True)
            else:
                if message:  # written once, whoever watches
                    text = json.dumps({"type": "class", **message})
                    send_to_groups({class_now.group_of(course_id): [{"type": "class.now", "text": text}]})
            # At the full second, so that processes ask for the same one and one of them sends it.
            await asyncio.sleep(1 - time.time() % 1)


watched = WatchedClasses()
