"""Offers with the real database: stored, held out, answered, and judged by what came after."""

import datetime
import time
from unittest.mock import patch

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import User
from courses.models import Notification, QuizAttempt, Thread
from courses.quizzes import services as quiz_services
from emotion import behaviour, offers, panel_words, personal_data, services, starter_rules, support
from emotion.core.affect import StateEstimate
from emotion.core.labels import EXPRESSIONS
from emotion.models import BehaviourEvent, SelfReport, SupportEvent, SupportPreference, SupportRule
from emotion.places import Place
from tests.emotion.factories import make_answer, make_probabilities
from tests.factories import enroll, make_course, make_instructor, make_lesson, make_quiz, make_user, right_answers

pytestmark = pytest.mark.django_db


def confused(seconds: float = 90) -> StateEstimate:
    return StateEstimate("confused", 0.8, time.time() - seconds, evidence=("quiz_wrong", "expression"))


@pytest.fixture
def consider(alice, lesson):
    def consider(**extra):
        arguments = {"user": alice, "lesson": lesson, "estimate": confused(), "place": Place(), **extra}
        return support.consider(**arguments)

    return consider


def make_event(alice, lesson, rule=None, **extra) -> SupportEvent:
    rule = rule or support.add_starter_rules("confused")[0]
    return SupportEvent.objects.create(rule=rule, user=alice, lesson=lesson, state="confused", confidence=0.8, **extra)


def test_an_offer_is_made_once(consider):
    assert consider().rule.action == "hint"
    assert consider() is None
    assert SupportEvent.objects.count() == 1


def test_a_state_without_rules_costs_no_query(consider, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert consider(estimate=StateEstimate("engaged", 0.9, 0.0)) is None


def test_nothing_is_offered_in_a_quiz(consider, lesson):
    assert consider(place=Place(make_quiz(lesson=lesson).block_id)) is None


def ago(attempt, **past) -> None:
    then = timezone.now() - datetime.timedelta(**past)
    QuizAttempt.objects.filter(pk=attempt.pk).update(started_at=then, saved_at=then)


@pytest.mark.parametrize("limits", [{"minutes": 60}, {"attempt_limit": 1}])
@pytest.mark.parametrize("said", [False, True])
def test_nothing_is_offered_in_an_exam_wherever_its_page_stands(consider, alice, lesson, limits, said):
    reading, elsewhere = Place(lesson.blocks.first().pk, 3.0), make_lesson(module=lesson.module, position=9)
    quiz = make_quiz(lesson=elsewhere, **limits)
    attempt = quiz_services.begin_attempt(user=alice, quiz=quiz)
    assert consider(place=reading, said=said) is None
    ago(attempt, minutes=40)  # a timed one runs on; one that nothing ends was left
    assert (consider(place=reading, said=said) is None) == ("minutes" in limits)
    SupportEvent.objects.all().delete()
    quiz_services.submit_quiz(user=alice, quiz=quiz, answers={}, anyway=True)
    assert consider(place=reading, said=said)


def test_an_exam_of_somebody_else_or_past_its_time_holds_nothing_back(consider, alice, lesson):
    other = make_user("bob")
    enroll(other, lesson.course)
    quiz = make_quiz(lesson=lesson, minutes=30)
    quiz_services.begin_attempt(user=other, quiz=quiz)
    attempt = quiz_services.begin_attempt(user=alice, quiz=quiz)
    ago(attempt, minutes=45)
    QuizAttempt.objects.filter(pk=attempt.pk).update(deadline=timezone.now() - datetime.timedelta(minutes=15))
    assert consider(place=Place(lesson.blocks.first().pk))


def test_exercises_begun_in_the_lesson_are_left_in_peace_for_a_while(consider, alice, lesson):
    place = Place(lesson.blocks.first().pk)
    quiz = make_quiz(lesson=lesson)
    attempt = quiz_services.save_answers(user=alice, quiz=quiz, answers=right_answers(quiz))
    assert consider(place=place) is None
    assert consider(place=place, lesson=make_lesson(module=lesson.module, position=9)), "they are of another lesson"
    SupportEvent.objects.all().delete()
    assert consider(place=place, said=True), "and no exam: who asks is answered"
    SupportEvent.objects.all().delete()
    ago(attempt, minutes=31)
    assert consider(place=place)


def test_an_attempt_that_is_not_handed_in_is_no_result(alice, lesson):
    quizzes = [make_quiz(lesson=lesson) for _ in range(6)]
    for quiz in quizzes:
        quiz_services.save_answers(user=alice, quiz=quiz, answers=right_answers(quiz))
    assert support._recent_score(alice, lesson) is None
    quiz_services.submit_quiz(user=alice, quiz=quizzes[0], answers={})
    assert support._recent_score(alice, lesson) == 1


def test_the_page_of_a_session_is_told(consider, session, told, django_capture_on_commit_callbacks):
    session.user.locale = "de"
    with django_capture_on_commit_callbacks(execute=True):
        event = consider(user=session.user, session=session)
    [message] = told[str(session.pk)]
    assert (message["type"], message["id"], message["accept"]) == ("support", event.pk, "Ein Hinweis")


def test_a_share_is_held_out_of_those_who_ticked_research_only(consider, alice, lesson, session):
    support.add_starter_rules()
    SupportRule.objects.update(holdout_share=0.5)
    session.consent.share_for_research = True
    session.consent.save()
    for second in range(80, 120):
        SupportEvent.objects.update(at=timezone.now() - datetime.timedelta(days=2))
        consider(estimate=confused(second))
    events = SupportEvent.objects.all()
    assert events.count() == 40
    assert all(event.randomised for event in events)
    assert 8 < sum(event.held_out for event in events) < 32
    session.consent.share_for_research = False
    session.consent.save()
    SupportEvent.objects.all().delete()
    for second in range(80, 100):
        SupportEvent.objects.update(at=timezone.now() - datetime.timedelta(days=2))
        assert consider(estimate=confused(second)) is not None


def test_a_courses_own_rules_replace_the_starter_set(consider, course):
    own = SupportRule.objects.create(course=course, state="confused", action="discuss", question="Stuck?")
    event = consider()
    assert event.rule == own
    assert offers.support_message(event)["question"] == "Stuck?"


def test_dont_ask_again_is_kept(consider, alice):
    event = consider()
    assert support.respond(event=event, response="dont_ask")
    assert not support.respond(event=event, response="accepted")
    assert SupportPreference.objects.get(user=alice).muted_states == ["confused"]


def test_what_came_after_is_recorded(alice, lesson):
    event = make_event(alice, lesson, at=timezone.now() - datetime.timedelta(minutes=40))
    after = event.at + datetime.timedelta(minutes=6)
    BehaviourEvent.objects.create(user=alice, lesson=lesson, kind="quiz_right", at=after)
    SelfReport.objects.create(user=alice, lesson=lesson, state="frustrated", at=after)
    assert support.record_outcomes() == 1
    assert support.record_outcomes() == 0
    event.refresh_from_db()
    assert (event.answered_right_next, event.stayed, event.reported_better) == (True, True, False)


def test_of_more_offers_than_a_look_takes_none_is_passed_over(alice, lesson):
    now = timezone.now()
    old = [make_event(alice, lesson, at=now - datetime.timedelta(hours=23, minutes=n)) for n in range(3)]
    new = [make_event(alice, lesson, at=now - datetime.timedelta(minutes=40 + n)) for n in range(4)]
    asked = []

    def outcomes(event):
        asked.append(event.pk)
        return {"answered_right_next": None, "stayed": True, "reported_better": None}

    with patch.object(support, "_outcomes", outcomes):
        assert support.record_outcomes(batch_size=2) == 7
    assert asked == [event.pk for event in (*reversed(old), *reversed(new))], "the oldest first: they end first"
    assert not SupportEvent.objects.filter(stayed=None).exists()


def test_who_teaches_hears_once_that_a_rule_was_paused(alice, lesson, ines, course):
    elsewhere = make_course(instructor=make_instructor("ivo"))
    own = make_course(instructor=make_instructor("olga"))
    SupportRule.objects.create(course=own, state="confused", action="discuss")
    assistant = make_user("bob")
    enroll(assistant, course, role="assistant")

    def harm(rule) -> None:
        for number in range(60):
            left_out = number % 2 == 0
            make_event(alice, lesson, rule, randomised=True, held_out=left_out, stayed=left_out)
        assert support.pause_harmful_rules() == [rule]
        assert support.pause_harmful_rules() == []

    harm(support.add_starter_rules("confused")[0])  # of the starter set: it counts in every course without its own
    told = Notification.objects.filter(kind="paused")
    assert {(n.user.email.partition("@")[0], n.course) for n in told} == {("ines", course), ("ivo", elsewhere)}
    assert told.first().url == reverse("emotion:rules", args=[told.first().course.slug])
    told.delete()
    User.objects.filter(pk=ines.pk).update(locale="de")
    harm(SupportRule.objects.create(course=course, lesson=lesson, state="bored", action="break"))
    with translation.override("de"):
        title = translation.gettext("A rule of support in “%(course)s” was paused: it seems to do harm")
    assert [(n.user, n.title) for n in told] == [(ines, title % {"course": course.title})]


def test_a_rule_that_harms_is_paused_and_flagged(alice, lesson, consider):
    rule = support.add_starter_rules("confused")[0]
    old = timezone.now() - datetime.timedelta(days=3)

    def happen(occasions: int) -> None:
        for number in range(occasions):
            make_event(alice, lesson, rule, at=old, randomised=True, held_out=number % 2 == 0, stayed=number % 2 == 0)

    happen(58)
    assert support.rule_effect(rule)["effects"]["stayed"].difference == -1
    assert support.pause_harmful_rules() == []  # 29 of each are not enough to judge by
    happen(2)
    assert support.pause_harmful_rules() == [rule]
    assert support.pause_harmful_rules() == []
    # Who teaches reads it: of fewer than five students on a side, no figures.
    assert SupportRule.objects.get(pk=rule.pk).paused_reason == "stayed: less with the offer"
    assert consider().rule != rule


def test_of_five_students_on_each_side_the_pause_says_how_much(lesson):
    rule = support.add_starter_rules("confused")[0]
    students = [make_user(f"taker{number}") for number in range(10)]
    for number in range(60):
        left_out = number % 2 == 0
        make_event(students[number % 10], lesson, rule, randomised=True, held_out=left_out, stayed=left_out)
    support.pause_harmful_rules()
    assert SupportRule.objects.get(pk=rule.pk).paused_reason.startswith("stayed: -100% with the offer, surely below -")


def test_offers_that_chance_did_not_decide_prove_nothing(alice, lesson):
    rule = support.add_starter_rules("confused")[0]
    make_event(alice, lesson, rule, stayed=False)
    make_event(alice, lesson, rule, stayed=True, randomised=True, held_out=True)
    assert support.rule_effect(rule)["effects"]["stayed"] is None


def test_the_words_are_complete_in_four_languages_and_never_assert():
    rules, panel = starter_rules, panel_words
    groups = (rules.QUESTIONS, rules.ACCEPT, rules.OFFERS, rules.ENCOURAGEMENTS, rules.REPLIES)
    groups += (panel.SELF_REPORT, panel.PANEL, panel.PLACES, panel.REASONS, panel.WHY, {"comma": panel.COMMA})
    for words in [words for group in groups for words in group.values()]:
        assert set(words) == set(starter_rules.LANGUAGES)
        assert all(words.values())
    assert set(starter_rules.ENCOURAGEMENTS) == set(EXPRESSIONS)
    assert not any("You are" in words["en"] for words in starter_rules.QUESTIONS.values())
    with translation.override("ja"):
        assert starter_rules.in_language(starter_rules.ACCEPT["hint"]) == "A hint"


def test_behaviour_is_pruned_and_all_of_it_exported_and_erased(alice, lesson, consider):
    consider()
    support.report_self(user=alice, lesson=lesson, state="bored", place=Place())
    behaviour.record_behaviour(user=alice, lesson=lesson, events=[("idle", Place())])
    export = personal_data.export_emotion(alice)
    assert [len(export[name]) for name in ("self_reports", "behaviour", "support_offers")] == [1, 1, 1]
    assert behaviour.prune_behaviour(older_than=datetime.timedelta(0)) == 1
    personal_data.erase_emotion(alice)
    assert not SelfReport.objects.exists()
    assert not SupportEvent.objects.exists()


def see(session, **expression: float) -> None:
    answer = make_answer(session, 1, probabilities=make_probabilities(**expression))
    services.record_readings(answers=[answer], model_version=None)


def test_a_kind_word_is_about_how_it_looks_and_what_effort_does(consider, session, told):
    see(session, anger=0.8)
    message = offers.support_message(consider(session=session))
    assert message["action"] == "hint"
    assert message["kind_word"].startswith("Looks tense. A breath, then the next small step. Hard parts are where")


def test_without_a_clear_look_a_kind_word_says_nothing_of_it(consider, session, told):
    see(session, anger=0.3, sadness=0.3, neutral=0.3)
    assert offers.support_message(consider(session=session))["kind_word"].startswith("Hard parts are where")


def test_who_does_well_hears_a_kind_word_about_that(alice, lesson):
    _, event = support.report_self(user=alice, lesson=lesson, state="delighted", place=Place())
    assert offers.support_message(event)["kind_word"] == "Looks like it is going well. Enjoy it."


def test_a_look_of_yesterday_is_no_kind_word(consider, session, told):
    see(session, anger=0.8)
    session.readings.update(taken_at=timezone.now() - datetime.timedelta(minutes=1))
    assert "tense" not in offers.support_message(consider(session=session))["kind_word"]


def test_an_offer_leads_back_to_its_place(consider, lesson):
    block = lesson.blocks.last()
    place = offers.support_message(consider(place=Place(block.pk, 95.0)))["place"]
    assert place == {
        "block": block.pk,
        "seconds": 35.0,
        "read": "Back to “Block 2”",
        "watch": "Watch this minute of “Block 2” again",
    }


def test_who_is_to_ask_others_gets_words_to_begin_with(consider, lesson):
    SupportRule.objects.create(lesson=lesson, state="confused", action="offer_tutor")
    message = offers.support_message(consider(place=Place(lesson.blocks.first().pk)))
    assert message["ask"] == {"words": "I got stuck at “Block 1” in “Lesson 1.1”: ", "url": ""}
    assert "Nothing has been sent" in message["offer"]


@pytest.mark.parametrize(
    ("state", "kind", "words"),
    [("bored", "question", "I got stuck at “Block 1”"), ("delighted", "comment", "What I liked")],
)
def test_who_is_to_ask_others_is_led_to_a_form_that_has_begun(client, alice, lesson, state, kind, words):
    SupportRule.objects.create(lesson=lesson, state=state, action="discuss")
    block = lesson.blocks.first()
    _, event = support.report_self(user=alice, lesson=lesson, state=state, place=Place(block.pk))
    client.force_login(alice)
    form = client.get(offers.support_message(event)["ask"]["url"]).context["form"]
    assert [form[name].value() for name in ("block", "kind")] == [str(block.pk), kind]
    assert form["body"].value().startswith(words)
    assert not Thread.objects.exists()


def test_an_offer_without_a_place_leads_nowhere(consider):
    message = offers.support_message(consider())
    assert (message["place"], message["ask"]) == (None, None)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", "Es sah etwa 90 Sekunden lang so aus: einige Quizantworten stimmten noch nicht"),
        ("fr", "pendant environ 90 secondes"),
        ("ar", "90 ثانية"),
        ("xx", "It looked that way for about 90 seconds: some quiz answers were not right yet, your expression"),
    ],
)
def test_a_reason_is_told_in_ones_language(consider, language, words):
    event = consider()
    event.user.locale = language
    with offers.in_language_of(event.user):
        assert words in support.describe_reason(event)


def test_a_few_reports_a_minute_are_taken_and_then_a_pause(alice, lesson):
    def report():
        support.report_self(user=alice, lesson=lesson, state="engaged", place=Place())

    for _ in range(support.MOST_REPORTS):
        report()
    with pytest.raises(support.TooOften, match="enough for this minute"):
        report()
    assert SelfReport.objects.count() == support.MOST_REPORTS
    SelfReport.objects.update(at=timezone.now() - datetime.timedelta(seconds=61))
    report()
