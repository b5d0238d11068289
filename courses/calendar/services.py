import hmac

from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import User
from courses.calendar.models import CalendarFeed, new_key


def renew_feed(*, user: User) -> CalendarFeed:
    """Give this person's calendar a private address, or another one; the former stops to work."""
    feed, _ = CalendarFeed.objects.update_or_create(
        user=user, defaults={"key": new_key(), "created_at": timezone.now()}
    )
    return feed


def switch_off_feed(*, user: User) -> None:
    CalendarFeed.objects.filter(user=user).delete()


def token_of(feed: CalendarFeed) -> str:
    """What stands in the address: the row's number and 256 bits that only this server can compute."""
    return f"{feed.pk}-{_signature(feed)}"


def feed_at(token: str) -> CalendarFeed | None:
    number, _, signature = token.partition("-")
    if not (number.isascii() and number.isdecimal() and len(number) < 19):
        return None
    feed = CalendarFeed.objects.filter(pk=int(number), user__is_active=True).select_related("user").first()
    if feed is None or not hmac.compare_digest(_signature(feed).encode(), signature.encode()):
        return None
    return feed


def _signature(feed: CalendarFeed) -> str:
    return salted_hmac("courses.calendar.feed", feed.key, algorithm="sha256").hexdigest()
