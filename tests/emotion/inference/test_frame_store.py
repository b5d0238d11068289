"""One behaviour, two stores: memory for one process, Redis for many."""

import os
import threading
import time
from types import SimpleNamespace

import pytest

from emotion.inference import frame_store
from emotion.inference.frame_store import (
    LIFE_SECONDS,
    Frame,
    MemoryFrameStore,
    RedisFrameStore,
    open_frame_store,
)
from tests.emotion.factories import make_frame, make_jpeg

SECRET = "what web servers and workers share"


@pytest.fixture(params=["memory", "redis"])
def store(request):
    if request.param == "memory":
        return MemoryFrameStore()
    return RedisFrameStore(request.getfixturevalue("redis_url"), SECRET)


@pytest.fixture
def clock(monkeypatch):
    """The stores' time, which stands still unless a test moves it."""
    clock = SimpleNamespace(now=1_700_000_000.0)
    monkeypatch.setattr(frame_store, "time", SimpleNamespace(time=lambda: clock.now))
    return clock


def test_a_frame_comes_out_as_it_went_in(store):
    frame = Frame("b3c1", 7, make_jpeg() + b"\n\0\xff\n", time.time(), 41, 3, 12.5)
    assert store.put(frame) is None
    assert store.take("b3c1") == frame


def test_a_frame_is_handed_out_once(store):
    store.put(make_frame())
    assert store.take("a") is not None
    assert store.take("a") is None


def test_the_newest_wins_and_the_replaced_one_is_told(store):
    assert store.put(make_frame(sequence=1)) is None
    assert store.put(make_frame(sequence=2)) == 1
    assert store.put(make_frame(sequence=5)) == 2
    assert store.take("a").sequence == 5
    assert store.take("a") is None
    assert store.put(make_frame(sequence=6)) is None


def test_sessions_do_not_touch_each_other(store):
    store.put(make_frame("a", 1))
    assert store.put(make_frame("b", 2)) is None
    store.discard("a")
    assert store.take("a") is None
    assert store.take("b").sequence == 2


def test_discarding_nothing_is_harmless(store):
    store.discard("nobody")
    assert store.take("nobody") is None


def test_counting_starts_anew_in_each_window(store, clock):
    assert [store.count("frames:1", 1) for _ in range(3)] == [1, 2, 3]
    assert store.count("frames:2", 1) == 1
    clock.now += 1
    assert store.count("frames:1", 1) == 1


def test_a_window_lasts_as_long_as_asked(store, clock):
    clock.now -= clock.now % 60
    store.count("starts:1", 60)
    clock.now += 59
    assert store.count("starts:1", 60) == 2
    clock.now += 1
    assert store.count("starts:1", 60) == 1


def test_of_all_who_claim_a_key_the_first_has_it_until_its_time_is_over(store):
    assert store.claim_many(["window:a:1", "window:b:1"], 60) == [True, True]
    assert store.claim_many(["window:a:1", "window:a:2", "window:b:1"], 60) == [False, True, False]
    assert store.claim_many([], 60) == []


def test_in_memory_a_claim_ends_and_leaves_nothing(clock):
    store = MemoryFrameStore()
    store.claim_many(["window:a:1"], 60)
    clock.now += 59
    assert store.claim_many(["window:a:1"], 60) == [False]
    clock.now += 1
    store.take("a")
    store.count("frames:1", 1)  # any call sweeps
    assert store._claims == {}
    assert store.claim_many(["window:a:1"], 60) == [True]


def test_in_memory_a_frame_lives_five_seconds(clock):
    store = MemoryFrameStore()
    store.put(make_frame("a", at=clock.now))
    store.put(make_frame("b", at=clock.now))
    clock.now += LIFE_SECONDS - 0.01
    assert store.take("a") is not None
    clock.now += 0.01
    assert store.take("b") is None


def test_in_memory_nothing_is_left_of_students_who_closed_the_page(clock):
    store = MemoryFrameStore()
    for number in range(100):
        store.put(make_frame(f"gone-{number}", at=clock.now))
    clock.now += LIFE_SECONDS
    store.put(make_frame("here", at=clock.now))
    assert set(store._frames) == {"here"}


def test_in_memory_counters_do_not_grow_for_ever_and_the_present_ones_stay(clock):
    store = MemoryFrameStore()
    clock.now -= clock.now % 10
    for number in range(10_001):
        store.count(f"frames:{number}", 1)
    store.count("state:a", 10)
    clock.now += 2
    assert store.count("state:a", 10) == 2
    assert set(store._counts) == {"state:a"}


def test_in_memory_one_of_many_threads_gets_the_frame():
    store = MemoryFrameStore()
    taken = []
    for sequence in range(50):
        store.put(make_frame(sequence=sequence))
        start = threading.Barrier(4)

        def take(start=start):
            start.wait()
            if frame := store.take("a"):
                taken.append(frame.sequence)

        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert taken == list(range(50))


def test_in_redis_a_claim_is_one_trip_and_ends(redis_url, monkeypatch):
    import redis

    store, trips = RedisFrameStore(redis_url, SECRET), []
    execute = redis.client.Pipeline.execute
    monkeypatch.setattr(redis.client.Pipeline, "execute", lambda pipe: trips.append(len(pipe)) or execute(pipe))
    assert store.claim_many(["window:x:1", "window:y:1"], 60) == [True, True]
    assert trips == [2]
    assert 58 <= store._redis.ttl("claim:window:x:1") <= 60


def test_in_redis_a_frame_lives_five_seconds_and_a_count_as_long_as_its_window(redis_url):
    import redis

    store = RedisFrameStore(redis_url, SECRET)
    store.put(make_frame())
    store.count("frames:1", 1)
    server = redis.Redis.from_url(redis_url)
    assert 0 < server.pttl("frame:a") <= LIFE_SECONDS * 1000
    keys = server.scan_iter()
    lives = {key.decode().split(":")[0]: server.ttl(key) for key in keys}
    assert lives.keys() == {"count", "frame"}
    assert all(0 < life <= LIFE_SECONDS for life in lives.values())


def test_in_redis_another_process_takes_what_this_one_put(redis_url):
    RedisFrameStore(redis_url, SECRET).put(make_frame(sequence=3))
    assert RedisFrameStore(redis_url, SECRET).take("a").sequence == 3


def test_what_lies_in_redis_is_no_picture_and_opens_for_its_own_session_only(redis_url, caplog):
    import redis

    server, jpeg = redis.Redis.from_url(redis_url), make_jpeg()
    store = RedisFrameStore(redis_url, SECRET)
    store.put(make_frame("a", jpeg=jpeg))
    sealed = server.get("frame:a")
    assert len(sealed) > len(jpeg)
    assert not any(jpeg[start : start + 8] in sealed for start in range(len(jpeg) - 8))
    # Moved to another session, spoilt, or sealed by somebody else, it is as if nothing were there.
    server.set("frame:b", sealed)
    server.set("frame:c", sealed[:-1])
    RedisFrameStore(redis_url, "another secret").put(make_frame("d"))
    assert store.take_many(["b", "c", "d"]) == []
    assert "ATTUNE_SECRET_KEY" in caplog.text
    assert store.put(make_frame("a", 2)) == 1
    assert store.take("a").sequence == 2


def test_a_process_has_one_store(redis_url):
    assert open_frame_store(None, SECRET) is open_frame_store(None, SECRET)
    assert isinstance(open_frame_store(None, SECRET), MemoryFrameStore)
    assert isinstance(open_frame_store(redis_url, SECRET), RedisFrameStore)


def test_a_store_writes_no_file(store, tmp_path, monkeypatch):
    opened = []
    real_open = os.open
    monkeypatch.setattr(os, "open", lambda *a, **k: opened.append(a[0]) or real_open(*a, **k))
    monkeypatch.setattr("builtins.open", lambda *a, **k: opened.append(a[0]) or pytest.fail("a file was opened"))
    store.put(make_frame(jpeg=make_jpeg(640, 480)))
    store.take("a")
    assert not opened
