from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from courses.notifications.models import Notification


def unread(request: HttpRequest) -> dict:
    """The bell's number: one query for those signed in, on the pages that show it."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    return {"unread_notifications": SimpleLazyObject(Notification.objects.visible_to(user).unread().count)}
