"""What the calendar and the home page are told."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from courses.assignments.models import Assignment, Submission


def due(user, courses) -> list[tuple[datetime, str, str, int]]:
    """(due, title, address, block id) of what this person has not handed in and still can. One query."""
    handed_in = Submission.objects.submitted().filter(user_id=user.pk, assignment=OuterRef("pk"))
    now = timezone.now()
    rows = (
        Assignment.objects.present()
        .filter(block__lesson__module__course__in=courses, block__lesson__status="published", due_at__isnull=False)
        .filter(Q(late_until__isnull=True) | Q(late_until__gte=now))
        .exclude(Exists(handed_in))
        .select_related("block")
        .order_by("due_at")
    )
    return [(row.due_at, row.block.title, row.get_absolute_url(), row.block_id) for row in rows]
