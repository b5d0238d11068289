"""Messages reach the pages of a session from whatever thread they are sent."""

import asyncio
import threading

import pytest
from channels.layers import channel_layers

from emotion import broadcast
from lms.channel_layer import LocalChannelLayer

MESSAGE = {"type": "reading", "sequence": 1}


@pytest.fixture
def layer():
    layer = LocalChannelLayer()
    channel_layers.set("default", layer)
    yield layer
    channel_layers.backends.pop("default")
    broadcast.use_loop(None)


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 5))


def test_a_message_from_a_workers_thread_reaches_the_page(layer):
    async def page():
        broadcast.use_loop(asyncio.get_running_loop())
        await layer.group_add("session.a", "page")
        threading.Thread(target=broadcast.send_to_session, args=("a", MESSAGE)).start()
        return await layer.receive("page")

    assert run(page()) == {"type": "session.message", "message": MESSAGE}


def test_messages_arrive_in_the_order_sent_and_at_their_own_session_only(layer):
    async def pages():
        broadcast.use_loop(asyncio.get_running_loop())
        await layer.group_add("session.a", "page-a")
        await layer.group_add("session.b", "page-b")
        broadcast.send_many({"a": [{"n": 1}, {"n": 2}], "b": [{"n": 3}]})
        heard = [await layer.receive(channel) for channel in ("page-a", "page-a", "page-b")]
        return [event["message"]["n"] for event in heard]

    assert run(pages()) == [1, 2, 3]


def test_a_page_that_cannot_be_reached_costs_the_others_nothing(layer, monkeypatch, caplog):
    real = layer.group_send

    async def group_send(group, event):
        if group == "session.broken":
            raise OSError("gone")
        await real(group, event)

    monkeypatch.setattr(layer, "group_send", group_send)

    async def page():
        broadcast.use_loop(asyncio.get_running_loop())
        await layer.group_add("session.a", "page")
        broadcast.send_many({"broken": [MESSAGE], "a": [MESSAGE]})
        return await layer.receive("page")

    assert run(page())["message"] == MESSAGE
    assert "A message for session was not delivered" in caplog.text


def test_a_process_without_sockets_sends_from_a_loop_of_its_own(layer):
    broadcast.use_loop(None)
    sent = threading.Event()

    async def group_send(group, event):
        assert (group, event["message"]) == ("session.a", MESSAGE)
        sent.set()

    layer.group_send = group_send
    broadcast.send_to_session("a", MESSAGE)
    assert sent.wait(5)
