"""Rows, pictures and answers for the emotion tests. Each function makes a valid one; arguments override."""

import datetime
import time

import cv2
import numpy as np
from django.utils import timezone

from courses.models import Lesson
from emotion.consents import Choices
from emotion.core.labels import EXPRESSIONS
from emotion.inference.frame_store import Frame
from emotion.inference.results import Answer, FrameResult
from emotion.models import Consent, EmotionBucket, FeatureGate, LessonSession, ModelVersion
from emotion.policy import state_gate
from tests.factories import enroll, make_user

ALLOWED = Choices(camera=True, history=True)
SHARED = Choices(camera=True, history=True, share_with_instructor=True)
# What the page of consent sends for ALLOWED, by somebody of age.
YES = {"camera": "on", "history": "on", "age": "older"}


def open_gate() -> FeatureGate:
    return state_gate(jurisdiction="demonstration", institution="own-machine", purpose="evaluation", stated_by="a test")


def make_consent(user, course, *, share: bool = False, **extra) -> Consent:
    allowed = {"camera": True, "history": True, "share_with_instructor": share, **extra}
    return Consent.objects.create(user=user, course=course, **allowed)


def make_session(user, lesson: Lesson, *, share: bool = False, **extra) -> LessonSession:
    """A session under the consent in force, or under a new one."""
    consent = Consent.objects.in_force().filter(user=user, course=lesson.course).first()
    consent = consent or make_consent(user, lesson.course, share=share)
    return LessonSession.objects.create(user=user, lesson=lesson, consent=consent, **extra)


def make_class(lesson: Lesson, size: int, *, share: bool = False, **bucket) -> list[LessonSession]:
    """`size` enrolled students, each with a session and one bucket in the lesson."""
    sessions = []
    for _ in range(size):
        number = LessonSession.objects.count() + 1
        student = make_user(f"student{number}")
        enroll(student, lesson.course)
        session = make_session(student, lesson, share=share)
        make_bucket(session, **bucket)
        sessions.append(session)
    return sessions


def this_minute() -> datetime.datetime:
    return timezone.now().replace(second=0, microsecond=0)


def make_bucket(session: LessonSession, *, place: int = 0, faces: int = 10, block=None, **extra) -> EmotionBucket:
    """Ten seconds of `faces` faces ten minutes ago, all happiness unless the expressions are given."""
    if not set(extra) & set(EXPRESSIONS):
        extra["happiness"] = faces
    extra.setdefault("minute", this_minute() - datetime.timedelta(minutes=10))
    extra.setdefault("edition", session.lesson.edition)
    block = block or session.lesson.blocks.first()
    return EmotionBucket.objects.create(session=session, block_number=block.pk, place=place, faces=faces, **extra)


def make_model(name: str = "small", **extra) -> ModelVersion:
    return ModelVersion.objects.create(name=name, weights_sha256="0" * 64, **extra)


def make_probabilities(**some: float) -> dict[str, float]:
    """All eight, the rest shared evenly by those not named."""
    rest = (1 - sum(some.values())) / (len(EXPRESSIONS) - len(some))
    return {name: some.get(name, rest) for name in EXPRESSIONS}


def make_answer(session: LessonSession, sequence: int = 1, *, outcome: str = "face", at=None, **extra) -> Answer:
    """An answer of the worker; a face is happy with 0.79 unless `probabilities` says otherwise."""
    probabilities = extra.pop("probabilities", make_probabilities(happiness=0.79))
    at = at or timezone.now()
    return Answer(
        session_id=str(session.pk),
        sequence=sequence,
        accepted_at=at.timestamp() if isinstance(at, datetime.datetime) else at,
        block_number=extra.pop("block_number", 0),
        edition=extra.pop("edition", 1),
        place_seconds=extra.pop("place_seconds", 0.0),
        result=FrameResult(outcome, probabilities if outcome == "face" else None),
        latency_ms=extra.pop("latency_ms", 40),
    )


def make_frame(session_id: str = "a", sequence: int = 1, *, jpeg: bytes = b"jpeg", at: float | None = None) -> Frame:
    return Frame(session_id, sequence, jpeg, time.time() if at is None else at)


def make_jpeg(width: int = 64, height: int = 64, *, suffix: str = ".jpg", noise: bool = True) -> bytes:
    """A picture as a file: noise with a fixed seed, or plain grey."""
    picture = np.full((height, width, 3), 127, np.uint8)
    if noise:
        picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return encode(picture, suffix)


def encode(picture: np.ndarray, suffix: str = ".jpg") -> bytes:
    return cv2.imencode(suffix, picture)[1].tobytes()


def with_size(jpeg: bytes, width: int, height: int) -> bytes:
    """The same JPEG, whose header claims another size."""
    start = next(i for i in range(len(jpeg) - 1) if jpeg[i] == 0xFF and jpeg[i + 1] in (0xC0, 0xC2))
    return jpeg[: start + 5] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + jpeg[start + 9 :]
