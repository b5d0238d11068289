"""The calendar as iCalendar (RFC 5545): deadlines and appointments, these without a name."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event

from courses.calendar.appointments import Appointment
from courses.calendar.deadlines import Deadline

READ_AGAIN_AFTER = timedelta(hours=1)


def as_ics(
    deadlines: Iterable[Deadline],
    appointments: Iterable[Appointment],
    *,
    now: datetime,
    absolute: Callable[[str], str],
) -> bytes:
    """`absolute` makes a full address of a path. An event keeps its UID while its part of the lesson exists, so a
    deadline that moves is moved in people's calendars too."""
    calendar = Calendar()
    calendar.add("prodid", "-//Attune//Deadlines//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", "Attune")
    calendar.add("refresh-interval", READ_AGAIN_AFTER, parameters={"VALUE": "DURATION"})
    for deadline in deadlines:
        event = _event(deadline, f"{deadline.source}-{deadline.block_id}@due.attune", deadline.title, now, absolute)
        event.add("transp", "TRANSPARENT")  # a deadline makes nobody busy
        calendar.add_component(event)
    for appointment in appointments:
        calendar.add_component(_event(appointment, f"{appointment.key}@meets.attune", appointment.kind, now, absolute))
    return calendar.to_ical()


def _event(
    what: Deadline | Appointment, uid: str, summary: str, now: datetime, absolute: Callable[[str], str]
) -> Event:
    event = Event()
    event.add("uid", uid)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", what.at.astimezone(UTC))
    event.add("summary", summary)
    event.add("description", what.course.title)
    event.add("url", absolute(what.url))
    return event
