"""What the database itself refuses, whoever writes to it."""

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from emotion.models import EmotionReading
from tests.emotion.factories import make_bucket, make_model

pytestmark = pytest.mark.django_db

FACE = {"outcome": "face", "neutral": 0.5}


def make_reading(session, sequence=1, **extra):
    return EmotionReading.objects.create(session=session, sequence=sequence, taken_at=timezone.now(), **extra)


def refused(function, *arguments, **named) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        function(*arguments, **named)


def test_probabilities_lie_between_nothing_and_everything(session):
    make_reading(session, 1, **FACE, contempt=None, happiness=1.0, fear=0.0)
    for value in (-0.01, 1.01):
        refused(make_reading, session, 2, **{**FACE, "neutral": value})
        refused(make_reading, session, 2, **FACE, contempt=value)


def test_a_face_has_probabilities_and_nothing_else_has(session):
    make_reading(session, 1, outcome="no_face")
    refused(make_reading, session, 2, outcome="face")
    refused(make_reading, session, 2, outcome="unclear", neutral=0.5)


def test_an_outcome_is_one_of_four(session):
    refused(make_reading, session, outcome="asleep")


def test_a_frame_is_one_reading(session):
    make_reading(session, 1, **FACE)
    refused(make_reading, session, 1, outcome="no_face")
    make_reading(session, 2, outcome="no_face")


def test_a_place_and_minute_is_one_bucket(session):
    make_bucket(session, place=1)
    refused(make_bucket, session, place=1)
    make_bucket(session, place=2)


def test_a_model_that_readings_name_stays(session):
    model = make_model()
    make_reading(session, **FACE, model_version=model)
    with pytest.raises(ProtectedError):
        model.delete()


def test_a_models_status_is_known():
    refused(make_model, status="beloved")
