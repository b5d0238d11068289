"""The limits of quality.py are what keeps a poor picture out of a learning state: from pictures to what is observed."""

import time

import cv2
import numpy as np
import pytest
from django.conf import settings

from emotion import learning_states, services
from emotion.inference import engine as engine_module
from emotion.inference.engine import Engine
from emotion.inference.quality import LARGEST_TILT
from emotion.models import EmotionBucket, LessonSession
from tests.emotion.factories import encode, make_answer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(settings.CHECKPOINTS_DIR / "attune", device="cpu")


def turned(picture: np.ndarray, degrees: float) -> np.ndarray:
    turn = cv2.getRotationMatrix2D((310, 190), degrees, 1)
    return cv2.warpAffine(picture, turn, (640, 480), borderMode=cv2.BORDER_REPLICATE)


SPOILT = {
    "too_dark": lambda picture: (picture * 0.12).astype(np.uint8),
    "too_bright": lambda picture: np.clip(picture * 0.1 + 235, 0, 255).astype(np.uint8),
    "too_blurred": lambda picture: cv2.GaussianBlur(picture, (0, 0), 8),
    "tilted": lambda picture: turned(picture, LARGEST_TILT + 15),
}


@pytest.fixture
def observed(engine, session, told):
    """The state after three minutes of what one picture gives, and the reason that the engine gave."""
    LessonSession.objects.filter(pk=session.pk).update(baseline={"neutral": 0.9})

    def observed(picture: np.ndarray) -> tuple[str, str]:
        [result] = engine.predict([encode(picture)])
        now = time.time()
        shown = {"outcome": result.outcome, "probabilities": result.probabilities}
        answers = [make_answer(session, n, at=now - 180 + n, **shown) for n in range(180)]
        services.record_readings(answers=answers, model_version=None)
        [estimate] = learning_states.observe(sessions={str(session.pk): None}, now=now).values()
        return estimate.state, result.reason

    return observed


def test_a_clear_smile_is_observed(observed, astronaut):
    assert observed(astronaut) == ("delighted", "")


@pytest.mark.parametrize("reason", SPOILT)
def test_of_a_spoilt_one_nothing_is_known(observed, astronaut, reason):
    assert observed(SPOILT[reason](astronaut)) == ("unknown", reason)
    assert not any(bucket.delighted for bucket in EmotionBucket.objects.all())


def test_what_the_detector_is_unsure_of_is_no_face(observed, engine, astronaut, monkeypatch):
    monkeypatch.setattr(engine, "detector", engine_module.FaceDetector(threshold=0.999))
    assert observed(astronaut) == ("unknown", "")
