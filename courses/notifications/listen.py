"""What other parts of a course do that people hear of."""

from django.utils import timezone

from courses.assignments.signals import marks_released
from courses.enrollment.signals import declined, enrolled
from courses.models import Assignment, Enrollment
from courses.notifications.services import notify_declined, notify_enrolled, notify_marks_released


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


def after_enrolling(sender, enrollment_id: int, by_another: bool, **kwargs) -> None:
    """Who has just joined knows it."""
    if by_another:
        _tell_of(enrollment_id, notify_enrolled)


def after_declining(sender, enrollment_id: int, **kwargs) -> None:
    _tell_of(enrollment_id, notify_declined)


def _tell_of(enrollment_id: int, tell) -> None:
    enrollment = Enrollment.objects.select_related("course").filter(pk=enrollment_id).first()
    if enrollment:  # else erased since
        tell(enrollment.course, [enrollment.user_id], occasion=f"{timezone.now():%Y%m%d%H%M%S%f}")


def connect() -> None:
    enrolled.connect(after_enrolling, dispatch_uid="notify-after-enrolling")
    declined.connect(after_declining, dispatch_uid="notify-after-declining")
    marks_released.connect(after_marks, dispatch_uid="notify-after-marks")
