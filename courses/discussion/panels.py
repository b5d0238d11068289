from courses.discussion import selectors
from courses.panels import LessonPanel

NEWEST = 3


def discussion_panel(request, lesson) -> LessonPanel:
    """Beside a lesson, below the support panel: how many threads there are, and the newest three."""
    newest, count = selectors.newest_threads(request.user, lesson, NEWEST)
    return LessonPanel("courses/discussion/_panel.html", {"lesson": lesson, "newest": newest, "count": count}, order=20)


def course_discussion_panel(request, course) -> LessonPanel | None:
    """On the course's page: the way to its discussion, for those in it."""
    if not request.user.is_authenticated:
        return None
    may = selectors.standing_in(request.user, course)
    return (
        LessonPanel("courses/discussion/_course_panel.html", {"course": course, "may": may}, order=2) if may else None
    )
