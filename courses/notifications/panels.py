from courses.notifications.models import Announcement
from courses.panels import LessonPanel

NEWEST = 3


def announcements_panel(request, course) -> LessonPanel | None:
    """A course's newest announcements, for those in it."""
    if not request.user.is_authenticated:
        return None
    newest = list(
        Announcement.objects.visible_to(request.user).published().for_course(course).select_related("author")[:NEWEST]
    )
    teaches = course.is_taught_by(request.user)
    if not newest and not teaches:
        return None
    context = {"course": course, "newest": newest, "teaches": teaches}
    return LessonPanel("courses/notifications/_announcements_panel.html", context, order=1)
