"""Who may do what with emotional data."""

from courses.models import Course, Role


def takes_as_student(user, course: Course) -> bool:
    """The camera is for those who learn in a course, not for those who teach it."""
    return course.role_of(user) == Role.STUDENT


def may_export_research(user, course: Course) -> bool:
    """Who answers for a course. Assistants and observers do not hand its students' data on."""
    return course.is_taught_by(user)
