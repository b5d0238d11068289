"""A worker killed, a broker restarted, a database away: no answered reading is lost, none is doubled, every accepted
frame is answered or reported within three seconds, and the page recovers by itself."""

import json
import threading
import time
from collections import Counter

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect
from websockets.exceptions import ConnectionClosed

from emotion.consumers import pack_frame
from tests.e2e.conftest import new_database
from tests.e2e.test_main_job import CAMERA, sign_in
from tests.pictures import as_new
from tests.services import attune_server, postgres_service, redis_service
from tests.visitor import Visitor

pytestmark = pytest.mark.e2e

PROMISED_SECONDS = 3.0
GRACE_SECONDS = 1.0  # for a busy machine, and the way back


class Student(threading.Thread):
    """Sends a frame, waits for what becomes of it, sends the next; comes back by itself when the line is cut."""

    def __init__(self, visitor: Visitor, session: str, jpeg: bytes) -> None:
        super().__init__(daemon=True)
        # By turns, each with a number of its own: a picture that does not live is no face after a minute.
        mirrored = cv2.flip(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), 1)
        self._jpegs = (jpeg, cv2.imencode(".jpg", mirrored)[1].tobytes())
        self._visitor, self._session = visitor, session
        self._done = threading.Event()
        self.sent = 0
        self.accepted: dict[int, float] = {}
        self.fates: dict[int, list[str]] = {}
        self.waited: dict[int, float] = {}
        self.lines = 0  # how often the line was open
        self.cut: set[int] = set()  # in flight when the line was cut: the page knows that itself

    def run(self) -> None:
        while not self._done.is_set():
            try:
                with self._visitor.socket(self._session) as socket:
                    self.lines += 1
                    while not self._done.is_set():
                        self._one_frame(socket)
            except (ConnectionClosed, OSError, AssertionError, TimeoutError):
                self.cut |= {number for number in range(1, self.sent + 1) if number not in self.fates}
                time.sleep(0.3)

    def _one_frame(self, socket) -> None:
        self.sent += 1
        sequence = self.sent
        jpeg = as_new(self._jpegs[sequence % 2], sequence)
        socket.send(pack_frame({"sequence": sequence}, jpeg))
        started = time.monotonic()
        while sequence not in self.fates:
            message = json.loads(socket.recv(timeout=10))
            number = message.get("sequence")
            if message["type"] == "accepted":
                self.accepted[number] = time.monotonic()
            elif number is not None:
                self.fates.setdefault(number, []).append(message["type"])
                self.waited[number] = time.monotonic() - self.accepted.get(number, started)
        time.sleep(0.55)

    def finish(self) -> None:
        self._done.set()
        self.join(20)
        assert not self.is_alive()

    def count(self, fate: str, since: int = 0) -> int:
        return sum(fates[0] == fate for number, fates in self.fates.items() if number > since)

    def wait_for_readings(self, more: int, seconds: float) -> None:
        since, deadline = self.sent, time.monotonic() + seconds
        while self.count("reading", since) < more:
            assert time.monotonic() < deadline, f"{Counter(f[0] for f in self.fates.values())}, {self.lines} lines"
            time.sleep(0.1)


@pytest.fixture
def production(tmp_path):
    """(Redis, PostgreSQL, Attune with its worker), each of them to be taken away."""
    with redis_service() as redis, postgres_service() as postgres:
        database_url = new_database(postgres.url)
        with attune_server(tmp_path, redis_url=redis.url + "0", database_url=database_url) as attune:
            yield redis, postgres, attune


@pytest.fixture
def student(production, astronaut):
    _, _, attune = production
    ada = Visitor(attune.url, "ada@attune.example")
    session = ada.start_session()
    student = Student(ada, session, cv2.imencode(".jpg", astronaut)[1].tobytes())
    student.start()
    student.wait_for_readings(3, 30)
    yield student
    student.finish()
    check_the_books(attune, session, student)


def check_the_books(attune, session: str, student: Student) -> None:
    """sent = answered + dropped (told) + refused (told) + cut off (seen by the page), each in time, once and true."""
    for number, fates in student.fates.items():
        assert len(fates) == 1, f"frame {number}: {fates}"
    assert set(student.fates) | student.cut == set(range(1, student.sent + 1))
    late = {number: waited for number, waited in student.waited.items() if waited > PROMISED_SECONDS + GRACE_SECONDS}
    assert not late
    stored = [sequence for (sequence,) in attune.readings(session, "sequence")]
    assert len(stored) == len(set(stored))
    answered = {number for number, fates in student.fates.items() if fates == ["reading"]}
    assert answered <= set(stored)
    # Nothing the page was told is untrue: what is stored was answered, or its line was cut before it could be told.
    assert set(stored) - answered <= student.cut
    faces = attune.rows("SELECT SUM(faces) FROM emotion_emotionbucket")[0][0]
    assert faces == len(stored)


def test_a_killed_worker_costs_the_frames_in_its_hands_and_no_more(production, student):
    _, _, attune = production
    attune.kill_worker()
    time.sleep(4)
    attune.bring_worker_back()
    student.wait_for_readings(5, 60)
    assert student.count("dropped") >= 1
    assert student.lines == 1


def test_a_restarted_broker(production, student):
    redis, _, _ = production
    redis.stop()
    time.sleep(4)
    redis.start()
    student.wait_for_readings(5, 60)


def test_a_database_that_is_away_for_twenty_seconds(production, student):
    _, postgres, attune = production
    postgres.stop()
    time.sleep(20)
    postgres.start()
    student.wait_for_readings(5, 60)
    assert student.count("refused") + student.count("dropped") + len(student.cut) >= 1
    assert attune.worker.poll() is None


def test_the_page_says_reconnecting_and_recovers(production, open_browser, face_clip):
    _, _, attune = production
    browser = open_browser(*CAMERA, f"--use-file-for-fake-video-capture={face_clip}")
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    sign_in(page, attune.url, "ada@attune.example")
    page.goto(f"{attune.url}/courses/calm-statistics/")
    page.click("button:has-text('Enroll')")
    page.click("main a:has-text('What is typical')")
    page.click("text=What the camera is for")
    for choice in ("#camera", "#history", "#age-older"):
        page.check(choice)
    page.click("text=Yes, as ticked")
    page.click("[data-camera-start]")
    expect(page.locator("[data-camera-words]")).to_have_text("Looks happy", timeout=20_000)
    attune.stop_web()
    expect(page.locator("[data-camera-line]")).to_have_text("Reconnecting.", timeout=20_000)
    attune.bring_web_back()
    expect(page.locator("[data-camera-line]")).to_contain_text("Camera on.", timeout=60_000)
    before = page.inner_text("[data-camera-facts]")
    expect(page.locator("[data-camera-facts]")).not_to_have_text(before, timeout=20_000)
