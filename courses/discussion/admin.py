from django.contrib import admin

from courses.admin_base import TaughtCoursesAdmin, TaughtFilter
from courses.discussion.models import Thread


@admin.register(Thread)
class ThreadAdmin(TaughtCoursesAdmin):
    """To find and look at; answering and moderating is done on the thread's own page."""

    list_display = ["title", "lesson", "kind", "author", "created_at", "is_locked", "is_hidden"]
    list_filter = [("lesson__module__course", TaughtFilter), "kind", "is_hidden"]
    list_select_related = ["lesson", "author"]
    search_fields = ["title"]
    fields = readonly_fields = [
        "lesson",
        "kind",
        "author",
        "title",
        "created_at",
        "is_pinned",
        "is_locked",
        "is_hidden",
    ]

    def has_add_permission(self, request, obj=None) -> bool:
        return False
