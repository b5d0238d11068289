"""What a page is told of an offer: its words in the reader's language, the place it is about, and a kind word."""

from __future__ import annotations

import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Avg
from django.urls import reverse
from django.utils import translation

from courses.models import Block, Thread
from emotion import panel_words, starter_rules
from emotion.core.labels import EXPRESSIONS
from emotion.models import EmotionReading, Outcome, SupportEvent, SupportRule
from emotion.starter_rules import in_language as say
from emotion.wording import CLEAR_ENOUGH

WATCH_AGAIN_SECONDS = 60
LOOKS_LATELY = datetime.timedelta(seconds=20)


def in_language_of(user):
    """A context in which words come out in this person's language."""
    return translation.override(user.language)


def support_message(event: SupportEvent) -> dict[str, Any]:
    """What a page is told of an offer, in the active language."""
    rule, kind_word = event.rule, _kind_word(event)
    block = Block.objects.filter(pk=event.block_number, lesson=event.lesson_id).select_related("lesson").first()
    offer = rule.offer or say(starter_rules.OFFERS[rule.action])
    if rule.action == SupportRule.Action.ENCOURAGE and not rule.offer:
        offer = kind_word
    return {
        "type": "support",
        "id": event.pk,
        "state": event.state,
        "action": rule.action,
        "question": rule.question or say(starter_rules.QUESTIONS[rule.state]),
        "accept": say(starter_rules.ACCEPT[rule.action]),
        "offer": offer,
        "place": _place_to_go(event, block),
        "ask": _to_ask(event, block),
        "kind_word": "" if rule.action == SupportRule.Action.ENCOURAGE else kind_word,
        "break_offer": say(starter_rules.OFFERS["break"]),
        "replies": {name: say(words) for name, words in starter_rules.REPLIES.items()},
    }


def _place_to_go(event: SupportEvent, block: Block | None) -> dict[str, Any] | None:
    """The block that an offer is about: where to go back to."""
    if block is None:
        return None
    return {
        "block": block.pk,
        "seconds": max(0.0, event.place_seconds - WATCH_AGAIN_SECONDS),
        "read": _about(block, "read"),
        "watch": _about(block, "watch"),
    }


def _to_ask(event: SupportEvent, block: Block | None) -> dict[str, str] | None:
    """For whoever asks the others or the tutor: words to begin with, and the discussion's address with them filled in,
    or none where they go to the tutor. Nothing is sent unless the student sends it."""
    if event.rule.action not in (SupportRule.Action.DISCUSS, SupportRule.Action.OFFER_TUTOR):
        return None
    likes = event.state == "delighted"
    words = _about(block, "share" if likes else "ask") if block else ""
    if event.rule.action == SupportRule.Action.OFFER_TUTOR:
        return {"words": words, "url": ""}
    begun = {"block": block.pk if block else "", "kind": Thread.Kind.COMMENT.value if likes else "", "body": words}
    query = urlencode({name: value for name, value in begun.items() if value})
    return {"words": words, "url": f"{reverse('discussion:lesson', args=[event.lesson_id])}?{query}#ask"}


def _about(block: Block, form: str) -> str:
    return say(panel_words.PLACES[form]).format(title=block.title, lesson=block.lesson.title)


def _kind_word(event: SupportEvent) -> str:
    """For whoever asks for one: of how it looks, where the camera sees something clear, and of what effort does."""
    looks = _clear_expression(event) or ("happiness" if event.state == "delighted" else None)
    parts = [say(starter_rules.ENCOURAGEMENTS[looks])] if looks else []
    if event.state != "delighted":
        parts.append(say(starter_rules.OFFERS["encourage"]))
    return " ".join(parts)


def _clear_expression(event: SupportEvent) -> str | None:
    """The expression that stood out in the seconds before an offer, if one did."""
    seen = EmotionReading.objects.filter(
        session__user=event.user_id,
        session__lesson=event.lesson_id,
        session__ended_at=None,
        session__consent__withdrawn_at=None,
        taken_at__gt=event.at - LOOKS_LATELY,
        outcome=Outcome.FACE,
    )
    mean = seen.order_by().aggregate(**{f"mean_{name}": Avg(name) for name in EXPRESSIONS})
    name = max(EXPRESSIONS, key=lambda name: mean[f"mean_{name}"] or 0.0)
    return name if (mean[f"mean_{name}"] or 0.0) >= CLEAR_ENOUGH else None
