"""Who may do what with emotional data."""

from courses.models import Course, Role
from emotion.models import Consent, LessonSession


def takes_as_student(user, course: Course) -> bool:
    """The camera is for those who learn in a course, not for those who teach it."""
    return course.role_of(user) == Role.STUDENT


def has_left_something(user, course: Course) -> bool:
    """Whether a yes of this person is in force in a course, or a history kept: theirs to take back and to erase, even
    when they take the course no more."""
    mine = LessonSession.objects.visible_to(user).filter(lesson__module__course=course)
    return Consent.objects.in_force().visible_to(user).filter(course=course).exists() or mine.exists()


def may_export_research(user, course: Course) -> bool:
    """Who answers for a course. Assistants and observers do not hand its students' data on."""
    return course.is_taught_by(user)
