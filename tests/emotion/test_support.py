"""Offers with the real database: stored, held out, answered, and judged by what came after."""

import datetime
import time

import pytest
from django.utils import timezone, translation

from emotion import personal_data, starter_rules, support
from emotion.core.affect import StateEstimate
from emotion.core.labels import EXPRESSIONS
from emotion.models import BehaviourEvent, SelfReport, SupportEvent, SupportPreference, SupportRule
from emotion.places import Place
from tests.factories import make_quiz

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
    assert support.support_message(event)["question"] == "Stuck?"


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


def test_a_rule_that_harms_is_paused_and_flagged(alice, lesson, consider):
    rule = support.add_starter_rules("confused")[0]
    old = timezone.now() - datetime.timedelta(days=3)
    for number in range(40):
        make_event(alice, lesson, rule, at=old, randomised=True, held_out=number % 2 == 0, stayed=number % 2 == 0)
    assert support.rule_effect(rule)["effects"]["stayed"].difference == -1
    assert support.pause_harmful_rules() == [rule]
    assert "stayed" in SupportRule.objects.get(pk=rule.pk).paused_reason
    assert consider().rule != rule


def test_offers_that_chance_did_not_decide_prove_nothing(alice, lesson):
    rule = support.add_starter_rules("confused")[0]
    make_event(alice, lesson, rule, stayed=False)
    make_event(alice, lesson, rule, stayed=True, randomised=True, held_out=True)
    assert support.rule_effect(rule)["effects"]["stayed"] is None


def test_the_words_are_complete_in_four_languages_and_never_assert():
    groups = (starter_rules.QUESTIONS, starter_rules.ACCEPT, starter_rules.OFFERS, starter_rules.ENCOURAGEMENTS)
    for words in [words for group in groups for words in group.values()]:
        assert set(words) == set(starter_rules.LANGUAGES)
    assert set(starter_rules.ENCOURAGEMENTS) == set(starter_rules.EMOJI) == set(EXPRESSIONS)
    assert not any("You are" in words["en"] for words in starter_rules.QUESTIONS.values())
    with translation.override("ja"):
        assert starter_rules.in_language(starter_rules.ACCEPT["hint"]) == "A hint"


def test_behaviour_is_pruned_and_all_of_it_exported_and_erased(alice, lesson, consider):
    consider()
    support.report_self(user=alice, lesson=lesson, state="bored", place=Place())
    support.record_behaviour(user=alice, lesson=lesson, events=[("idle", Place())])
    export = personal_data.export_emotion(alice)
    assert [len(export[name]) for name in ("self_reports", "behaviour", "support_offers")] == [1, 1, 1]
    assert support.prune_behaviour(older_than=datetime.timedelta(0)) == 1
    personal_data.erase_emotion(alice)
    assert not SelfReport.objects.exists()
    assert not SupportEvent.objects.exists()
