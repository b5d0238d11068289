"""The socket of a running class: who hears it, and that it is put together once for all who do. In both wirings."""

import asyncio
import json

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.layers import channel_layers
from channels.routing import URLRouter
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache

from courses.models import Enrollment
from emotion import broadcast, class_now, class_socket
from emotion.models import FeatureGate
from emotion.routing import websocket_urlpatterns
from lms.channel_layer import LocalChannelLayer
from tests.emotion.factories import make_class, this_minute
from tests.factories import enroll, make_course, make_instructor, make_user
from tests.services import ServiceUnavailable, redis_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("store", "told")]
WAIT = 5


@pytest.fixture(scope="module")
def redis_url():
    try:
        with redis_server() as url:
            yield url
    except ServiceUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(params=["memory", "redis"])
def layer(request):
    cache.clear()
    if request.param == "memory":
        layer = LocalChannelLayer()
    else:
        layer = RedisPubSubChannelLayer(hosts=[request.getfixturevalue("redis_url")])
    channel_layers.set("default", layer)
    yield layer
    channel_layers.backends.pop("default")
    broadcast.use_loop(None)


class Page:
    def __init__(self, user, course) -> None:
        scope = {"type": "websocket", "path": f"/ws/courses/{course.pk}/now/", "headers": [], "user": user}
        self._socket = ApplicationCommunicator(URLRouter(websocket_urlpatterns), scope)

    async def open(self) -> dict:
        """What it is told first, or why it is sent away."""
        broadcast.use_loop(asyncio.get_running_loop())
        await self._socket.send_input({"type": "websocket.connect"})
        first = await self._socket.receive_output(WAIT)
        return await self.hear() if first["type"] == "websocket.accept" else first

    async def hear(self) -> dict:
        event = await self._socket.receive_output(WAIT)
        return json.loads(event["text"]) if event["type"] == "websocket.send" else event

    async def leave(self) -> None:
        await self._socket.send_input({"type": "websocket.disconnect", "code": 1000})
        await self._socket.wait(WAIT)


@pytest.fixture
def looks(monkeypatch):
    """How often a class was looked at; in the thread of the test's database."""
    looks = []

    def tick(course_id, tick=class_now.tick):
        looks.append(course_id)
        return tick(course_id)

    monkeypatch.setattr(class_now, "tick", tick)

    monkeypatch.setattr(
        class_socket,
        "database_sync_to_async",
        lambda function, thread_sensitive=True: sync_to_async(function),
    )
    return looks


def test_all_who_watch_hear_the_same_message_put_together_once(layer, looks, ines, course, lesson):
    make_class(lesson, 5, engaged=1, minute=this_minute())
    anton = make_user("anton")
    enroll(anton, course, role="assistant")

    async def watch():
        pages = [Page(ines, course), Page(ines, course), Page(anton, course)]
        assert [await page.open() for page in pages] == [{"type": "ready"}] * 3
        heard = [await page.hear() for page in pages[:1]]
        more = await asyncio.gather(*(page.hear() for page in pages))
        for page in pages:
            await page.leave()
        return heard[0], more

    first, more = async_to_sync(watch)()
    assert (first["type"], first["status"], first["cameras"], first["states"]["engaged"]) == ("class", "shown", 5, 0.6)
    assert len(more) == 3 and all(message["type"] == "class" for message in more)
    assert len(looks) <= 4
    assert not class_socket.watched._tasks  # nobody watches: nothing runs


@pytest.fixture
def memory_layer():
    channel_layers.set("default", LocalChannelLayer())
    yield
    channel_layers.backends.pop("default")
    broadcast.use_loop(None)


def person(name: str, course, ines):
    if name == "anonymous":
        return AnonymousUser()
    if name == "own instructor":
        return ines
    if name == "other instructor":
        ivo = make_instructor("ivo")
        make_course(instructor=ivo)
        return ivo
    somebody = make_user("sam")
    enroll(somebody, course, role=name)
    return somebody


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("anonymous", 4401),
        ("student", 4404),
        ("observer", 4404),
        ("other instructor", 4404),
        ("assistant", None),
        ("own instructor", None),
    ],
)
def test_who_is_let_in(name, code, memory_layer, looks, ines, course):
    page = Page(person(name, course, ines), course)

    async def knock():
        answer = await page.open()
        await page.leave()
        return answer

    answer = async_to_sync(knock)()
    assert answer == {"type": "ready"} if code is None else answer["code"] == code


def test_whoever_stops_teaching_stops_hearing(memory_layer, looks, ines, course, monkeypatch):
    monkeypatch.setattr(class_socket, "LOOK_AGAIN_SECONDS", 0.0)
    page = Page(ines, course)

    async def watch():
        assert await page.open() == {"type": "ready"}
        assert (await page.hear())["type"] == "class"
        await sync_to_async(Enrollment.objects.filter(user=ines).delete)()
        while (event := await page.hear())["type"] == "class":
            pass
        await page.leave()
        return event

    assert async_to_sync(watch)()["code"] == 4404


def test_with_the_features_off_there_is_no_such_socket(memory_layer, looks, ines, course):
    FeatureGate.objects.update(is_open=False)
    page = Page(ines, course)
    assert async_to_sync(page.open)()["type"] == "websocket.close"
