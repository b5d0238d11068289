import contextlib
import json

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import DatabaseError
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from courses.notifications.models import Notification
from courses.notifications.services import group_of

NOT_SIGNED_IN = 4401
TRY_AGAIN = 1013


class NotificationSocket(AsyncWebsocketConsumer):
    """Says {"unread": n} when it opens and whenever the number changes. What the page sends is not listened to."""

    async def connect(self) -> None:
        self._group: str | None = None
        user = self.scope["user"]
        await self.accept()
        if not user.is_authenticated:
            await self.close(NOT_SIGNED_IN, _("Please sign in first."))
            return
        try:
            # First the group, then the count: what happens between the two is told twice rather than not at all.
            await self.channel_layer.group_add(group_of(user.pk), self.channel_name)
            self._group = group_of(user.pk)
            unread = await database_sync_to_async(Notification.objects.visible_to(user).unread().count)()
        except (DatabaseError, RedisError, OSError):
            await self.close(TRY_AGAIN, _("The server is not ready yet."))
            return
        await self.send(json.dumps({"unread": unread}))

    async def disconnect(self, code: int) -> None:
        if self._group:
            with contextlib.suppress(RedisError, OSError):  # a broker that is away has forgotten the group
                await self.channel_layer.group_discard(self._group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        pass

    async def notifications_unread(self, event: dict) -> None:
        """From services.push_unread."""
        await self.send(json.dumps({"unread": event["unread"]}))
