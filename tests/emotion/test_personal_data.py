"""What a student's face gave rise to, in the profile's export and gone with its erasure."""

import json

import pytest
from django.core.serializers.json import DjangoJSONEncoder

from accounts import personal_data as accounts
from emotion import personal_data, services
from emotion.models import Consent, EmotionBucket, EmotionReading, LessonSession
from tests.emotion.factories import make_answer, make_session
from tests.factories import enroll, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def both(session, lesson, told):
    """Alice and Bob, each with a reading."""
    bob = make_user("bob")
    enroll(bob, lesson.course)
    answers = [make_answer(session, 7), make_answer(make_session(bob, lesson), 9)]
    services.record_readings(answers=answers, model_version=None)
    return session.user, bob


def test_a_student_gets_all_of_their_own_and_nothing_of_others(both):
    alice, _ = both
    export = json.loads(json.dumps(personal_data.export_emotion(alice), cls=DjangoJSONEncoder))
    assert {name: len(rows) for name, rows in export.items() if rows} == {
        "consents": 1,
        "sessions": 1,
        "readings": 1,
        "history": 1,
    }
    reading, bucket = export["readings"][0], export["history"][0]
    assert (reading["sequence"], reading["outcome"], reading["happiness"]) == (7, "face", 0.79)
    assert (bucket["faces"], bucket["happiness"]) == (1, 0.79)


def test_erasing_leaves_nothing_of_a_student_and_all_of_others(both):
    alice, bob = both
    assert personal_data.erase_emotion(alice) == 2  # a session, a consent
    for model, owner in (
        (Consent, "user"),
        (LessonSession, "user"),
        (EmotionReading, "session__user"),
        (EmotionBucket, "session__user"),
    ):
        assert set(model.objects.values_list(owner, flat=True)) == {bob.pk}


def test_the_account_page_knows_of_it(both):
    alice, _ = both
    assert accounts.export_all(alice)["emotion"]["readings"]
    assert accounts.erase_all(alice)["emotion"] == 2
