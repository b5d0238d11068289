"""A course's own rules of support: who may write them, and writing them."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from courses.models import Course
from emotion.models import SUPPORTED, SupportRule
from emotion.support import add_starter_rules


def rules_of(course: Course) -> list[SupportRule]:
    """A course's own rules and its lessons', by state, in their order."""
    own = Q(course=course) | Q(lesson__module__course=course)
    return list(SupportRule.objects.filter(own).select_related("lesson").order_by("lesson_id", "position", "pk"))


def rules_by_state(course: Course) -> dict[str, dict[str, list[SupportRule]]]:
    """{state: {"own": the course's, "lessons": its lessons', "starter": those that count while it has none}}."""
    starter = add_starter_rules()
    states = {state: {"own": [], "lessons": [], "starter": []} for state in SUPPORTED}
    for rule in rules_of(course):
        states[rule.state]["lessons" if rule.lesson_id else "own"].append(rule)
    for rule in starter:
        if not states[rule.state]["own"]:
            states[rule.state]["starter"].append(rule)
    return states


@transaction.atomic
def adopt_starter_rules(*, course: Course, state: str) -> list[SupportRule]:
    """Give the course rules of its own for a state, worded as the starter set is. Twice is once."""
    Course.objects.select_for_update().get(pk=course.pk)
    if SupportRule.objects.filter(course=course, lesson=None, state=state).exists():
        return []
    return SupportRule.objects.bulk_create(
        SupportRule(
            course=course,
            state=state,
            lasting_seconds=rule.lasting_seconds,
            min_confidence=rule.min_confidence,
            action=rule.action,
            cooldown_minutes=rule.cooldown_minutes,
            position=rule.position,
            active=rule.active and not rule.paused_reason,
        )
        for rule in add_starter_rules(state)
    )


def save_rule(*, course: Course, rule: SupportRule) -> SupportRule:
    """Keep a rule as one of this course's, or of its lesson's. Saving it starts a paused one again."""
    rule.course = course
    rule.paused_reason = ""
    if rule.pk is None:
        last = SupportRule.objects.filter(course=course, state=rule.state).order_by("-position").first()
        rule.position = last.position + 1 if last else 1
    rule.save()
    return rule
