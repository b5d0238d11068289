"""The channel layer of the embedded wiring, as the sockets use it."""

import asyncio

from lms import channel_layer
from lms.channel_layer import LocalChannelLayer

MESSAGE = {"type": "session.message", "message": {"type": "reading"}}


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 5))


def test_a_message_reaches_everybody_in_its_group_and_nobody_else():
    layer = LocalChannelLayer()

    async def hear():
        for channel in ("a", "b"):
            await layer.group_add("session.1", channel)
        await layer.group_add("session.2", "c")
        await layer.group_send("session.1", MESSAGE)
        heard = [await layer.receive(channel) for channel in ("a", "b")]
        return heard, layer.channels

    heard, waiting = run(hear())
    assert heard == [MESSAGE, MESSAGE]
    assert waiting == {}


def test_who_has_left_hears_nothing():
    layer = LocalChannelLayer()

    async def leave():
        await layer.group_add("session.1", "a")
        await layer.group_discard("session.1", "a")
        await layer.group_send("session.1", MESSAGE)
        return layer.channels

    assert run(leave()) == {}


def test_who_does_not_listen_fills_no_memory_and_is_forgotten(monkeypatch):
    monkeypatch.setattr(channel_layer, "SWEEP_SECONDS", 0)
    layer = LocalChannelLayer(capacity=10, expiry=0.05)

    async def flood():
        await layer.group_add("session.1", "a")
        for _ in range(1000):
            await layer.group_send("session.1", MESSAGE)
        waiting = layer.channels["a"].qsize()
        await asyncio.sleep(0.1)
        await layer.group_send("session.2", MESSAGE)
        return waiting, layer.channels, layer.groups["session.1"]

    assert run(flood()) == (10, {}, {})
