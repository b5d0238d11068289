"""Frames good and bad, against a real server: each gets one sentence, nothing stays, and the worker lives."""

import base64
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.services import attune_server
from tests.visitor import Visitor, ask, ask_until_answered, hear

pytestmark = pytest.mark.e2e


def as_jpeg(image: np.ndarray, quality: int = 85) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def with_size_in_header(jpeg: bytes, width: int, height: int) -> bytes:
    """The same JPEG, claiming another size."""
    start = jpeg.index(b"\xff\xc0")
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return jpeg[: start + 5] + size + jpeg[start + 9 :]


def noise(megabytes: float) -> np.ndarray:
    side = int((megabytes * 1e6) ** 0.5)
    return np.random.default_rng(0).integers(0, 256, (side, side, 3)).astype(np.uint8)


@pytest.fixture
def good(astronaut) -> bytes:
    return as_jpeg(astronaut)


@pytest.fixture
def bad_frames(good) -> dict[str, tuple[bytes, int]]:
    heavy = as_jpeg(noise(0.5), quality=98)
    assert 300_000 < len(heavy) < 1_000_000
    return {
        "empty": (b"", 400),
        "not a JPEG": (b"GIF89a" + bytes(500), 415),
        "cut short": (good[: len(good) // 2], 400),
        "300 KB": (heavy, 413),
        "20,000 x 20,000": (with_size_in_header(good, 20_000, 20_000), 413),
        "three megabytes": (good + bytes(3_000_000), 413),
    }


def test_bad_frames_are_refused_with_a_sentence_and_the_worker_lives(attune, good, bad_frames):
    ada = Visitor(attune.url, "ada@attune.example")
    session = ada.start_session()

    for name, (frame, expected) in bad_frames.items():
        status, answer = ada.upload(session, frame)
        assert (name, status) == (name, expected)
        assert answer["detail"].endswith(".") and "\n" not in answer["detail"]

    with ada.socket(session) as socket:
        for sequence, (name, (frame, expected)) in enumerate(bad_frames.items()):
            if name == "three megabytes":
                continue  # over the socket's own limit, which is the next test
            answer = ask(socket, sequence, frame)
            assert (name, answer["type"], answer["status"]) == (name, "refused", expected)
        assert attune.readings(session) == []
        # Headers and all, yet nothing inside: it is accepted, and said to be unclear.
        hollow = good[:700] + bytes(2000) + b"\xff\xd9"
        assert ask_until_answered(socket, 90, hollow)["outcome"] in ("unclear", "no_face")
        time.sleep(1)
        answer = ask_until_answered(socket, 100, good)
    assert (answer["type"], answer["outcome"], answer["words"]) == ("reading", "face", "Looks happy")


def test_what_is_no_single_face_is_never_an_emotion(attune, astronaut):
    ada = Visitor(attune.url, "ada@attune.example")
    session = ada.start_session()
    half = cv2.resize(astronaut, (320, 240))
    two = np.zeros_like(astronaut)
    two[120:360, :320], two[120:360, 320:] = half, half
    with ada.socket(session) as socket:
        for sequence, (image, outcome) in enumerate(
            [(np.full_like(astronaut, 90), "no_face"), (two, "several_faces"), (astronaut, "face")]
        ):
            answer = ask_until_answered(socket, 10 * sequence, as_jpeg(image))
            assert answer["outcome"] == outcome
            assert (answer["probabilities"] is not None) == (outcome == "face")
            time.sleep(0.7)
    stored = attune.readings(session, "outcome, neutral, happiness")
    assert stored[:2] == [("no_face", None, None), ("several_faces", None, None)]


def test_frames_of_those_who_may_not_send_are_refused(attune, good):
    ada, ben = Visitor(attune.url, "ada@attune.example"), Visitor(attune.url, "ben@attune.example")
    session = ada.start_session()
    assert ben.upload(session, good)[0] == 404
    with ada.socket(session) as socket:
        assert ask_until_answered(socket, 1, good)["type"] == "reading"
        # On another device, she leaves the course.
        Visitor(attune.url, "ada@attune.example").post_form("/courses/calm-statistics/leave/", {})
        answer = ask(socket, 20, good)
        assert (answer["type"], answer["status"]) == ("refused", 403)
        assert answer["message"] == "You are not enrolled in this course."
    assert ada.upload(session, good)[0] == 403
    assert len(attune.readings(session)) == 1


def test_withdrawing_stops_every_open_page_within_a_second(attune, good):
    ada = Visitor(attune.url, "ada@attune.example")
    session = ada.start_session()
    with ada.socket(session) as socket:
        assert ask_until_answered(socket, 1, good)["type"] == "reading"
        started = time.monotonic()
        Visitor(attune.url, "ada@attune.example").post_form(f"/lessons/{ada.lesson}/camera/withdraw/", {})
        hear(socket, "closed")
        assert time.monotonic() - started < 5  # a second on a machine that does nothing else
    assert ada.upload(session, good)[0] == 403


def test_frames_leave_no_trace(tmp_path, monkeypatch, astronaut):
    """A canary: no stretch of its bytes is found in the database, logs, temporary files or anything else on disk."""
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setenv("ATTUNE_LOG_LEVEL", "debug")
    canary = as_jpeg(astronaut)
    heavy = as_jpeg(noise(0.5), quality=98)
    boundary = "canary"
    multipart = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="frame"; filename="c.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    ).encode()
    with attune_server(tmp_path / "data") as server:
        ada = Visitor(server.url, "ada@attune.example")
        session = ada.start_session()
        path = f"/api/v1/lesson-sessions/{session}/frames/"
        assert ada.upload(session, canary)[0] == 202
        time.sleep(1.2)
        body = multipart + canary + f"\r\n--{boundary}--\r\n".encode()
        assert ada.post(path, body, f"multipart/form-data; boundary={boundary}")[0] == 202
        assert ada.upload(session, heavy)[0] == 413
        assert ada.upload(session, canary + heavy * 8)[0] == 413
        time.sleep(1.2)
        with ada.socket(session) as socket:
            assert ask_until_answered(socket, 7, canary)["type"] == "reading"
        assert server.readings(session)
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "attune.sqlite3" for path in kept)
    assert not [path.name for path in kept if holds_a_stretch_of(path, canary) or holds_a_stretch_of(path, heavy)]


def holds_a_stretch_of(path: Path, jpeg: bytes) -> bool:
    """Whether 24 bytes of the picture, raw, as hexadecimal, base64 or as Python shows them, are in a file."""
    content = path.read_bytes()
    for start in range(1000, len(jpeg) - 24, 997):
        stretch = jpeg[start : start + 24]
        forms = (stretch, stretch.hex().encode(), base64.b64encode(stretch)[:28], repr(stretch)[2:-1].encode())
        if any(form in content for form in forms):
            return True
    return False
