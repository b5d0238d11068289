"""What an endpoint is sent. Numbers and ids only: whoever is entitled to names asks the API for them."""

import json

from courses.events.models import Kind, WebhookDelivery
from courses.events.services import account_id

TYPES = {
    Kind.ENROLLED: "enrollment.created",
    Kind.LEFT: "enrollment.ended",
    Kind.LESSON_COMPLETED: "lesson.completed",
    Kind.COURSE_COMPLETED: "course.completed",
    Kind.QUIZ_SUBMITTED: "quiz.submitted",
    Kind.GRADED: "grade.changed",
}
TEST = "test"


def message_id(delivery: WebhookDelivery) -> str:
    return f"msg_{delivery.uuid.hex}"


def body(delivery: WebhookDelivery) -> bytes:
    """The same bytes at each attempt."""
    event = delivery.event
    if event is None:
        content = {"type": TEST, "timestamp": delivery.created_at.isoformat(), "data": {}}
    else:
        content = {
            "type": TYPES[Kind(event.kind)],
            "timestamp": event.occurred_at.isoformat(),
            "data": {
                "event": str(event.uuid),
                "account": account_id(event.user_id),
                "course": event.course_id,
                "lesson": event.lesson_id,
                "block": event.block_id,
                **event.data,
            },
        }
    return json.dumps(content, separators=(",", ":")).encode()
