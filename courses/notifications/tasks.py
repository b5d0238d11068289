"""Mail leaves in two ways: by a Celery worker on the queue "mail", told at once, and by the web process, which looks
every 20 seconds for what is left (without Redis, it is the only one). Both claim what they send, so they never meet."""

from celery import shared_task
from django.conf import settings
from django.core.cache import cache

QUEUE = "mail"
ASKED_AGAIN_AFTER = 5  # seconds


@shared_task(name="courses.send_notifications", ignore_result=True)
def send_notifications() -> None:
    """Send what is due. Run twice, the second finds nothing unclaimed and does nothing."""
    from courses.notifications.mail import send_due

    send_due()


def send_soon() -> None:
    """Ask the mail worker to look. Never raises: what nobody was asked for, the web process finds."""
    if not settings.REDIS_URL:
        return
    try:
        # One look sends for everybody, so a class of five hundred need not ask five hundred times.
        if cache.add("notifications.asked", 1, ASKED_AGAIN_AFTER):
            send_notifications.apply_async(countdown=1, expires=60)
    except Exception:  # a broker that is away
        return


@shared_task(name="courses.send_weekly_summaries", ignore_result=True)
def send_weekly_summaries() -> None:
    """Tell those who teach how the week went. Run twice, the second finds everybody told and does nothing."""
    from courses.overview import weekly

    weekly.send_weekly_summaries()


def ask_for_summaries() -> bool:
    """Ask the mail worker to make what is due. False where nobody could be asked."""
    if not settings.REDIS_URL:
        return False
    try:
        send_weekly_summaries.apply_async(expires=600)
    except Exception:  # a broker that is away
        return False
    return True
