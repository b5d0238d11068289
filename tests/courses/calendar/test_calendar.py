from datetime import UTC, datetime, timedelta

import icalendar
import pytest
from django.utils import timezone, translation
from pytest_django.asserts import assertContains, assertNotContains, assertNumQueries, assertRedirects

from courses.calendar import deadlines, services
from courses.calendar.selectors import in_words, parse_month
from courses.models import CalendarFeed, Lesson
from courses.services import erase_learning, export_learning
from tests.courses.calendar.factories import make_assignment
from tests.factories import enroll, make_course, make_instructor, make_user

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def alice(client):
    alice = make_user("alice", time_zone="Asia/Tokyo")
    client.force_login(alice)
    return alice


@pytest.fixture
def lesson(alice):
    course = make_course("Gardening", lessons=1)
    enroll(alice, course)
    return Lesson.objects.for_course(course).get()


def feed_path(user) -> str:
    return f"/calendar/{services.token_of(services.renew_feed(user=user))}.ics"


def test_home_shows_what_is_due_soon_overdue_first_five_at_most(client, alice, lesson):
    now = timezone.now()
    for days in (13, 1, -3, 3, 4, 5, 20):
        make_assignment(lesson, due_at=now + days * DAY, title=f"In {days}")
    page = client.get("/home/")
    shown = [item.deadline.title for item in page.context["home"].due.shown]
    assert shown == ["In -3", "In 1", "In 3", "In 4", "In 5"]
    assertContains(page, "3 days overdue")
    assertContains(page, "1 more is due within two weeks")
    text = page.content.decode()
    assert text.index("lesson 1 of 1") < text.index("Due soon") < text.index("Your courses")


def test_home_says_nothing_of_deadlines_when_there_are_none(client, alice, lesson):
    make_assignment(lesson, due_at=None)
    assertNotContains(client.get("/home/"), "Due soon")


def test_what_is_not_mine_or_not_to_be_seen_is_not_due(client, alice, lesson):
    soon = timezone.now() + DAY
    draft = Lesson.objects.create(module=lesson.module, title="Draft", position=9)
    elsewhere = Lesson.objects.for_course(make_course(lessons=1)).get()
    archived = make_course(lessons=1, status="archived")
    enroll(alice, archived)
    for place in (draft, elsewhere, Lesson.objects.for_course(archived).get()):
        make_assignment(place, due_at=soon, title="Hidden")
    removed = make_assignment(lesson, due_at=soon, title="Hidden").block
    type(removed).objects.filter(pk=removed.pk).update(removed_at=soon)
    for path in ("/home/", "/calendar/", feed_path(alice)):
        assertNotContains(client.get(path), "Hidden")


def test_days_are_those_of_my_time_zone(client, alice, lesson):
    """20:00 in London on the 5th is the morning of the 6th in Tokyo."""
    make_assignment(lesson, due_at=datetime(2030, 3, 5, 20, 0, tzinfo=UTC), title="Essay")
    month = client.get("/calendar/?month=2030-03").context["month"]
    (day,) = [day for week in month.weeks for day in week if day.due]
    assert day.date.day == 6
    assertContains(client.get("/calendar/?month=2030-03"), "05:00")


def test_months_follow_each_other(client, alice):
    page = client.get("/calendar/?month=2030-12")
    assertContains(page, "December 2030")
    assertContains(page, "?month=2030-11")
    assertContains(page, "?month=2031-01")
    assertContains(page, "Nothing is due this month.")


@pytest.mark.parametrize("month", ["2030-13", "soon", "1-1", "99999-01", "0001-01"])
def test_a_month_that_is_none_is_not_there(client, alice, month):
    assert parse_month(month) is None
    assert client.get("/calendar/", {"month": month}).status_code == 404


def test_a_teacher_sees_the_deadlines_of_their_course(client, lesson):
    ines = make_instructor("ines")
    enroll(ines, lesson.course, role="instructor")
    make_assignment(lesson, due_at=timezone.now() + HOUR, title="Essay")
    client.force_login(ines)
    assertContains(client.get("/calendar/"), "Essay")
    assertNotContains(client.get("/home/"), "Due soon")


def test_the_calendar_costs_the_same_for_many_deadlines(client, alice):
    for _ in range(4):
        course = make_course(lessons=1)
        enroll(alice, course)
        for _ in range(3):
            make_assignment(Lesson.objects.for_course(course).get(), due_at=timezone.now() + HOUR)
    # session, user, the bell; my feed; my courses; talks; what quizzes (two) and assignments tell; their courses
    with assertNumQueries(10):
        client.get("/calendar/")
    client.logout()
    path = feed_path(alice)
    # the feed with its user; courses; what quizzes (two) and assignments tell; the courses of those blocks; talks
    with assertNumQueries(7):
        client.get(path)


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (-2, "Was due today, 10:00"),
        (-26, "1 day overdue"),
        (-80, "3 days overdue"),
        (2, "Due today, 14:00"),
        (24, "Due tomorrow, 12:00"),
        (72, "Due Friday 15 March, 12:00"),
    ],
)
def test_when_in_words(hours, words):
    now = datetime(2030, 3, 12, 12, 0, tzinfo=UTC)
    assert in_words(now + hours * HOUR, now) == words


@pytest.mark.parametrize(("language", "day"), [("de", "Freitag 15. März"), ("ar", "15 مارس")])
def test_a_day_is_written_as_its_language_does(language, day):
    now = datetime(2030, 3, 12, 12, 0, tzinfo=UTC)
    with translation.override(language):
        assert day in in_words(now + 72 * HOUR, now)


def test_the_private_address_needs_no_sign_in_and_reads_back(client, alice, lesson):
    at = datetime(2030, 3, 5, 20, 0, tzinfo=UTC)
    title = "Essay; with commas, a back\\slash\nand " + "a very long title äöü " * 3
    made = make_assignment(lesson, due_at=at, title=title[:120])
    path = feed_path(alice)
    client.logout()
    response = client.get(path)
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert "no-store" in response["Cache-Control"]
    lines = response.content.split(b"\r\n")
    assert max(map(len, lines)) <= 75 and b"\n" not in b"".join(lines)
    (event,) = icalendar.Calendar.from_ical(response.content).walk("VEVENT")
    assert event["summary"] == title[:120]
    assert event["dtstart"].dt == at and b"DTSTART:20300305T200000Z" in response.content
    assert event["dtstamp"].dt.tzinfo is not None
    assert event["uid"] == f"assignments-{made.block_id}@due.attune"
    assert event["url"] == f"http://testserver{made.get_absolute_url()}"

    made.due_at = at + DAY
    made.save()
    (moved,) = icalendar.Calendar.from_ical(client.get(path).content).walk("VEVENT")
    assert moved["uid"] == event["uid"] and moved["dtstart"].dt == at + DAY


def test_a_renewed_or_switched_off_address_is_gone(client, alice):
    client.post("/calendar/address/", {"action": "renew"})
    first = client.get("/calendar/").context["feed_url"]
    assert client.get(first).status_code == 200
    assertRedirects(client.post("/calendar/address/", {"action": "renew"}), "/calendar/#address")
    second = client.get("/calendar/").context["feed_url"]
    assert first != second
    assert client.get(first).status_code == 404
    assert client.get(second).status_code == 200
    client.post("/calendar/address/", {"action": "off"})
    assert client.get(second).status_code == 404
    assert client.post("/calendar/address/", {"action": "eat"}).status_code == 400


def test_an_address_cannot_be_made_up(client, alice):
    path = feed_path(alice)
    number = CalendarFeed.objects.get().pk
    for token in (
        f"{number}-{'0' * 64}",
        f"{number}-",
        f"{number}",
        "x-y",
        "9" * 40 + "-a",
        CalendarFeed.objects.get().key,
    ):
        assert client.get(f"/calendar/{token}.ics").status_code == 404
    alice.is_active = False
    alice.save()
    assert client.get(path).status_code == 404


def test_the_address_is_another_persons_affair(client, alice, lesson):
    make_assignment(lesson, due_at=timezone.now() + DAY, title="Essay")
    path = feed_path(make_user("bob"))
    assertNotContains(client.get(path), "Essay")


def test_pages_need_a_sign_in(client):
    assert client.get("/calendar/").url.startswith("/accounts/login/")
    assert client.post("/calendar/address/", {"action": "renew"}).url.startswith("/accounts/login/")
    assert client.get("/calendar/address/").status_code == 405


def test_the_address_is_exported_in_words_and_erased(alice):
    services.renew_feed(user=alice)
    assert export_learning(alice)["calendar_address"][0]["since"]
    erase_learning(alice)
    assert not CalendarFeed.objects.exists()


def test_without_courses_no_source_is_asked(alice):
    with assertNumQueries(0):
        assert deadlines.deadlines(alice, []) == []
