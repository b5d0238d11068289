"""The demo's class: its stories can be found where an instructor looks for them."""

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from courses.models import Certificate, Course, Lesson, Mark, QuizAttempt, Submission, Thread
from emotion.lesson_climate import lesson_climate
from emotion.models import EmotionBucket, SelfReport

pytestmark = pytest.mark.django_db


def seed() -> dict[str, object]:
    call_command("seed_demo", verbosity=0)
    models = (User, Certificate, Mark, QuizAttempt, Submission, Thread, EmotionBucket, SelfReport)
    scores = sorted(QuizAttempt.objects.values_list("user__email", "number", "score_percent"))
    return {model.__name__: model.objects.count() for model in models} | {"scores": scores}


def test_its_stories_are_told(client):
    first = seed()
    assert seed() == first  # again, it changes nothing
    course = Course.objects.get()
    assert course.enrollments.students().count() == 30
    second = Lesson.objects.get(title="How spread out?")
    (spot,) = lesson_climate(second).spots
    assert spot.block.title == "The standard deviation, step by step"
    assert spot.looked > spot.judged / 2
    assert first["Certificate"] == 8
    assert Submission.objects.filter(mark=None).count() == 4
    ada = User.objects.get(email="ada@attune.example")
    assert not ada.progress.exists()  # her first lesson is still before her
    behind = User.objects.get(email="jonas@attune.example")
    assert behind.progress.count() == 2
    assert set(SelfReport.objects.filter(user=behind).values_list("state", flat=True)) >= {"frustrated"}


def test_what_was_tried_out_in_the_demo_does_not_keep_it_from_starting():
    seed()
    Course.objects.get().cohorts.all().delete()
    seed()
    assert not Course.objects.get().cohorts.exists()
    Certificate.objects.all().delete()
    Course.objects.get().delete()
    seed()
    assert Course.objects.get().enrollments.students().count() == 30


def test_no_class_where_others_are_served(settings):
    settings.ALLOWED_HOSTS = ["lms.example"]
    with pytest.raises(CommandError, match="published password"):
        call_command("seed_demo")
    assert not User.objects.exists()
