from django.contrib import admin

from courses.admin_base import TaughtCoursesAdmin, TaughtFilter
from courses.notifications.models import Announcement


@admin.register(Announcement)
class AnnouncementAdmin(TaughtCoursesAdmin):
    """To look at; writing and sending is done on the course's own page."""

    list_display = ["title", "course", "publish_at", "sent_at", "sent_count"]
    list_filter = [("course", TaughtFilter)]
    list_select_related = ["course"]
    search_fields = ["title"]
    readonly_fields = ["course", "author", "title", "body", "publish_at", "sent_at", "sent_count"]

    def has_add_permission(self, request, obj=None) -> bool:
        return False
