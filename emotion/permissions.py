"""Who may do what with emotional data."""

from courses.models import Course


def takes_as_student(user, course: Course) -> bool:
    """The camera is for those who learn in a course, not for those who teach it."""
    return course.enrollments.active().students().filter(user_id=user.pk).exists()
