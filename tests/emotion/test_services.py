"""Consent, sessions, retention and the registry of models. Frames and readings have files of their own."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from courses.services import withdraw_student
from emotion import consents, registry, services, tasks
from emotion.core.manifest import CheckpointError
from emotion.models import (
    Consent,
    EmotionBucket,
    EmotionReading,
    FeatureGate,
    LessonSession,
    ModelVersion,
)
from emotion.services import Refused
from tests.emotion.core.factories import make_checkpoint
from tests.emotion.factories import (
    ALLOWED,
    SHARED,
    make_answer,
    make_bucket,
    make_consent,
    make_frame,
    make_model,
    make_session,
)
from tests.factories import enroll, make_course, make_lesson, make_user

pytestmark = pytest.mark.django_db


def refusal(function, **arguments) -> tuple[int, str]:
    with pytest.raises(Refused) as raised:
        function(**arguments)
    sentence = str(raised.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return raised.value.status, sentence


# Consent


def test_a_student_says_yes_for_one_course(alice, course):
    other = make_course()
    enroll(alice, other)
    consent = consents.give_consent(user=alice, course=course, choices=ALLOWED)
    assert (consent.user, consent.course, consent.share_with_instructor) == (alice, course, False)
    assert not Consent.objects.in_force().filter(course=other).exists()


def test_whoever_is_not_enrolled_is_refused(course, ines):
    sentence = "Only people enrolled in this course can turn its camera on."
    assert refusal(consents.give_consent, user=make_user("charlie"), course=course, choices=ALLOWED) == (403, sentence)
    assert refusal(consents.give_consent, user=ines, course=course, choices=ALLOWED) == (
        403,
        sentence,
    )  # she teaches it
    assert not Consent.objects.exists()


def test_whoever_has_left_the_course_is_refused(alice, course):
    withdraw_student(user=alice, course=course)
    assert refusal(consents.give_consent, user=alice, course=course, choices=ALLOWED)[0] == 403


def test_while_the_features_are_off_there_is_nothing_to_consent_to(alice, course):
    FeatureGate.objects.all().delete()
    sentence = "The emotion features are turned off here."
    assert refusal(consents.give_consent, user=alice, course=course, choices=ALLOWED) == (404, sentence)
    assert not Consent.objects.exists()


def test_yes_said_twice_is_one_yes_with_the_later_choice_of_sharing(alice, course):
    first = consents.give_consent(user=alice, course=course, choices=ALLOWED)
    again = consents.give_consent(user=alice, course=course, choices=SHARED)
    assert again == first
    assert Consent.objects.get().share_with_instructor
    consents.give_consent(user=alice, course=course, choices=ALLOWED)
    assert not Consent.objects.get().share_with_instructor


def test_the_database_holds_one_yes_in_force_for_a_student_and_course(alice, course):
    make_consent(alice, course, withdrawn_at=timezone.now())
    make_consent(alice, course)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_consent(alice, course)


def test_withdrawing_ends_every_session_of_the_course_and_tells_its_pages(
    alice, lesson, course, store, told, django_capture_on_commit_callbacks
):
    here, also_here = make_session(alice, lesson), make_session(alice, lesson.module.lessons.last())
    elsewhere = make_lesson()
    enroll(alice, elsewhere.course)
    untouched = make_session(alice, elsewhere)
    for session in (here, also_here, untouched):
        store.put(make_frame(str(session.pk)))

    with django_capture_on_commit_callbacks(execute=True):
        assert consents.withdraw_consent(user=alice, course=course) == 2

    assert not Consent.objects.in_force().filter(course=course).exists()
    assert list(LessonSession.objects.open()) == [untouched]
    closed = {"type": "closed", "message": "You have withdrawn; the camera stops."}
    assert told == {str(here.pk): [closed], str(also_here.pk): [closed]}
    assert [store.take(str(s.pk)) is None for s in (here, also_here, untouched)] == [True, True, False]


def test_withdrawing_touches_nobody_else(alice, lesson, course):
    bob = make_user("bob")
    enroll(bob, course)
    session = make_session(bob, lesson)
    make_session(alice, lesson)
    consents.withdraw_consent(user=alice, course=course)
    assert list(LessonSession.objects.open()) == [session]
    assert Consent.objects.in_force().get().user == bob


def test_withdrawing_twice_or_without_a_yes_is_harmless(alice, course, told, django_capture_on_commit_callbacks):
    consents.give_consent(user=alice, course=course, choices=ALLOWED)
    consents.withdraw_consent(user=alice, course=course)
    when = Consent.objects.get().withdrawn_at
    with django_capture_on_commit_callbacks(execute=True):
        assert consents.withdraw_consent(user=alice, course=course) == 0
    assert Consent.objects.get().withdrawn_at == when
    assert not any(told.values())


def test_a_new_yes_is_a_new_row_and_does_not_revive_old_sessions(alice, course, session):
    consents.withdraw_consent(user=alice, course=course)
    consents.give_consent(user=alice, course=course, choices=ALLOWED)
    assert Consent.objects.count() == 2
    session.refresh_from_db()
    assert session.ended_at is not None
    assert session.consent.withdrawn_at is not None


def test_erasing_leaves_nothing_in_the_course_and_everything_elsewhere(alice, lesson, course, session, told):
    services.record_readings(answers=[make_answer(session)], model_version=None)
    elsewhere = make_lesson()
    enroll(alice, elsewhere.course)
    kept = make_session(alice, elsewhere)
    make_bucket(kept)
    bob = make_user("bob")
    enroll(bob, course)
    make_bucket(make_session(bob, lesson))

    assert services.erase_history(user=alice, course=course) == 1
    assert not EmotionReading.objects.exists()
    assert set(EmotionBucket.objects.values_list("session__user__email", flat=True)) == {
        "alice@example.org",
        "bob@example.org",
    }
    assert list(LessonSession.objects.filter(user=alice)) == [kept]
    assert services.erase_history(user=alice) == 1
    assert not LessonSession.objects.filter(user=alice).exists()


# Sessions


def test_a_session_starts_under_the_consent_in_force(alice, lesson):
    consent = make_consent(alice, lesson.course)
    session = services.start_session(user=alice, lesson=lesson)
    assert (session.user, session.lesson, session.consent, session.ended_at) == (alice, lesson, consent, None)


def test_no_session_without_consent(alice, lesson):
    sentence = "The camera needs your consent for this course first."
    assert refusal(services.start_session, user=alice, lesson=lesson) == (403, sentence)
    make_consent(alice, lesson.course, withdrawn_at=timezone.now())
    assert refusal(services.start_session, user=alice, lesson=lesson) == (403, sentence)


def test_no_session_under_a_former_text_until_the_present_one_is_agreed_to(alice, lesson):
    make_consent(alice, lesson.course, version="2026-01")
    sentence = "What the camera is for has changed since you agreed; please read it first."
    assert refusal(services.start_session, user=alice, lesson=lesson) == (403, sentence)
    consents.give_consent(user=alice, course=lesson.course, choices=ALLOWED)
    assert services.start_session(user=alice, lesson=lesson).consent.is_current


def test_no_session_in_a_lesson_one_cannot_open(alice, course):
    make_consent(alice, course)
    draft = make_lesson(module=course.modules.get(), position=9, status="draft")
    assert refusal(services.start_session, user=alice, lesson=draft) == (404, "There is no such lesson.")
    foreign = make_lesson()
    assert refusal(services.start_session, user=alice, lesson=foreign)[0] == 404


def test_no_session_while_the_features_are_off(alice, lesson):
    make_consent(alice, lesson.course)
    FeatureGate.objects.all().delete()
    assert refusal(services.start_session, user=alice, lesson=lesson)[0] == 404


def test_no_session_for_somebody_who_now_teaches_the_course(alice, lesson):
    make_consent(alice, lesson.course)
    alice.enrollments.update(role="instructor")
    assert refusal(services.start_session, user=alice, lesson=lesson)[0] == 403


def test_ending_twice_is_ending_once(session, store):
    store.put(make_frame(str(session.pk)))
    services.end_session(session=session)
    session.refresh_from_db()
    when = session.ended_at
    assert when is not None
    assert store.take(str(session.pk)) is None
    services.end_session(session=session)
    session.refresh_from_db()
    assert session.ended_at == when


@pytest.mark.parametrize("how", ["stop", "withdraw", "erase"])
def test_who_stops_withdraws_or_erases_is_forgotten_by_the_worker_that_followed_the_face(
    how, alice, course, session, store, told, monkeypatch, django_capture_on_commit_callbacks
):
    asked = []
    monkeypatch.setattr(tasks.forget_faces, "apply_async", lambda args, **_: asked.extend(args[0]))
    with django_capture_on_commit_callbacks(execute=True):
        if how == "stop":
            services.end_session(session=session)
        elif how == "withdraw":
            consents.withdraw_consent(user=alice, course=course)
        else:
            services.erase_history(user=alice, course=course)
    assert asked == [str(session.pk)]


def test_stopping_works_while_the_broker_is_away(session, store, monkeypatch):
    def away(*_, **__):
        raise OperationalError("Connection refused.")

    monkeypatch.setattr(tasks.forget_faces, "apply_async", away)
    services.end_session(session=session)
    assert not LessonSession.objects.open().exists()


# Retention


def test_old_readings_go_and_their_history_stays(session, told):
    now = timezone.now()
    answers = [
        make_answer(session, sequence, at=now - timedelta(hours=hours))
        for sequence, hours in enumerate((1, 23, 25, 26, 48))
    ]
    services.record_readings(answers=answers, model_version=None)
    assert services.prune_readings(older_than=timedelta(hours=24), batch_size=2) == 3
    assert list(EmotionReading.objects.values_list("sequence", flat=True)) == [0, 1]
    assert sum(EmotionBucket.objects.values_list("faces", flat=True)) == 5
    assert services.prune_readings(older_than=timedelta(hours=24)) == 0


# The registry of models


def test_a_new_checkpoint_is_a_candidate_and_registers_once(tmp_path):
    written = make_checkpoint(tmp_path / "small")
    version = registry.register_model(folder=tmp_path / "small")
    assert (version.name, version.status, version.weights_sha256) == ("small", "candidate", written.weights_sha256)
    again = make_checkpoint(tmp_path / "small", seed=1)
    assert registry.register_model(folder=tmp_path / "small") == version
    version.refresh_from_db()
    assert version.weights_sha256 == again.weights_sha256
    assert ModelVersion.objects.count() == 1


def test_a_folder_without_a_checkpoint_does_not_register(tmp_path):
    with pytest.raises(CheckpointError, match="There is no checkpoint"):
        registry.register_model(folder=tmp_path)
    assert not ModelVersion.objects.exists()


def test_promoting_retires_the_former_so_that_exactly_one_is_promoted():
    first, second, third = (make_model(name) for name in ("one", "two", "three"))
    for version in (first, second, second, third, first):
        registry.promote_model(version=version)
        assert version.status == "promoted"
        assert ModelVersion.objects.get(status="promoted") == version
    assert dict(ModelVersion.objects.values_list("name", "status")) == {
        "one": "promoted",
        "two": "retired",
        "three": "retired",
    }


def test_the_database_refuses_a_second_promoted_model():
    make_model("one", status="promoted")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_model("two", status="promoted")
    other = make_model("three")
    with pytest.raises(IntegrityError), transaction.atomic():
        ModelVersion.objects.filter(pk=other.pk).update(status="promoted")


def test_an_empty_registry_serves_the_shipped_model(settings):
    version = registry.promoted_model()
    assert (version.name, version.status) == (settings.ATTUNE_DEFAULT_MODEL, "promoted")
    assert registry.promoted_model() == version
    assert ModelVersion.objects.count() == 1


def test_an_empty_registry_without_a_shipped_model_says_what_is_missing(settings, tmp_path):
    settings.CHECKPOINTS_DIR = tmp_path
    with pytest.raises(CheckpointError, match="There is no checkpoint"):
        registry.promoted_model()


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "/etc", "../attune"])
def test_a_checkpoints_name_leads_nowhere_else(name):
    with pytest.raises(CheckpointError, match="is not a checkpoint's name"):
        registry.checkpoint_folder(name)
