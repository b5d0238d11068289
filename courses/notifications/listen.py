"""What other parts of a course do that people hear of."""

from django.utils import timezone

from courses.assignments.signals import marks_released
from courses.models import Assignment
from courses.notifications.services import notify_marks_released


def after_marks(sender, assignment_id: int, user_ids: list[int], **kwargs) -> None:
    """One notification for each student of a release; a later release, of work handed in again, is another occasion."""
    assignment = Assignment.objects.select_related("block__lesson__module__course").get(pk=assignment_id)
    notify_marks_released(
        assignment.block.title,
        assignment.course,
        assignment.get_absolute_url(),
        user_ids,
        occasion=f"{timezone.now():%Y%m%d%H%M%S%f}",
    )


def connect() -> None:
    marks_released.connect(after_marks, dispatch_uid="notify-after-marks")
