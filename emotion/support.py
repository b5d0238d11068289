"""Support: what a student says and does, the offer that follows, and whether it helps."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Avg, Count, Q
from django.utils import timezone

from accounts.models import User
from courses.models import Block, BlockKind, Lesson, Progress, QuizAttempt
from emotion import broadcast, course_calibration, panel_words, starter_rules
from emotion.core import crowd
from emotion.core import support as core
from emotion.core.affect import StateEstimate
from emotion.models import (
    SUPPORTED,
    BehaviourEvent,
    Consent,
    LessonSession,
    SelfReport,
    SupportEvent,
    SupportPreference,
    SupportRule,
)
from emotion.offers import in_language_of, support_message
from emotion.paused_rules import tell_of_pause
from emotion.places import Place
from emotion.starter_rules import in_language as say

MOST_REPORTS, REPORTS_WITHIN = 4, datetime.timedelta(minutes=1)
SNOOZE = datetime.timedelta(hours=1)
OUTCOMES = ("answered_right_next", "stayed", "reported_better")
OUTCOME_AFTER = datetime.timedelta(minutes=30)
STAYED_AFTER = datetime.timedelta(minutes=5)
WELL = ("engaged", "delighted", "neutral")


class TooOften(Exception):
    """More self-reports than are taken. The message is one sentence for the student, in their language."""


def report_self(*, user, lesson: Lesson, state: str, place: Place) -> tuple[SelfReport, SupportEvent | None]:
    """Keep one tap on "How is this going?", and the offer that it calls for, if any. Raises TooOften."""
    features = course_calibration.features_now(user=user, lesson=lesson)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # taps at the same moment are counted one after another
        lately = SelfReport.objects.visible_to(user).filter(at__gt=timezone.now() - REPORTS_WITHIN)
        if lately.count() >= MOST_REPORTS:
            raise TooOften(say(panel_words.PANEL["too_often"]))
        report = SelfReport.objects.create(
            user=user,
            lesson=lesson,
            state=state,
            features=features,
            block_number=place.block_number,
            edition=lesson.edition,
            place_seconds=place.seconds,
        )
    estimate = StateEstimate(state=state, confidence=1.0, since=report.at.timestamp(), evidence=("self_report",))
    return report, consider(user=user, lesson=lesson, estimate=estimate, place=place, said=True)


def consider(
    *,
    user,
    lesson: Lesson,
    estimate: StateEstimate,
    place: Place,
    session: LessonSession | None = None,
    said: bool = False,
) -> SupportEvent | None:
    """The offer that this state calls for now, stored and pushed to the session's page; None, mostly.

    An occasion held out is stored and answered with None. No query for a state that nothing answers, one
    or two where it is too early for any rule.
    """
    if estimate.state not in SUPPORTED:
        return None
    now = timezone.now()
    rules = {rule.pk: rule for rule in rules_for(lesson, estimate.state)}
    plain = [_plain(rule) for rule in rules.values()]
    if not said and not any(now.timestamp() - estimate.since >= rule.lasting_seconds for rule in plain):
        return None
    if place.block_number and Block.objects.filter(pk=place.block_number, kind=BlockKind.QUIZ).exists():
        return None
    with transaction.atomic():
        # Two windows of one student at once make one offer, and a quiz begun at this moment is begun before or after.
        User.objects.select_for_update().get(pk=user.pk)
        chosen = core.choose(
            estimate,
            plain,
            _past(user, now),
            _wishes(user),
            now=now.timestamp(),
            answering_quiz=_is_answering_quiz(user, lesson, now, said=said),
            score=_recent_score(user, lesson),
            said=said,
        )
        if chosen is None:
            return None
        event = _store(user, lesson, session, rules[chosen.key], estimate, place, now)
        if event.held_out:
            return None
        if session is not None:
            with in_language_of(user):  # a worker has no reader's language of its own
                message = support_message(event)
            transaction.on_commit(lambda: broadcast.send_to_session(str(session.pk), message))
    return event


def _is_answering_quiz(user, lesson: Lesson, now: datetime.datetime, *, said: bool) -> bool:
    """Whether this student has an exam open anywhere, wherever the page stands, or exercises in this lesson. Who says
    at exercises how it goes may be answered; in an exam, nobody."""
    attempts = QuizAttempt.objects.being_answered(now).filter(user=user)
    exams = attempts.of_limited_quizzes()
    if said:
        return exams.exists()
    return (exams | attempts.filter(quiz__block__lesson=lesson)).exists()


def rules_for(lesson: Lesson, state: str) -> list[SupportRule]:
    """The rules in force: those of the lesson, else of its course, else the starter set."""
    course_id = lesson.module.course_id
    candidates = Q(lesson=lesson) | Q(course_id=course_id, lesson=None) | Q(course=None, lesson=None)
    found = list(SupportRule.objects.filter(candidates, state=state))
    if not any(rule.course_id is None and rule.lesson_id is None for rule in found):
        found += add_starter_rules(state)
    for at_level in (
        lambda rule: rule.lesson_id is not None,
        lambda rule: rule.course_id is not None,
        lambda rule: True,
    ):
        level = [rule for rule in found if at_level(rule)]
        if level:
            return [rule for rule in level if rule.active and not rule.paused_reason]
    return []


def add_starter_rules(state: str | None = None) -> list[SupportRule]:
    """Write the starter set where it is missing. Harmless when it is there."""
    SupportRule.objects.bulk_create(
        [
            SupportRule(state=name, lasting_seconds=seconds, action=action, position=position)
            for position, (name, seconds, action) in enumerate(starter_rules.RULES, start=1)
        ],
        ignore_conflicts=True,
    )
    rules = SupportRule.objects.filter(course=None, lesson=None)
    return list(rules.filter(state=state) if state else rules)


def _plain(rule: SupportRule) -> core.Rule:
    return core.Rule(
        key=rule.pk,
        state=rule.state,
        lasting_seconds=rule.lasting_seconds,
        min_confidence=rule.min_confidence,
        cooldown_seconds=60 * rule.cooldown_minutes,
        first_for=starter_rules.FIRST_FOR.get(rule.action, ""),
    )


def _past(user, now: datetime.datetime) -> list[core.Occasion]:
    rows = SupportEvent.objects.visible_to(user).filter(at__gte=now - datetime.timedelta(days=1))
    return [
        core.Occasion(rule, at.timestamp(), response, held_out)
        for rule, at, response, held_out in rows.values_list("rule_id", "at", "response", "held_out")
    ]


def _wishes(user) -> core.Wishes:
    kept = SupportPreference.objects.filter(user=user).first()
    if kept is None:
        return core.Wishes()
    until = kept.snoozed_until.timestamp() if kept.snoozed_until else 0.0
    return core.Wishes(kept.off, until, kept.muted_states, kept.muted_rules)


def _recent_score(user, lesson: Lesson) -> float | None:
    """The mean of the last five quiz results in this course, in 0..1."""
    course = lesson.module.course_id
    last = QuizAttempt.objects.submitted().filter(user=user, quiz__block__lesson__module__course=course)[:5]
    mean = QuizAttempt.objects.filter(pk__in=list(last.values_list("pk", flat=True))).aggregate(m=Avg("score_percent"))
    return None if mean["m"] is None else mean["m"] / 100


def _store(user, lesson, session, rule, estimate, place, now) -> SupportEvent:
    research = (
        Consent.objects.agreed().filter(user=user, course=lesson.module.course_id, share_for_research=True).exists()
    )
    occasion = int(estimate.since)
    return SupportEvent.objects.create(
        rule=rule,
        user=user,
        lesson=lesson,
        session=session,
        state=estimate.state,
        confidence=estimate.confidence,
        reason={"evidence": list(estimate.evidence), "since": estimate.since, "occasion": occasion},
        block_number=place.block_number,
        edition=lesson.edition,
        place_seconds=place.seconds,
        at=now,
        randomised=research,
        held_out=research and core.is_held_out(rule.pk, user.pk, occasion, rule.holdout_share),
    )


def describe_reason(event: SupportEvent) -> str:
    """Why an offer was made, in one or two sentences of the active language."""
    evidence = event.reason.get("evidence", [])
    if evidence == ["self_report"]:
        return say(panel_words.WHY["said"])
    known = [say(panel_words.REASONS[name]) for name in dict.fromkeys(evidence) if name in panel_words.REASONS]
    seconds = max(1, round(event.at.timestamp() - event.reason.get("since", event.at.timestamp())))
    form = panel_words.WHY["looked" if known else "looked_somehow"]
    return say(form).format(seconds=seconds, reasons=say(panel_words.COMMA).join(known))


@transaction.atomic
def respond(*, event: SupportEvent, response: str) -> bool:
    """Keep a student's answer to an offer. The first one counts; False for a later one."""
    now = timezone.now()
    open_one = SupportEvent.objects.filter(pk=event.pk, response="", held_out=False)
    if not open_one.update(response=response, responded_at=now):
        return False
    if response in ("snoozed", "dismissed", "dont_ask"):
        wants, _ = SupportPreference.objects.select_for_update().get_or_create(user_id=event.user_id)
        wants.dismissals += response != "snoozed"
        if response == "snoozed":
            wants.snoozed_until = now + SNOOZE
        if response == "dont_ask":
            wants.muted_states = sorted({*wants.muted_states, event.state})
        wants.save()
    return True


def set_preference(*, user, wanted: Mapping[str, Any]) -> SupportPreference:
    """Change some of what a student wants of support."""
    preference, _ = SupportPreference.objects.update_or_create(user=user, defaults=dict(wanted))
    return preference


def record_outcomes(*, now: datetime.datetime | None = None, batch_size: int = 500) -> int:
    """Look half an hour back at offers, shown and held out alike, and keep what came after: of all that are due, the
    oldest first, since what tells of it is deleted after a day. Repeatable."""
    now = now or timezone.now()
    due = SupportEvent.objects.filter(
        at__lte=now - OUTCOME_AFTER, at__gt=now - datetime.timedelta(hours=24), stayed__isnull=True
    ).order_by("at", "pk")
    kept = 0
    while batch := list(due[:batch_size]):
        for event in batch:  # one that was erased meanwhile is none of them any more
            kept += SupportEvent.objects.filter(pk=event.pk).update(**_outcomes(event))
    return kept


def _outcomes(event: SupportEvent) -> dict[str, bool | None]:
    mine = {"user": event.user_id, "lesson": event.lesson_id}
    after = {**mine, "at__gt": event.at, "at__lte": event.at + OUTCOME_AFTER}
    acts = BehaviourEvent.objects.filter(**after).order_by("at", "pk")
    answer = acts.filter(kind__in=("quiz_right", "quiz_wrong")).first()
    said = SelfReport.objects.filter(**after).order_by("at", "pk").first()
    late = event.at + STAYED_AFTER
    stayed = (
        acts.filter(at__gte=late).exclude(kind__in=("left_tab", "idle")).exists()
        or SelfReport.objects.filter(**{**after, "at__gt": late}).exists()
        or Progress.objects.filter(**mine, last_seen_at__gte=late).exists()
    )
    return {
        "answered_right_next": answer and answer.kind == "quiz_right",
        "stayed": stayed,
        "reported_better": said and said.state in WELL,
    }


def rule_effect(rule: SupportRule) -> dict[str, Any]:
    """{"shown", "held_out", "accepted", "dismissed", "effects": {outcome: core.Effect or None}}.

    The counts are of all offers; an effect compares only occasions that chance decided, by intention to treat.
    """
    shown = Q(held_out=False)
    counts = {"n_shown": Count("pk", filter=shown), "n_held_out": Count("pk", filter=~shown)}
    counts["n_accepted"] = Count("pk", filter=Q(response="accepted"))
    counts["n_dismissed"] = Count("pk", filter=Q(response__in=("dismissed", "dont_ask")))
    for name in OUTCOMES:
        for arm, held_out in (("shown", False), ("held", True)):
            known = Q(randomised=True, held_out=held_out, **{f"{name}__isnull": False})
            counts[f"{name}_{arm}"] = Count("pk", filter=known)
            counts[f"{name}_{arm}_yes"] = Count("pk", filter=known & Q(**{name: True}))
    row = rule.events.order_by().aggregate(**counts)
    effects = {
        name: core.effect(
            (row[f"{name}_shown_yes"], row[f"{name}_shown"]),
            (row[f"{name}_held_yes"], row[f"{name}_held"]),
            outcomes=len(OUTCOMES),
        )
        for name in OUTCOMES
    }
    return {**{name: row[f"n_{name}"] for name in ("shown", "held_out", "accepted", "dismissed")}, "effects": effects}


def _of_five_on_each_side(rule: SupportRule) -> bool:
    """Who teaches reads the reason: sixty occasions may be those of two students."""
    sides = rule.events.filter(randomised=True).order_by().values("held_out").annotate(n=Count("user", distinct=True))
    return len(sides) == 2 and all(side["n"] >= crowd.SMALLEST for side in sides)


def pause_harmful_rules() -> list[SupportRule]:
    """Pause and flag each rule that makes an outcome less likely, by an interval that may be looked at every hour.
    Returns those paused now."""
    paused = []
    for rule in SupportRule.objects.filter(active=True, paused_reason=""):
        effects = rule_effect(rule)["effects"]
        harmed = [name for name, effect in effects.items() if effect and (effect.always_high or 0) < 0]
        if not harmed:
            continue
        effect = effects[harmed[0]]
        figures = f"{effect.difference:+.0%} with the offer, surely below {effect.always_high:+.1%}"
        told = figures if _of_five_on_each_side(rule) else "less with the offer"
        rule.paused_reason = f"{harmed[0].replace('_', ' ')}: {told}"
        with transaction.atomic():
            if SupportRule.objects.filter(pk=rule.pk, paused_reason="").update(paused_reason=rule.paused_reason):
                paused.append(rule)
                tell_of_pause(rule)
    return paused
