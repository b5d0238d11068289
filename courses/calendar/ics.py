"""The calendar as iCalendar (RFC 5545). Only deadlines are in it."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event

from courses.calendar.deadlines import Deadline

READ_AGAIN_AFTER = timedelta(hours=1)


def as_ics(deadlines: Iterable[Deadline], *, now: datetime, absolute: Callable[[str], str]) -> bytes:
    """`absolute` makes a full address of a path. An event keeps its UID while its part of the lesson exists, so a
    deadline that moves is moved in people's calendars too."""
    calendar = Calendar()
    calendar.add("prodid", "-//Attune//Deadlines//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", "Attune")
    calendar.add("refresh-interval", READ_AGAIN_AFTER, parameters={"VALUE": "DURATION"})
    for deadline in deadlines:
        event = Event()
        event.add("uid", f"{deadline.source}-{deadline.block_id}@due.attune")
        event.add("dtstamp", now.astimezone(UTC))
        event.add("dtstart", deadline.at.astimezone(UTC))
        event.add("summary", deadline.title)
        event.add("description", deadline.course.title)
        event.add("url", absolute(deadline.url))
        event.add("transp", "TRANSPARENT")  # a deadline makes nobody busy
        calendar.add_component(event)
    return calendar.to_ical()
