"""Clients that mean ill, or are broken: each message is answered, and the socket serves the next one as well."""

import asyncio
import json
import os
import random
import time

import pytest
from asgiref.sync import async_to_sync

from emotion.places import LARGEST_SEQUENCE
from tests.emotion.test_consumers import JPEG, Page, layer, message  # noqa: F401  (a fixture)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("store", "queued", "layer")]

# CI sends ten thousand (.ci/run): under a minute on two busy cores.
MALFORMED = int(os.environ.get("ATTUNE_MALFORMED", "300"))


def malformed(number: int) -> bytes | str:
    """The same for each number: noise, broken heads, impossible numbers, spoilt pictures, and words that are none."""
    draw = random.Random(number)
    spoilt = bytearray(JPEG)
    for _ in range(20):
        spoilt[draw.randrange(2, 60)] = draw.randrange(256)
    return draw.choice(
        [
            draw.randbytes(draw.randrange(0, 400)),
            message(head=draw.randbytes(30)),
            message(head=[1, 2]),
            message(head={}),
            message(sequence=draw.choice([-1, 1.5, "x", True, None, LARGEST_SEQUENCE + 1, 10**30, [], {}])),
            message(sequence=1, block=draw.choice([-1, "x", 2**70, [], {}])),
            message(sequence=1, place_seconds=draw.choice([-1, "x", 1e300, [1], "nan"])),
            message(jpeg=b"", sequence=1),
            message(jpeg=b"\xff\xd8\xff" + draw.randbytes(200), sequence=1),
            message(jpeg=JPEG[: draw.randrange(3, len(JPEG) - 2)], sequence=1),
            "".join(chr(draw.randrange(32, 0xD7FF)) for _ in range(draw.randrange(200))),
            "[" * draw.randrange(1, 20_000),
            json.dumps(draw.choice([None, 7, [], {}, {"type": None}, {"type": ["ping"]}, {"type": "frame"}])),
            json.dumps(
                {"type": "reading", "sequence": draw.choice([None, -1, "x", 2**70, 1.5, {}]), "outcome": "face"}
            ),
            json.dumps({"type": "reading", "sequence": 1, "outcome": draw.choice(["joy", 7, None, [], {}])}),
        ]
    )


async def next_of(page, *kinds) -> dict:
    while (said := await page.hear())["type"] not in kinds:
        pass
    return said


def test_each_of_many_malformed_frames_is_refused_and_the_socket_is_as_fast_after(session):
    async def talk():
        page = await Page(session.user, session.pk).open()
        await next_of(page, "ready")

        async def ping() -> float:
            started = time.perf_counter()
            await page.say('{"type": "ping"}')
            await next_of(page, "pong")
            return time.perf_counter() - started

        before = sorted([await ping() for _ in range(20)])[10]
        for number in range(MALFORMED):
            spoilt = malformed(number)
            await (page.say(spoilt) if isinstance(spoilt, str) else page.send(spoilt))
            assert (await next_of(page, "refused"))["status"] in (400, 413, 415, 429), number
        after = sorted([await ping() for _ in range(20)])[10]
        await page.send(message(sequence=LARGEST_SEQUENCE))
        await page.leave()
        assert after < 10 * before + 0.05

    async_to_sync(talk)()


def test_ten_sockets_of_one_student_have_the_rate_of_one(session):
    async def talk() -> list[str]:
        pages = [await Page(session.user, session.pk).open() for _ in range(10)]
        for page in pages:
            await next_of(page, "ready")
        await asyncio.gather(*(page.send(message(sequence=n)) for n, page in enumerate(pages)))
        said = [(await next_of(page, "accepted", "refused"))["type"] for page in pages]
        for page in pages:
            await page.leave()
        return said

    assert async_to_sync(talk)().count("accepted") <= 4  # two a second; the ten may fall into two of them


def test_a_number_from_the_future_is_taken_once_and_holds_nothing_up(session):
    async def talk() -> list[str]:
        page = await Page(session.user, session.pk).open()
        await next_of(page, "ready")
        said = []
        for number in (LARGEST_SEQUENCE, LARGEST_SEQUENCE + 1, 5):
            await page.send(message(sequence=number))
            said.append((await next_of(page, "accepted", "refused"))["type"])
        await page.leave()
        return said

    assert async_to_sync(talk)() == ["accepted", "refused", "accepted"]
