"""From readings and acts in the database to a state in the history and an offer on the page."""

import datetime
import queue
import re
import sys
import threading
import time

import pytest
from django.conf import settings
from django.utils import timezone

from courses.quizzes import services as quiz_services
from emotion import consents, learning_states, services, support
from emotion.core import affect
from emotion.core.labels import BEHAVIOURS
from emotion.core.quiz_acts import Answered, quiz_acts
from emotion.learning_states import StateWatch
from emotion.models import BehaviourEvent, EmotionBucket, LessonSession, SelfReport, SupportEvent
from emotion.places import Place
from tests.emotion.factories import make_answer, make_probabilities, make_session
from tests.factories import enroll, make_quiz, make_user, right_answers

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def watched(session, told):
    """Three minutes of a calm face, a frame a second; `told` hears what its page is told."""
    now = time.time()
    LessonSession.objects.filter(pk=session.pk).update(started_at=timezone.now() - datetime.timedelta(seconds=182))
    show(session, now, neutral=0.9)
    told.clear()
    return session, now


def observe(session, now: float):
    return learning_states.observe(sessions={str(session.pk): None}, now=now).get(str(session.pk))


def show(session, now: float, **expression: float) -> None:
    answers = [
        make_answer(
            session,
            1000 + second,
            at=datetime.datetime.fromtimestamp(now - 179 + second, datetime.UTC),
            probabilities=make_probabilities(**expression),
            place_seconds=float(second),
        )
        for second in range(180)
    ]
    services.record_readings(answers=answers, model_version=None)


def do(session, *kinds: str, ago: float = 45) -> None:
    at = timezone.now() - datetime.timedelta(seconds=ago)
    for kind in kinds:
        BehaviourEvent.objects.create(user=session.user, lesson=session.lesson, kind=kind, at=at)


def states_counted(session) -> dict[str, int]:
    names = ("engaged", "confused", "frustrated", "bored", "delighted", "unsure")
    rows = EmotionBucket.objects.filter(session=session).values(*names)
    return {name: total for name in names if (total := sum(row[name] for row in rows))}


def messages(told, session, kind: str) -> list[dict]:
    return [message for message in told.get(str(session.pk), []) if message["type"] == kind]


def test_a_calm_face_is_counted_as_unsure_and_nothing_is_offered(watched, told):
    session, now = watched
    assert observe(session, now).state == "neutral"
    assert states_counted(session) == {"unsure": 1}
    assert messages(told, session, "state") == [{"type": "state", "words": "Nothing stands out"}]
    assert not SupportEvent.objects.exists()


def test_the_first_minute_becomes_the_baseline_once(watched):
    session, now = watched
    observe(session, now)
    session.refresh_from_db()
    assert session.baseline["neutral"] == pytest.approx(0.9, abs=0.01)
    LessonSession.objects.filter(pk=session.pk).update(baseline={"neutral": 0.5})
    observe(session, now)
    session.refresh_from_db()
    assert session.baseline == {"neutral": 0.5}


def test_what_is_done_makes_a_state_and_after_a_while_an_offer(watched, told):
    session, now = watched
    do(session, "quiz_wrong", "quiz_wrong", "rewind", "rewind", "reread", ago=130)
    do(session, "rewind", "reread", ago=60)
    found = observe(session, now)
    assert found.state == "confused"
    assert states_counted(session) == {"confused": 1}
    (offer,) = messages(told, session, "support")
    event = SupportEvent.objects.get()
    assert (offer["id"], offer["state"], event.session) == (event.pk, "confused", session)
    assert "Looks" in offer["question"]
    assert "again" in support.describe_reason(event) or "quiz" in support.describe_reason(event)
    observe(session, now)
    assert len(messages(told, session, "support")) == 1  # one, not one a window


def test_fresh_confusion_is_given_time(watched, told):
    session, now = watched
    do(session, "quiz_wrong", "quiz_wrong", "rewind", "rewind", ago=40)
    assert observe(session, now).state == "confused"
    assert not SupportEvent.objects.exists()


def test_what_the_student_says_wins(watched):
    session, _ = watched
    SelfReport.objects.create(user=session.user, lesson=session.lesson, state="bored")
    assert observe(session, time.time()).state == "bored"


def test_others_acts_and_other_lessons_do_not_count(watched, ines):
    session, now = watched
    for kind in ("quiz_wrong", "quiz_wrong", "rewind"):
        BehaviourEvent.objects.create(
            user=ines, lesson=session.lesson, kind=kind, at=timezone.now() - datetime.timedelta(seconds=60)
        )
    assert observe(session, now).state == "neutral"


def test_a_session_that_ended_or_was_withdrawn_is_not_observed(watched):
    session, now = watched
    consents.withdraw_consent(user=session.user, course=session.lesson.course)
    assert observe(session, now) is None
    assert states_counted(session) == {}


def test_a_session_without_readings_is_not_observed(session):
    assert observe(session, time.time()) is None


def test_a_quiz_that_was_sent_is_noted(session):
    quiz = make_quiz(lesson=session.lesson)
    answers = right_answers(quiz)
    wrong = quiz.questions.last()
    quiz_services.save_answers(user=session.user, quiz=quiz, answers=answers)
    assert not BehaviourEvent.objects.exists()  # an attempt that is not handed in says nothing
    answers[wrong.pk] = [wrong.choices.last().pk]
    quiz_services.submit_quiz(user=session.user, quiz=quiz, answers=answers)
    kinds = BehaviourEvent.objects.filter(user=session.user).values_list("kind", flat=True)
    assert sorted(kinds) == ["quiz_right", "quiz_wrong"]


def test_answers_that_came_faster_than_one_can_read_are_noted_as_guesses_where_they_are_wrong(session, monkeypatch):
    quiz = make_quiz(lesson=session.lesson, questions=5, minutes=30)
    questions = list(quiz.questions.all())
    questions[3].prompt = "long " * 60
    questions[3].save()
    right = right_answers(quiz)
    wrong = {question.pk: [question.choices.last().pk] for question in questions}
    now = [timezone.now()]
    monkeypatch.setattr(timezone, "now", lambda: now[0])
    quiz_services.begin_attempt(user=session.user, quiz=quiz)
    given = [  # (seconds, answer): 2 seconds are too few for a short question, 4 for one of 300 characters
        (1, right, 0),
        (2, wrong, 1),
        (4, wrong, 2),
        (4, wrong, 3),
        (20, wrong, 4),
    ]
    for seconds, answers, number in given:
        now[0] += datetime.timedelta(seconds=seconds)
        pk = questions[number].pk
        quiz_services.save_answers(user=session.user, quiz=quiz, answers={pk: answers[pk]})
    quiz_services.submit_quiz(user=session.user, quiz=quiz, answers={})
    kinds = list(BehaviourEvent.objects.values_list("kind", flat=True))
    assert sorted(kinds) == ["quiz_right", *["quiz_wrong"] * 3, *["rapid_guess"] * 2]


def test_whatever_the_states_look_at_is_noted_somewhere():
    script = (settings.BASE_DIR / "static" / "js" / "support.js").read_text()
    in_page = set(re.findall(r'note\(\s*(?:[^;()]*\? )?"(\w+)"(?: : "(\w+)")?', script))
    noted = {kind for kinds in in_page for kind in kinds if kind}
    by_quiz = set(quiz_acts([Answered(1.0), Answered(0.0, 100, 1.0)]))
    assert noted | by_quiz == set(BEHAVIOURS)
    assert not noted & by_quiz


def test_each_window_is_observed_once_and_an_error_does_not_end_the_thread(monkeypatch, store):
    seen = []

    def observe(*, sessions, now):
        seen.append(sorted(sessions))
        if "bad" in sessions:
            raise RuntimeError("the database is away")
        return {}

    monkeypatch.setattr(learning_states, "observe", observe)
    monkeypatch.setattr(learning_states, "GATHER_SECONDS", 0.2)
    watch = StateWatch()
    watch.start()

    class An:
        def __init__(self, session_id):
            self.session_id = session_id

    # Not over the end of this one's window.
    while learning_states._window("a", time.time()) < learning_states._window("a", time.time() + 2):
        time.sleep(0.1)
    watch.note([An("bad"), An("a")])
    time.sleep(0.5)
    watch.note([An("a"), An("b")])
    watch.stop()
    assert seen == [["a", "bad"], ["b"]]


def test_a_session_whose_frames_two_workers_read_is_counted_once(watched, store, monkeypatch):
    session, _ = watched
    asked, claim = [], store.claim_many
    monkeypatch.setattr(store, "claim_many", lambda keys, seconds: asked.append(len(keys)) or claim(keys, seconds))
    monkeypatch.setattr(learning_states, "GATHER_SECONDS", 0.2)
    key, also = str(session.pk), "ffffffff-ffff-4fff-bfff-ffffffffffff"
    while learning_states._window(key, time.time()) < learning_states._window(key, time.time() + 2):
        time.sleep(0.1)  # not over the end of this one's window
    workers = [StateWatch(), StateWatch()]
    for worker in workers:
        worker.start()
        worker.note_sessions([key, also])
    for worker in workers:
        worker.stop()
    assert states_counted(session) == {"unsure": 1}
    assert asked == [2, 2], "a trip for all that are due"
    later = StateWatch()
    later._seen[key] = learning_states._window(key, time.time()) + 1
    assert later._claim([key]) == [key], "the next window is claimed anew"


def test_many_sessions_cost_the_queries_of_one(lesson, told, django_assert_num_queries):
    now = time.time()
    sessions = []
    for number in range(12):
        student = make_user(f"student{number}")
        enroll(student, lesson.course)
        sessions.append(make_session(student, lesson, baseline={"neutral": 0.8}))
        show(sessions[-1], now, neutral=0.9)
    # readings; sessions; acts; what was said; and a transaction of one update for the buckets of the one state
    with django_assert_num_queries(7):
        found = learning_states.observe(sessions={str(session.pk): None for session in sessions}, now=now)
    assert [found[str(session.pk)].state for session in sessions] == ["neutral"] * 12
    assert [states_counted(session) for session in sessions] == [{"unsure": 1}] * 12


def test_one_of_many_that_has_something_to_say_is_heard_alone(lesson, told):
    now = time.time()
    sessions = []
    for name in ("bob", "carol"):
        student = make_user(name)
        enroll(student, lesson.course)
        sessions.append(make_session(student, lesson))
        show(sessions[-1], now, neutral=0.9)
    SelfReport.objects.create(user=sessions[1].user, lesson=lesson, state="bored")
    learning_states.observe(sessions={str(session.pk): None for session in sessions}, now=time.time())
    assert [states_counted(session) for session in sessions] == [{"unsure": 1}, {"bored": 1}]


def test_an_error_with_one_student_costs_the_others_nothing(lesson, told, monkeypatch):
    now = time.time()
    sessions = []
    for name in ("bob", "carol"):
        student = make_user(name)
        enroll(student, lesson.course)
        sessions.append(make_session(student, lesson))
        show(sessions[-1], now, neutral=0.9)
    considered = []

    def consider(*, user, **_):
        considered.append(user.pk)
        raise RuntimeError("everything of theirs is gone")

    monkeypatch.setattr(support, "consider", consider)
    found = learning_states.observe(sessions={str(session.pk): None for session in sessions}, now=now)
    assert len(found) == 2
    assert sorted(considered) == sorted(session.user_id for session in sessions)


def test_a_session_whose_state_cannot_be_estimated_costs_the_others_nothing(lesson, told, monkeypatch):
    now = time.time()
    sessions = []
    for name in ("bob", "carol"):
        student = make_user(name)
        enroll(student, lesson.course)
        sessions.append(make_session(student, lesson))
        show(sessions[-1], now, neutral=0.9)
    told.clear()
    broken, fine = sessions
    estimate = affect.estimate

    def one_fails(observations, *rest, baseline, **options):
        if baseline == {"broken": 1.0}:
            raise ValueError
        return estimate(observations, *rest, baseline=baseline, **options)

    LessonSession.objects.filter(pk=broken.pk).update(baseline={"broken": 1.0})
    monkeypatch.setattr(affect, "estimate", one_fails)
    found = learning_states.observe(sessions={str(session.pk): None for session in sessions}, now=now)
    assert set(found) == set(told) == {str(fine.pk)}


def test_several_threads_may_note_at_once(monkeypatch):
    monkeypatch.setattr(learning_states, "MOST_KNOWN", 50)
    watch = StateWatch(capacity=8)  # never started: it fills up
    errors = []

    def note(number):
        try:
            for turn in range(300):
                watch.note_sessions([f"{number}-{turn}"])
                watch._due.get_nowait() if turn % 2 else None
        except Exception as error:
            errors.append(error)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=note, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert [error for error in errors if not isinstance(error, queue.Empty)] == []


def test_a_place_is_kept_with_an_offer(watched):
    session, now = watched
    do(session, "quiz_wrong", "quiz_wrong", "rewind", "rewind", "reread", ago=130)
    do(session, "rewind", "reread", ago=60)
    observe(session, now)
    event = SupportEvent.objects.get()
    assert Place(event.block_number, event.place_seconds) == Place(0, 179.0)
