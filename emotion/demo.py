"""How the two weeks of the demo's class looked and what they said of them: invented, with stories to be found.

Nothing here was read from a face. The rows have the shape that the live path would have given them.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from courses.demo.life import Learner, reached_at
from courses.models import Block, Course, Lesson
from emotion.behaviour import keep_first_rewinds
from emotion.class_history import put_together_class_histories
from emotion.core.labels import EXPRESSIONS
from emotion.models import (
    BehaviourEvent,
    Consent,
    EmotionBucket,
    LessonSession,
    SelfReport,
    SupportEvent,
    SupportRule,
)
from emotion.selectors import BUCKET_SECONDS
from emotion.support import add_starter_rules

Moment = tuple[Block, int, str]  # a block, tens of seconds into it, a learning state

# How a face looks on average in each state; the rest of the whole is neutral.
LOOKS = {
    "engaged": {"happiness": 0.10, "surprise": 0.06},
    "confused": {"surprise": 0.22, "sadness": 0.12, "anger": 0.14, "fear": 0.06},
    "frustrated": {"anger": 0.30, "sadness": 0.16, "disgust": 0.08},
    "bored": {"sadness": 0.16, "contempt": 0.06},
    "delighted": {"happiness": 0.62, "surprise": 0.12},
}


class Story(NamedTuple):
    """From `start` to `end` tens of seconds into a block, a `share` of those there looked so."""

    lesson: int
    block: int
    start: int
    end: int
    state: str
    share: float


STORIES = (
    Story(1, 4, 4, 8, "delighted", 0.7),  # the groups that both rise while the total falls
    Story(2, 3, 4, 9, "confused", 0.8),  # where the standard deviation divides by four
    Story(3, 4, 1, 8, "bored", 0.55),  # a page about wording
    Story(4, 1, 3, 6, "delighted", 0.6),  # the question that fools experts
)
RESPONSES = ("accepted", "accepted", "fine", "accepted", "dismissed", "", "snoozed")


def seed_feelings(course: Course, people: list[Learner], *, now: datetime) -> None:
    chance = random.Random("how it looked")
    lessons = list(Lesson.objects.for_course(course).in_course_order().prefetch_related("blocks"))
    consents = _consents(course, people, now)
    sessions: list[LessonSession] = []
    buckets: list[EmotionBucket] = []
    reports: list[SelfReport] = []
    rewinds: list[BehaviourEvent] = []
    for person in people:
        for number, lesson in enumerate(lessons[: person.steps + person.begun]):
            at = reached_at(person, number, now)
            blocks = [block for block in lesson.blocks.all() if block.kind == Block.Kind.TEXT]
            if number == person.steps:  # begun, and left in its third part
                blocks = blocks[:3]
            moments = list(_moments(number + 1, blocks, chance))
            reports += _reports(person, lesson, moments, at, chance)
            if consent := consents.get(person.user.pk):
                end = at + timedelta(seconds=BUCKET_SECONDS * len(moments))
                session = LessonSession(
                    user=person.user, lesson=lesson, consent=consent, started_at=at, ended_at=end, mode="device"
                )
                sessions.append(session)
                buckets += [_bucket(session, order, *moment, chance) for order, moment in enumerate(moments)]
            if number == 1:
                rewinds += _rewinds(person, lesson, moments, now)
    LessonSession.objects.bulk_create(sessions)
    EmotionBucket.objects.bulk_create(buckets, batch_size=500)
    SelfReport.objects.bulk_create(reports)
    keep_first_rewinds(BehaviourEvent.objects.bulk_create(rewinds))
    _offers(reports, chance)
    put_together_class_histories()


def _consents(course: Course, people: list[Learner], now: datetime) -> dict[int, Consent]:
    """Of every six one learns without a camera; the first who has begun and every fifth after share
    their history and take part in research. The others are enough in each group to compare the two."""
    agreed = [person for place, person in enumerate(people) if place and place % 6 != 5 and person.steps]
    Consent.objects.bulk_create(
        Consent(
            user=person.user,
            course=course,
            camera=True,
            history=True,
            share_with_instructor=place % 5 == 0,
            share_for_research=place % 5 == 0,
            research_since=now - timedelta(days=14) if place % 5 == 0 else None,
            granted_at=now - timedelta(days=14),
        )
        for place, person in enumerate(agreed)
    )
    return {consent.user_id: consent for consent in Consent.objects.in_force().filter(course=course)}


def _moments(number: int, blocks: list[Block], chance: random.Random) -> Iterator[Moment]:
    """(block, tens of seconds into it, learning state) in the order of reading. One mood lasts through a story."""
    for position, block in enumerate(blocks, start=1):
        told = [story for story in STORIES if story[:2] == (number, position) and chance.random() < story.share]
        for place in range(7 + len(block.body.split()) // 40 + chance.randrange(3)):
            state = chance.choices(("engaged", "unsure", "bored", "confused"), (70, 20, 5, 5))[0]
            for story in told:
                state = story.state if story.start <= place < story.end else state
            yield block, place, state


def _bucket(
    session: LessonSession, order: int, block: Block, place: int, state: str, chance: random.Random
) -> EmotionBucket:
    faces = chance.choice((10, 10, 10, 9, 8))
    means = {name: mean * chance.uniform(0.7, 1.3) for name, mean in LOOKS.get(state, {}).items()}
    means |= {name: chance.uniform(0.005, 0.02) for name in EXPRESSIONS if name not in means}
    means["neutral"] = 1 - sum(mean for name, mean in means.items() if name != "neutral")
    minute = session.started_at + timedelta(seconds=BUCKET_SECONDS * order)
    return EmotionBucket(
        session=session,
        block_number=block.pk,
        edition=session.lesson.edition,
        place=place,
        minute=minute.replace(second=0, microsecond=0),
        faces=faces,
        no_face=10 - faces,
        **{name: round(faces * mean, 4) for name, mean in means.items()},
        **{state: 1},
    )


def _reports(
    person: Learner, lesson: Lesson, moments: list[Moment], at: datetime, chance: random.Random
) -> Iterator[SelfReport]:
    """Some say what they felt where a story is; Jonas, who fell behind, says it each time."""
    said = set()
    for order, (block, place, state) in enumerate(moments):
        told = state in ("confused", "delighted", "bored") and (block.pk, state) not in said
        lost = person.days > 7 and order in (12, 24)
        if (told and place >= 3 and chance.random() < 0.45) or lost:
            said.add((block.pk, state))
            yield SelfReport(
                user=person.user,
                lesson=lesson,
                block_number=block.pk,
                edition=lesson.edition,
                place_seconds=place * BUCKET_SECONDS,
                state="frustrated" if lost else state,
                at=at + timedelta(seconds=BUCKET_SECONDS * order),
            )


def _rewinds(person: Learner, lesson: Lesson, moments: list[Moment], now: datetime) -> list[BehaviourEvent]:
    """Readers of this morning who went back over the table."""
    if person.steps != 2 or not (table := [m for m in moments if m[2] == "confused" and m[1] >= 4]):
        return []
    block, place, _state = table[0]
    return [
        BehaviourEvent(
            user=person.user,
            lesson=lesson,
            block_number=block.pk,
            edition=lesson.edition,
            place_seconds=place * BUCKET_SECONDS,
            kind="rewind",
            at=now - timedelta(hours=2, minutes=person.user.pk % 50),
        )
    ]


def _offers(reports: list[SelfReport], chance: random.Random) -> None:
    add_starter_rules()
    rules = {rule.state: rule for rule in SupportRule.objects.filter(course=None, lesson=None).order_by("-position")}
    events = []
    for report in reports:
        rule = rules.get(report.state)
        if rule is None or report.state == "delighted":
            continue
        response = chance.choice(RESPONSES)
        at = report.at + timedelta(seconds=20)
        events.append(
            SupportEvent(
                user=report.user,
                lesson=report.lesson,
                block_number=report.block_number,
                edition=report.edition,
                place_seconds=report.place_seconds,
                at=at,
                rule=rule,
                state=report.state,
                confidence=round(chance.uniform(0.66, 0.93), 2),
                reason={},
                response=response,
                responded_at=at + timedelta(seconds=15) if response else None,
                stayed=chance.random() < 0.85,
                reported_better=chance.random() < 0.6 if response == "accepted" else None,
            )
        )
    SupportEvent.objects.bulk_create(events)
