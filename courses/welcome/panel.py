from django.http import HttpRequest

from courses.models import Course
from courses.panels import LessonPanel
from courses.welcome.checklist import first_steps


def first_steps_panel(request: HttpRequest, course: Course) -> LessonPanel | None:
    """For those who teach a course, until it stands on its feet."""
    if not request.user.is_authenticated or not course.is_taught_by(request.user):
        return None
    steps = first_steps(course)
    return LessonPanel("courses/welcome/_first_steps.html", {"steps": steps}, order=0) if steps else None
