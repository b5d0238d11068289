"""Frames of many students in one call, and every frame accounted for."""

import threading
import time
from dataclasses import replace

import pytest

from emotion.inference.batcher import PATIENCE_SECONDS, STALE_AFTER_SECONDS, Batcher
from emotion.inference.results import FrameResult
from tests.emotion.factories import make_frame

SOON = 5


class Engine:
    """Answers with the JPEG's text as the outcome. While `gate` is shut it waits; `failing` frames make it raise."""

    serving = "a model"

    def __init__(self) -> None:
        self.calls: list[list[bytes]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def predict(self, jpegs, sessions):
        assert len(sessions) == len(jpegs)
        self.calls.append(list(jpegs))
        self.entered.set()
        assert self.gate.wait(SOON)
        if b"bad" in jpegs:
            raise RuntimeError("the device is gone")
        return [FrameResult(jpeg.decode()) for jpeg in jpegs]


class Heard:
    """What the batcher reports, and a way to wait for it."""

    def __init__(self) -> None:
        self.answers, self.dropped, self.reasons, self.paces = [], [], [], []

    def answered(self, answers) -> None:
        self.answers.extend(answers)

    def drop(self, frames, reason, pace_ms) -> None:
        self.paces.append(pace_ms)
        self.dropped.extend(frames)
        self.reasons.append(reason)

    def wait_for(self, count: int) -> None:
        deadline = time.monotonic() + SOON
        while len(self.answers) + len(self.dropped) < count:
            assert time.monotonic() < deadline, f"{self.answers} {self.dropped}"
            time.sleep(0.002)

    def pairs(self) -> list[tuple[str, int]]:
        return [(answer.session_id, answer.sequence) for answer in self.answers]


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def start(engine, heard):
    batchers = []

    def start(**options) -> Batcher:
        batcher = Batcher(engine, heard.answered, heard.drop, **options)
        batchers.append(batcher)
        batcher.start()
        return batcher

    yield start
    engine.gate.set()
    for batcher in batchers:
        batcher.stop()


def frames(*sessions: str, **extra):
    return [make_frame(session, number, jpeg=session.encode(), **extra) for number, session in enumerate(sessions)]


def test_frames_of_several_students_are_one_call(start, engine, heard):
    engine.gate.clear()
    batcher = start()
    batcher.submit(make_frame("first", 9, jpeg=b"first"))
    assert engine.entered.wait(SOON)  # the device is busy, meanwhile others arrive
    for frame in frames("a", "b", "c"):
        batcher.submit(frame)
    engine.gate.set()
    heard.wait_for(4)
    assert engine.calls == [[b"first"], [b"a", b"b", b"c"]]
    assert heard.pairs() == [("first", 9), ("a", 0), ("b", 1), ("c", 2)]
    assert [answer.result.outcome for answer in heard.answers] == ["first", "a", "b", "c"]
    assert heard.dropped == []


def test_a_batch_is_at_most_as_large_as_asked(start, engine, heard):
    engine.gate.clear()
    batcher = start(max_batch=2)
    for frame in frames("a", "b", "c", "d", "e"):
        batcher.submit(frame)
    engine.gate.set()
    heard.wait_for(5)
    assert max(map(len, engine.calls)) <= 2
    assert [session for session, _ in heard.pairs()] == ["a", "b", "c", "d", "e"]


def test_a_lone_frame_does_not_wait_for_company(start, heard):
    batcher = start()
    started = time.monotonic()
    batcher.submit(make_frame(jpeg=b"a"))
    heard.wait_for(1)
    assert time.monotonic() - started < 0.5


def test_of_one_student_the_newest_is_answered_and_the_older_told(start, engine, heard):
    engine.gate.clear()
    batcher = start()
    batcher.submit(make_frame("other", 1, jpeg=b"other"))
    assert engine.entered.wait(SOON)
    for sequence, jpeg in ((1, b"one"), (3, b"three"), (2, b"two")):
        batcher.submit(make_frame("a", sequence, jpeg=jpeg))
    engine.gate.set()
    heard.wait_for(4)
    assert engine.calls == [[b"other"], [b"three"]]
    assert heard.pairs() == [("other", 1), ("a", 3)]
    assert sorted(heard.dropped) == [("a", 1), ("a", 2)]
    assert heard.reasons == ["A newer frame took its place."] * 2


def test_a_frame_that_waited_too_long_is_dropped_and_told(start, engine, heard):
    batcher = start()
    batcher.submit(make_frame("late", 1, at=time.time() - STALE_AFTER_SECONDS - 0.1))
    heard.wait_for(1)
    assert heard.dropped == [("late", 1)]
    assert engine.calls == []
    batcher.submit(make_frame("in time", 1, jpeg=b"in time", at=time.time() - STALE_AFTER_SECONDS + 1))
    heard.wait_for(2)
    assert heard.pairs() == [("in time", 1)]


def test_of_two_frames_with_one_number_one_is_answered_and_none_dropped(start, engine, heard):
    engine.gate.clear()
    batcher = start()
    batcher.submit(make_frame("other", 1, jpeg=b"other"))
    assert engine.entered.wait(SOON)
    for _ in range(2):  # a task that was delivered twice
        batcher.submit(make_frame("a", 1, jpeg=b"a"))
    engine.gate.set()
    heard.wait_for(2)
    assert (heard.pairs(), heard.dropped) == ([("other", 1), ("a", 1)], [])


def test_an_answer_that_comes_too_late_is_not_recorded(start, engine, heard):
    engine.gate.clear()
    batcher = start()
    batcher.submit(make_frame("slow", 1, jpeg=b"slow", at=time.time() - STALE_AFTER_SECONDS + 0.1))
    assert engine.entered.wait(SOON)
    time.sleep(0.15)
    engine.gate.set()
    heard.wait_for(1)
    assert (heard.pairs(), heard.dropped) == ([], [("slow", 1)])


def test_when_more_wait_than_fit_those_who_waited_long_make_room(start, engine, heard):
    engine.gate.clear()
    batcher = start(max_batch=2)
    batcher.submit(make_frame("busy", 1, jpeg=b"busy"))
    assert engine.entered.wait(SOON)
    old = time.time() - PATIENCE_SECONDS - 0.1
    for frame in (*frames("a", "b", at=old), *frames("c", "d")):
        batcher.submit(frame)
    engine.gate.set()
    heard.wait_for(5)
    assert sorted(heard.dropped) == [("a", 0), ("b", 1)]
    assert heard.pairs() == [("busy", 1), ("c", 0), ("d", 1)]


def test_while_there_is_room_an_old_frame_is_answered(start, engine, heard):
    batcher = start()
    batcher.submit(make_frame("a", 1, jpeg=b"a", at=time.time() - PATIENCE_SECONDS - 0.5))
    heard.wait_for(1)
    assert heard.pairs() == [("a", 1)]


def test_the_student_who_waited_longest_for_an_answer_comes_first(start, engine, heard):
    batcher = start(max_batch=2, deadline_seconds=0.2)
    for frame in frames("a", "b"):
        batcher.submit(frame)
    heard.wait_for(2)
    engine.gate.clear()
    engine.entered.clear()
    batcher.submit(make_frame("busy", 5, jpeg=b"busy"))
    assert engine.entered.wait(SOON)
    for session in ("a", "b", "new", "newer"):
        batcher.submit(make_frame(session, 9, jpeg=session.encode()))
    engine.gate.set()
    heard.wait_for(7)
    assert engine.calls[2:] == [[b"new", b"newer"], [b"a", b"b"]]


def test_courses_take_turns_so_that_a_large_one_does_not_crowd_out_a_small_one(start, engine, heard):
    engine.gate.clear()
    batcher = start(max_batch=4)
    batcher.submit(make_frame("busy", 5, jpeg=b"busy"))
    assert engine.entered.wait(SOON)
    for number in range(12):
        batcher.submit(replace(make_frame(f"large{number}", 1, jpeg=b"large"), course_number=1))
    for number in range(2):
        batcher.submit(replace(make_frame(f"small{number}", 1, jpeg=b"small"), course_number=2))
    engine.gate.set()
    heard.wait_for(15)
    assert engine.calls[1] == [b"large", b"small", b"large", b"small"]


def test_answers_and_drops_say_how_fast_to_go_on(start, heard):
    batcher = start()
    batcher.pace.seconds = 2.5
    batcher.submit(make_frame("a", 1, jpeg=b"a"))
    batcher.submit(make_frame("late", 1, at=time.time() - 10))
    heard.wait_for(2)
    assert [answer.pace_ms for answer in heard.answers] == heard.paces == [2500]


def test_an_answer_carries_its_place_and_how_long_it_took(start, heard):
    accepted = time.time() - 0.5
    frame = make_frame("a", 3, jpeg=b"a", at=accepted)
    frame = type(frame)(**{**vars(frame), "block_number": 41, "edition": 2, "place_seconds": 12.5})
    start().submit(frame)
    heard.wait_for(1)
    (answer,) = heard.answers
    assert (answer.block_number, answer.edition, answer.place_seconds) == (41, 2, 12.5)
    assert answer.accepted_at == accepted
    assert 500 <= answer.latency_ms < 2000


def test_an_engine_that_fails_costs_its_batch_and_no_more(start, heard):
    batcher = start()
    batcher.submit(make_frame("unlucky", 1, jpeg=b"bad"))
    heard.wait_for(1)
    assert heard.dropped == [("unlucky", 1)]
    assert heard.reasons == ["Something went wrong on our side."]
    batcher.submit(make_frame("lucky", 2, jpeg=b"fine"))
    heard.wait_for(2)
    assert heard.pairs() == [("lucky", 2)]


def test_a_database_that_fails_costs_its_batch_and_no_more(start, engine, heard):
    down = [True]

    def record(answers):
        if down.pop() if down else False:
            raise OSError("the database is away")
        heard.answered(answers)

    batcher = Batcher(engine, record, heard.drop)
    batcher.start()
    batcher.submit(make_frame("unlucky", 1, jpeg=b"a"))
    heard.wait_for(1)
    batcher.submit(make_frame("lucky", 2, jpeg=b"a"))
    heard.wait_for(2)
    assert (heard.dropped, heard.pairs()) == ([("unlucky", 1)], [("lucky", 2)])
    batcher.stop()


def test_the_engine_reads_on_while_answers_are_recorded(engine, heard):
    away = threading.Event()

    def record(answers):
        assert away.wait(SOON)
        heard.answered(answers)

    batcher = Batcher(engine, record, heard.drop, max_batch=1)
    batcher.start()
    for number, frame in enumerate(frames("a", "b", "c")):
        batcher.submit(frame)
        deadline = time.monotonic() + SOON
        while len(engine.calls) <= min(number, 2):
            assert time.monotonic() < deadline
            time.sleep(0.002)
    assert heard.answers == []  # "a" is being recorded, "b" waits for that, "c" is read
    away.set()
    heard.wait_for(3)
    assert heard.pairs() == [("a", 0), ("b", 1), ("c", 2)]
    assert {answer.served_by for answer in heard.answers} == {"a model"}
    batcher.stop()


def test_a_report_that_fails_does_not_end_the_thread(engine, heard):
    def drop(frames, reason, pace_ms):
        raise OSError("nobody listens")

    batcher = Batcher(engine, heard.answered, drop)
    batcher.start()
    batcher.submit(make_frame("unlucky", 1, jpeg=b"bad"))
    batcher.submit(make_frame("lucky", 2, jpeg=b"fine"))
    while not heard.answers:
        assert batcher._thread.is_alive()
        batcher.submit(make_frame("lucky", 2, jpeg=b"fine"))
        time.sleep(0.02)
    batcher.stop()


def test_stopping_answers_what_is_queued(start, engine, heard):
    engine.gate.clear()
    batcher = start(max_batch=2)
    for frame in frames("a", "b", "c", "d", "e"):
        batcher.submit(frame)
    stopping = threading.Thread(target=batcher.stop)
    stopping.start()
    engine.gate.set()
    stopping.join(SOON)
    assert [session for session, _ in heard.pairs()] == ["a", "b", "c", "d", "e"]
    assert not batcher._thread.is_alive()


def test_stopping_twice_or_before_the_start_is_harmless(engine, heard):
    batcher = Batcher(engine, heard.answered, heard.drop)
    batcher.stop()
    batcher.start()
    batcher.stop()
    batcher.stop()


def test_a_full_queue_holds_the_sender_back(start, engine, heard):
    engine.gate.clear()
    batcher = start(capacity=2, max_batch=1)
    sent = []

    def send():
        for frame in frames("a", "b", "c", "d", "e"):
            batcher.submit(frame)
            sent.append(frame)

    sender = threading.Thread(target=send)
    sender.start()
    deadline = time.monotonic() + SOON
    while len(sent) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert len(sent) == 3  # one with the engine, two in the queue
    engine.gate.set()
    sender.join(SOON)
    heard.wait_for(5)
