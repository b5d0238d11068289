from courses.notifications.models import Announcement, Notification, NotificationPreference


def export_notifications(user) -> dict:
    return {
        "notifications": [
            {
                "kind": n.get_kind_display(),
                "title": n.title,
                "course": n.course and n.course.title,
                "created_at": n.created_at.isoformat(),
                "read_at": n.read_at and n.read_at.isoformat(),
                "mailed_at": n.mailed_at and n.mailed_at.isoformat(),
            }
            for n in Notification.objects.filter(user=user).select_related("course")
        ],
        "e-mail": [
            {"kind": p.get_kind_display(), "mail": p.get_mail_display()}
            for p in NotificationPreference.objects.filter(user=user)
        ],
        "announcements": [
            {"course": a.course.title, "title": a.title, "body": a.body, "publish_at": a.publish_at.isoformat()}
            for a in Announcement.objects.filter(author=user).select_related("course")
        ],
    }


def erase_notifications(user) -> int:
    """What was said to this person goes; what they announced to a course stays with it, without their name."""
    Announcement.objects.filter(author=user).update(author=None)
    return sum(model.objects.filter(user=user).delete()[0] for model in (Notification, NotificationPreference))
