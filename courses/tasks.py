"""Celery looks here for the tasks of courses."""

from courses.enrollment.tasks import send_invitations  # noqa: F401
