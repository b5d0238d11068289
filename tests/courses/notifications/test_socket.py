"""The bell's socket: the number when it opens, and again whenever it changes."""

import asyncio
import json

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.layers import channel_layers
from channels.routing import URLRouter
from django.contrib.auth.models import AnonymousUser

from courses import broadcast
from courses.notifications.routing import websocket_urlpatterns
from courses.notifications.services import mark_read
from lms.channel_layer import LocalChannelLayer
from tests.courses.notifications.factories import tell
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)
WAIT = 3


@pytest.fixture(autouse=True)
def layer():
    layer = LocalChannelLayer()
    channel_layers.set("default", layer)
    yield layer
    channel_layers.backends.pop("default")
    broadcast.use_loop(None)


class Page:
    def __init__(self, user) -> None:
        scope = {"type": "websocket", "path": "/ws/notifications/", "headers": [], "user": user}
        self._socket = ApplicationCommunicator(URLRouter(websocket_urlpatterns), scope)

    async def open(self) -> "Page":
        broadcast.use_loop(asyncio.get_running_loop())
        await self._socket.send_input({"type": "websocket.connect"})
        assert (await self._socket.receive_output(WAIT))["type"] == "websocket.accept"
        return self

    async def event(self) -> dict:
        return await self._socket.receive_output(WAIT)

    async def unread(self) -> int:
        return json.loads((await self.event())["text"])["unread"]

    async def say(self, text: str) -> None:
        await self._socket.send_input({"type": "websocket.receive", "text": text})

    async def silent(self) -> bool:
        return await self._socket.receive_nothing(timeout=0.2, interval=0.01)

    async def leave(self) -> None:
        await self._socket.send_input({"type": "websocket.disconnect", "code": 1000})
        await self._socket.wait(WAIT)


def test_the_number_follows_what_happens():
    alice = make_user("alice")
    tell(alice)

    async def scene():
        page = await Page(alice).open()
        assert await page.unread() == 1
        await sync_to_async(tell)(alice)
        assert await page.unread() == 2
        await sync_to_async(mark_read)(user=alice)
        assert await page.unread() == 0
        await page.say("anything")
        assert await page.silent()
        await page.leave()

    async_to_sync(scene)()


def test_another_hears_nothing_of_it():
    alice, bob = make_user("alice"), make_user("bob")

    async def scene():
        page = await Page(bob).open()
        assert await page.unread() == 0
        await sync_to_async(tell)(alice)
        assert await page.silent()
        await page.leave()

    async_to_sync(scene)()


def test_a_visitor_is_sent_away(layer):
    async def scene():
        page = await Page(AnonymousUser()).open()
        event = await page.event()
        assert (event["type"], event["code"]) == ("websocket.close", 4401)
        assert not layer.groups

    async_to_sync(scene)()
