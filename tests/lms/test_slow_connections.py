"""Connections that are opened and held: each comes to an end, and nobody else waits for them."""

import asyncio
import contextlib
import http.client
import socket
import threading
import time
from statistics import median
from types import SimpleNamespace

import pytest
import uvicorn

from lms import server, slow_connections
from tests.services import free_port, wait_until

HANDSHAKE = (
    b"GET /ws/ HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
SLOW = {
    "silent": b"",
    "a head without an end": b"GET / HTTP/1.1\r\nHost: localhost\r\n",
    "a body without an end": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n",
    "a socket that answers no ping": HANDSHAKE,
}


async def application(scope, receive, send) -> None:
    """Reads what is sent, and answers."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    while (message := await receive())["type"] == "http.request" and message.get("more_body"):
        pass
    if message["type"] == "http.request":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"OK"})


@pytest.fixture
def port(monkeypatch):
    """Of a server with Attune's limits, each a second long."""
    monkeypatch.setattr(slow_connections, "HEAD_SECONDS", 1.0)
    monkeypatch.setattr(slow_connections, "BODY_SECONDS", 1.0)
    port = free_port()
    config = server.configure(
        application, "127.0.0.1", port, lifespan="off", ws_ping_interval=1, ws_ping_timeout=1, loop="asyncio"
    )
    running = uvicorn.Server(config)
    running.install_signal_handlers = lambda: None
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    wait_until(lambda: running.started, 20, "The server")
    yield port
    running.should_exit = True
    thread.join(10)


def connect(port: int, first: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(first)
    return connection


def answer_seconds(port: int) -> float:
    """The median of thirty requests, each on a connection of its own."""
    taken = []
    for _ in range(30):
        started = time.perf_counter()
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        client.request("GET", "/")
        assert client.getresponse().read() == b"OK"
        client.close()
        taken.append(time.perf_counter() - started)
    return median(taken)


def is_over(connection: socket.socket) -> bool:
    """Whether the other side has ended it."""
    connection.setblocking(False)
    try:
        while connection.recv(4096):
            pass  # what a socket was told before
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def test_two_hundred_slow_connections_slow_nobody_down_and_come_to_an_end(port):
    before = answer_seconds(port)
    held = [connect(port, first) for first in SLOW.values() for _ in range(50)]
    during = answer_seconds(port)
    assert sum(is_over(each) for each in held) < 200  # they were there meanwhile
    ends = time.monotonic() + 15
    while not all(is_over(each) for each in held):
        assert time.monotonic() < ends, {kind: is_over(held[50 * n]) for n, kind in enumerate(SLOW)}
        for each in held[50:150]:  # a byte now and then
            with contextlib.suppress(OSError):
                each.send(b"x")
        time.sleep(0.2)
    after = answer_seconds(port)
    assert max(during, after) < 10 * before + 0.05


def test_it_is_the_limits_that_end_them(port, monkeypatch):
    monkeypatch.setattr(slow_connections, "HEAD_SECONDS", 60.0)
    monkeypatch.setattr(slow_connections, "BODY_SECONDS", 60.0)
    held = {kind: connect(port, first) for kind, first in SLOW.items()}
    time.sleep(2.5)
    assert [kind for kind in SLOW if is_over(held[kind])] == ["a socket that answers no ping"]


def test_a_body_on_a_poor_line_arrives(port, monkeypatch):
    monkeypatch.setattr(slow_connections, "BODY_BYTES", 100)
    poor = connect(port, b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(10):
        time.sleep(0.3)
        poor.sendall(b"x" * 100)
    assert poor.recv(100).startswith(b"HTTP/1.1 200 OK")


def test_a_second_request_on_a_connection_has_the_limit_of_the_first(port):
    kept = connect(port, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answer = b""
    while not answer.endswith(b"OK"):  # head and body may come apart
        answer += kept.recv(1000)
    for letter in "GET / HT":
        with contextlib.suppress(OSError):
            kept.send(letter.encode())
        time.sleep(0.25)
    assert is_over(kept)


def test_of_too_many_that_wait_the_oldest_gives_way(port, monkeypatch):
    monkeypatch.setattr(slow_connections, "MOST_WAITING", 5)
    monkeypatch.setattr(slow_connections, "HEAD_SECONDS", 60.0)
    held = [connect(port) for _ in range(8)]
    deadline = time.monotonic() + 5
    while [is_over(each) for each in held] != [True] * 3 + [False] * 5:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert answer_seconds(port) < 1


def test_one_person_has_so_many_sockets_and_another_has_theirs(monkeypatch):
    monkeypatch.setattr(slow_connections, "MOST_SOCKETS", 3)
    accepted, done = [], asyncio.Event()

    async def socket_page(scope, receive, send) -> None:
        accepted.append(scope["user"].pk)
        await done.wait()

    async def attempts() -> list[int]:
        limited, refused = slow_connections.limit_sockets(socket_page), []

        async def receive() -> dict:
            return {"type": "websocket.connect"}

        def sender(person):
            async def send(message: dict) -> None:
                refused.append((person, message["type"]))

            return send

        def opens(person):
            return asyncio.create_task(limited({"user": SimpleNamespace(pk=person)}, receive, sender(person)))

        tasks = [opens(person) for person in (1, 1, 1, 1, 2, None, None, None, None)]
        await asyncio.sleep(0.01)
        assert sorted(accepted, key=str) == [1, 1, 1, 2, None, None, None, None]
        assert refused == [(1, "websocket.close")]
        done.set()
        await asyncio.gather(*tasks)
        done.clear()
        again = opens(1)
        await asyncio.sleep(0.01)
        assert accepted[-1] == 1 and len(refused) == 1
        done.set()
        await again

    asyncio.run(attempts())
