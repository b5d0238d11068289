from courses.notifications.models import Announcement
from courses.panels import LessonPanel

NEWEST = 3


def announcements_panel(request, course) -> LessonPanel | None:
    """A course's newest announcements, for those in it: whoever is in a course and may see its page may see what was
    sent there."""
    user = request.user
    teaches = course.is_taught_by(user)
    if not user.is_authenticated or not (teaches or course.is_taken_by(user)):
        return None
    newest = list(Announcement.objects.published().for_course(course).select_related("author")[:NEWEST])
    if not newest and not teaches:
        return None
    context = {"course": course, "newest": newest, "teaches": teaches}
    return LessonPanel("courses/notifications/_announcements_panel.html", context, order=1)
