"""What students say is kept with how it looked, teaches their course its own reading, and says how far to trust it."""

import datetime
import time

import numpy as np
import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override
from pytest_django.asserts import assertContains, assertNotContains

from emotion import course_calibration, learning_states, personal_data, services, support
from emotion.core import affect_calibration
from emotion.core.affect import FEATURES
from emotion.models import BehaviourEvent, Consent, CourseCalibration, FeatureGate, LessonSession, SelfReport
from emotion.places import Place
from tests.emotion.factories import make_answer, make_consent, make_probabilities, make_session
from tests.factories import enroll, make_course, make_instructor, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("told")]


def see(session, seconds: int = 60, **expression: float) -> None:
    """A frame a second, the last one now."""
    now = time.time()
    answers = [
        make_answer(session, n, at=now - seconds + n, probabilities=make_probabilities(**expression))
        for n in range(1, seconds + 1)
    ]
    services.record_readings(answers=answers, model_version=None)


def say(user, lesson, state: str = "confused") -> SelfReport:
    return support.report_self(user=user, lesson=lesson, state=state, place=Place())[0]


def make_answers(lesson, students: int = 10, each: int = 6) -> None:
    """Students with the camera on who are confused when they rewind and delighted when they smile."""
    rng = np.random.default_rng(0)
    for number in range(students):
        student = make_user(f"student{number}")
        enroll(student, lesson.course)
        make_consent(student, lesson.course)
        for turn in range(each):
            features = dict.fromkeys(FEATURES, 0.0) | {name: rng.uniform(0, 0.2) for name in ("neutral", "idle")}
            state, name = ("confused", "rewind") if turn % 2 else ("delighted", "happiness")
            SelfReport.objects.create(
                user=student, lesson=lesson, state=state, features={**features, name: rng.uniform(0.7, 1.0)}
            )


def test_with_the_camera_on_an_answer_keeps_what_it_looked_like(session):
    see(session, sadness=0.9)
    BehaviourEvent.objects.create(
        user=session.user, lesson=session.lesson, kind="rewind", at=timezone.now() - datetime.timedelta(seconds=30)
    )
    features = say(session.user, session.lesson).features
    assert set(features) == set(FEATURES)
    assert features["sadness"] == pytest.approx(0.9, abs=0.01)
    assert 0.6 < features["rewind"] < 0.9


def test_without_a_face_there_is_nothing_to_keep(session):
    assert say(session.user, session.lesson).features is None
    see(session, sadness=0.9)
    LessonSession.objects.update(ended_at=timezone.now())
    assert say(session.user, session.lesson).features is None


def test_what_an_answer_kept_is_exported_and_goes_with_the_history(session):
    see(session, sadness=0.9)
    say(session.user, session.lesson)
    assert personal_data.export_emotion(session.user)["self_reports"][0]["features"]["sadness"] > 0.8
    services.erase_history(user=session.user, course=session.lesson.course)
    report = SelfReport.objects.get()
    assert (report.features, report.state) == (None, "confused")


def test_a_course_with_few_answers_says_how_many_are_missing(lesson):
    make_answers(lesson, students=6, each=2)
    assert course_calibration.refit_courses() == 1
    lesson.course.refresh_from_db()
    assert course_calibration.trust_in(lesson.course).line == "uncalibrated: 12 of 40 answers"
    assert course_calibration.calibration_of(lesson.course) is None


TWO = ["confused", "bored"]


@pytest.mark.parametrize(
    ("states", "students", "said"),
    [
        (TWO * 6, range(12), "noch nicht abgestimmt: 12 von 40 Antworten"),
        (["bored"] * 50, range(50), "noch nicht abgestimmt: 1 von 2 verschiedenen Antworten, jede 8 Mal gegeben"),
        (
            [*TWO * 10, *["engaged"] * 7, *["neutral"] * 13],
            range(40),
            "noch nicht abgestimmt: 33 von 40 Antworten, die 8 Mal gegeben wurden",
        ),
        (TWO * 20, [1, 2, 3, 4] * 10, "noch nicht abgestimmt: 4 von 8 Teilnehmenden"),
    ],
)
def test_what_is_missing_is_said_in_the_readers_language(lesson, states, students, said):
    shortfall = affect_calibration.shortfall(states, list(students))
    course = lesson.course
    CourseCalibration.objects.create(course=course, answers=len(states), students=5, shortfall=shortfall)
    with override("de"):
        assert course_calibration.trust_in(course).line == said


def test_nothing_is_told_of_the_answers_of_four(lesson):
    make_answers(lesson, students=4, each=3)
    course_calibration.refit_courses()
    lesson.course.refresh_from_db()
    assert not any(character.isdigit() for character in course_calibration.trust_in(lesson.course).line)


def test_enough_answers_calibrate_a_course_once(lesson):
    make_answers(lesson)
    assert course_calibration.refit_courses() == 1
    assert course_calibration.refit_courses() == 0  # nothing new was said
    trust = course_calibration.trust_in(CourseCalibration.objects.get().course)
    assert trust.line.startswith("agrees with 100% of what students said, each state counted alike (chance: 50%)")
    assert "60 answers of 10 students" in trust.line
    make_answers(make_course().modules.get().lessons.first(), students=0)
    say(make_user("bob"), lesson)
    assert course_calibration.refit_courses() == 0  # without features, an answer teaches nothing


def test_answers_of_those_who_withdrew_or_erased_do_not_count_any_more(lesson):
    make_answers(lesson)
    course_calibration.refit_courses()
    Consent.objects.filter(user__email__in=[f"student{n}@example.org" for n in range(2)]).update(
        withdrawn_at=timezone.now()
    )
    for number in range(2, 4):
        student = Consent.objects.get(user__email=f"student{number}@example.org").user
        services.erase_history(user=student, course=lesson.course)
    assert course_calibration.refit_courses() == 1
    kept = CourseCalibration.objects.get()
    # Gone with them are the answers that were let in with theirs: none may be the difference between two fits.
    assert (kept.answers, kept.students, kept.fitted) == (35, 6, None)


def test_the_answers_of_fewer_than_five_change_no_fit(lesson):
    make_answers(lesson)
    course_calibration.refit_courses()
    for number in range(4):
        student = Consent.objects.get(user__email=f"student{number}@example.org").user
        SelfReport.objects.create(user=student, lesson=lesson, state="bored", features=dict.fromkeys(FEATURES, 0.1))
        assert course_calibration.refit_courses() == 0
    student = Consent.objects.get(user__email="student4@example.org").user
    SelfReport.objects.create(user=student, lesson=lesson, state="bored", features=dict.fromkeys(FEATURES, 0.1))
    assert course_calibration.refit_courses() == 1
    assert CourseCalibration.objects.get().answers == 65


def test_what_was_fitted_to_erased_answers_goes_with_them(lesson):
    make_answers(lesson)
    course_calibration.refit_courses()
    student = Consent.objects.get(user__email="student2@example.org").user
    services.erase_history(user=student, course=make_course())  # another course's
    assert course_calibration.calibration_of(CourseCalibration.objects.get().course)
    services.erase_history(user=student)
    course = CourseCalibration.objects.get().course
    assert course_calibration.calibration_of(course) is None
    assert course_calibration.trust_in(course).line == "uncalibrated: to be fitted within the hour"
    assert course_calibration.refit_courses() == 1
    assert CourseCalibration.objects.get().answers == 35


def test_a_calibrated_course_reads_features_in_its_own_way(session):
    """Rewinding, which speaks for confusion everywhere else, goes with delight in this course."""
    lesson = session.lesson
    make_answers(lesson)
    SelfReport.objects.filter(state="confused").update(state="bored")
    SelfReport.objects.filter(state="delighted").update(state="confused")
    SelfReport.objects.filter(state="bored").update(state="delighted")
    see(session, 60, neutral=0.9)
    for ago in (15, 20, 25, 30, 35):
        BehaviourEvent.objects.create(
            user=session.user,
            lesson=lesson,
            kind="rewind",
            at=timezone.now() - datetime.timedelta(seconds=ago),
        )
    key = str(session.pk)
    before = learning_states.observe(sessions={key: None}, now=time.time())[key]
    course_calibration.refit_courses()
    after = learning_states.observe(sessions={key: None}, now=time.time())[key]
    assert (before.calibrated, after.calibrated) == (False, True)
    assert before.scores["confused"] > 0.5 > before.scores["delighted"]
    assert after.scores["delighted"] > 0.5 > after.scores["confused"]


@pytest.fixture
def report(lesson):
    return reverse("emotion:calibration", args=[lesson.course.slug])


def test_the_report_is_for_those_who_teach(client, report, lesson, ines, alice):
    assert client.get(report).url.startswith("/accounts/login/")
    other = make_instructor("ivo")
    make_course(instructor=other)
    for person, status in ((ines, 200), (alice, 404), (other, 404), (make_user("charlie"), 404)):
        client.force_login(person)
        assert client.get(report).status_code == status
    FeatureGate.objects.all().delete()
    client.force_login(ines)
    assert client.get(report).status_code == 404


def test_the_report_draws_what_abstaining_is_worth(client, report, lesson, ines):
    make_answers(lesson)
    client.force_login(ines)
    assertContains(client.get(report), "uncalibrated")
    assertNotContains(client.get(report), '<svg class="risk-curve"')
    course_calibration.refit_courses()
    page = client.get(report)
    assertContains(page, '<polyline class="risk-line" points="30.0,150.0 ')
    assertContains(page, '<tr><th scope="row">100%</th><td>0%</td></tr>', html=True)
    assertContains(page, "Is its confidence earned?")


def test_fifths_with_few_answers_are_left_out(lesson):
    make_answers(lesson)
    course_calibration.refit_courses()
    found = course_calibration.trust_in(CourseCalibration.objects.get().course).calibration
    few = type(found)(**{**vars(found), "reliability": ((0.5, 0.5, 4), (0.9, 0.9, 5))})
    assert [answers for _, _, answers in course_calibration.report(few)["reliability"]] == [5]


def test_the_climate_of_a_lesson_says_how_far_to_trust_it(client, lesson, ines):
    make_session(make_user("bob"), lesson)
    client.force_login(ines)
    page = client.get(reverse("admin:emotion_lessonclimate_change", args=[lesson.pk]))
    assertContains(page, "Learning states in this course: uncalibrated")
