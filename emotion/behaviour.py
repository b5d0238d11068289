"""What is done in a lesson's page and in its quizzes, as acts that say how it goes."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from courses.models import Lesson, QuizAttempt
from courses.quizzes import layouts
from emotion.core.quiz_acts import Answered, quiz_acts
from emotion.models import BehaviourEvent, FirstRewind
from emotion.places import Place
from emotion.services import BUCKET_SECONDS


@transaction.atomic
def record_behaviour(*, user, lesson: Lesson, events: Iterable[tuple[str, Place]]) -> int:
    """Keep what was done in a lesson's page: (kind, place) each. Returns how many."""
    rows = [
        BehaviourEvent(
            user=user,
            lesson=lesson,
            kind=kind,
            block_number=place.block_number,
            edition=lesson.edition,
            place_seconds=place.seconds,
        )
        for kind, place in events
    ]
    kept = BehaviourEvent.objects.bulk_create(rows)
    keep_first_rewinds(kept)
    return len(kept)


def keep_first_rewinds(events: Iterable[BehaviourEvent]) -> None:
    """Of those that went back, where each student first did in a part; one that is kept already stays. Repeatable."""
    first = [
        FirstRewind(
            event_number=event.pk,
            user_id=event.user_id,
            lesson_id=event.lesson_id,
            block_number=event.block_number,
            edition=event.edition,
            place=int(event.place_seconds // BUCKET_SECONDS),
        )
        for event in events
        if event.kind == "rewind" and event.block_number
    ]
    FirstRewind.objects.bulk_create(first, ignore_conflicts=True)


def note_attempt(*, attempt: QuizAttempt, **_) -> None:
    """A quiz that was handed in says how it goes: see emotion.core.quiz_acts. A question left out says nothing, and an
    attempt that ended by itself is no act."""
    if attempt.expired:
        return
    shares = {pk: share for pk, share in attempt.results.items() if pk in attempt.answers}
    lengths: dict[str, int] = {}
    if any(attempt.seconds.get(pk) is not None and share < 1 for pk, share in shares.items()):
        lengths = {str(slot.question.pk): slot.characters for slot in layouts.stored(attempt)}
    answers = [Answered(share, lengths.get(pk, 0), attempt.seconds.get(pk)) for pk, share in shares.items()]
    block = attempt.quiz.block
    place = Place(block.pk, 0.0)
    record_behaviour(user=attempt.user, lesson=block.lesson, events=[(kind, place) for kind in quiz_acts(answers)])


def prune_behaviour(*, older_than: datetime.timedelta, batch_size: int = 1000) -> int:
    """Delete behaviour past its retention, oldest first, in small transactions. Returns how many."""
    limit = timezone.now() - older_than
    total = 0
    while True:
        oldest = BehaviourEvent.objects.filter(at__lt=limit).order_by("at").values_list("pk", flat=True)[:batch_size]
        deleted, _ = BehaviourEvent.objects.filter(pk__in=list(oldest)).delete()
        total += deleted
        if not deleted:
            return total
