"""Writing down what was learned, and who is told of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import User
from courses.events.models import Kind, LearningEvent, WebhookDelivery, WebhookEndpoint
from courses.events.signing import new_secret

if TYPE_CHECKING:  # the courses' models import what is written down here
    from courses.models import Block, Course, Lesson

# Kinds that endpoints may ask for, and the setting by which they do. The others are only for the record store.
WANTED_BY: dict[str, str] = {
    Kind.ENROLLED: "wants_enrollment",
    Kind.LEFT: "wants_enrollment",
    Kind.LESSON_COMPLETED: "wants_completion",
    Kind.COURSE_COMPLETED: "wants_completion",
    Kind.QUIZ_SUBMITTED: "wants_grade",
    Kind.GRADED: "wants_grade",
}
# For so long a message is signed with the former secret too, so that its receiver changes over without a gap.
FORMER_SECRET_HOLDS = timedelta(hours=24)


def account_id(user_id: int) -> str:
    """What others know a person by: always the same, and nothing can be read from it without the site's secret key."""
    return salted_hmac("courses.events.account", str(user_id), algorithm="sha256").hexdigest()[:32]


@transaction.atomic
def record(
    *,
    kind: str,
    user: User,
    course: Course | None = None,
    lesson: Lesson | None = None,
    block: Block | None = None,
    data: dict[str, Any] | None = None,
    key: object = None,
) -> LearningEvent:
    """Write an event down, in the transaction of what happened. What has the same key is written once.

    Give the nearest of block, lesson and course; the others follow from it. `data` holds figures, never words that
    somebody wrote and nothing of how they felt: it leaves the house as it is.
    """
    lesson = lesson or (block.lesson if block else None)
    course = course or (lesson.course if lesson else None)
    event, created = LearningEvent.objects.get_or_create(
        key=f"{kind}:{key or uuid4().hex}",
        defaults={
            "kind": kind,
            "user_id": user.pk,
            "course": course,
            "lesson": lesson,
            "block": block,
            "data": data or {},
        },
    )
    if created and (setting := WANTED_BY.get(kind)):
        told = WebhookEndpoint.objects.enabled().filter(Q(course=course) | Q(course=None), **{setting: True})
        WebhookDelivery.objects.bulk_create(WebhookDelivery(endpoint=endpoint, event=event) for endpoint in told)
    return event


def record_completed_course(*, user: User, course: Course) -> None:
    """Write down that a course is done, if no published lesson of it is left. Once for each person and course."""
    from courses.models import Lesson, Progress

    done = Progress.objects.filter(user=user, completed_at__isnull=False)
    left = Lesson.objects.published().for_course(course).exclude(pk__in=done.values("lesson"))
    if not left.exists():
        record(kind=Kind.COURSE_COMPLETED, user=user, course=course, key=f"{user.pk}:{course.pk}")


def rotate_secret(*, endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """A new secret; the one before it signs along for a day."""
    endpoint.former_secret, endpoint.secret, endpoint.rotated_at = endpoint.secret, new_secret(), timezone.now()
    endpoint.save(update_fields=["secret", "former_secret", "rotated_at"])
    return endpoint


def secrets_in_use(endpoint: WebhookEndpoint) -> list[str]:
    if endpoint.former_secret and endpoint.rotated_at and timezone.now() - endpoint.rotated_at < FORMER_SECRET_HOLDS:
        return [endpoint.secret, endpoint.former_secret]
    return [endpoint.secret]


def send_test(*, endpoint: WebhookEndpoint) -> WebhookDelivery:
    return WebhookDelivery.objects.create(endpoint=endpoint)


def send_again(*, delivery: WebhookDelivery) -> None:
    """Send it from the start, under the same id: a receiver that has it already can tell."""
    WebhookDelivery.objects.filter(pk=delivery.pk).update(
        attempts=0, next_attempt_at=timezone.now(), delivered_at=None, status_code=None, last_error=""
    )


def switch(*, endpoint: WebhookEndpoint, on: bool) -> None:
    """Off, it is told of nothing new, and what waits is kept. On, what waits is sent; former failures count no more."""
    changes = {"is_enabled": on, "switched_off_because": ""} | ({"failing_since": None} if on else {})
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(**changes)


def prune_events(*, older_than: timedelta, keep_unsent: bool, batch_size: int = 500) -> int:
    """Delete old events, their deliveries and old tests, in small transactions. What an endpoint that is switched on,
    or (`keep_unsent`) the record store, still has to be told stays."""
    before, deleted = timezone.now() - older_than, 0
    waiting = WebhookDelivery.objects.filter(next_attempt_at__isnull=False, endpoint__is_enabled=True)
    old = LearningEvent.objects.filter(occurred_at__lt=before).exclude(
        pk__in=waiting.filter(event__isnull=False).values("event")
    )
    if keep_unsent:
        old = old.filter(xapi_due_at=None)
    tests = WebhookDelivery.objects.filter(event=None, created_at__lt=before)
    for rows in (old.order_by("occurred_at"), tests):
        while ids := list(rows.values_list("pk", flat=True)[:batch_size]):
            rows.model.objects.filter(pk__in=ids).delete()
            deleted += len(ids)
    return deleted


def export_events(user: User) -> list[dict[str, Any]]:
    return [
        {
            "what": event.get_kind_display(),
            "course": event.course.title,
            "lesson": event.lesson and event.lesson.title,
            "block": event.block and event.block.title,
            "figures": event.data,
            "at": event.occurred_at.isoformat(),
        }
        for event in LearningEvent.objects.filter(user=user).select_related("course", "lesson", "block")
    ]
