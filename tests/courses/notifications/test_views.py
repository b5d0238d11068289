import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertNumQueries, assertRedirects

from accounts import personal_data
from courses.models import Announcement, Notification
from courses.notifications.services import (
    notify_deadline,
    notify_enrolled,
    notify_marks_released,
    preferences_of,
    send_announcement,
    send_due_announcements,
)
from tests.courses.notifications.factories import tell
from tests.factories import enroll, make_course, make_instructor, make_user

pytestmark = pytest.mark.django_db

WORDS = {"title": "The room has changed", "body": "Now in **12**."}


def url(name, *args):
    return reverse(f"notifications:{name}", args=args)


@pytest.fixture
def alice(client):
    alice = make_user("alice")
    client.force_login(alice)
    return alice


@pytest.fixture
def course(ines):
    return make_course("Algebra", instructor=ines)


def test_the_bell_has_the_number_of_unread_ones(client, alice):
    page = client.get("/home/")
    assertContains(page, "Notifications: none unread")
    tell(alice)
    tell(alice)
    assertContains(client.get("/home/"), "Notifications: 2 unread")


def test_a_visitor_has_no_bell(client):
    assertNotContains(client.get("/courses/"), "data-bell")


def test_following_a_notification_reads_it(client, alice):
    tell(alice, url="/courses/")
    assertRedirects(client.get(url("open", Notification.objects.get().pk)), "/courses/")
    assert Notification.objects.get().is_read


def test_reading_one_and_all(client, alice):
    for _ in range(3):
        tell(alice)
    client.post(url("read", Notification.objects.last().pk))
    assert Notification.objects.unread().count() == 2
    client.post(url("read-all"))
    assert Notification.objects.unread().count() == 0
    assertNotContains(client.get(url("list")), "Mark all")


def test_nobody_meets_the_notifications_of_another(client, alice):
    bob = make_user("bob")
    tell(bob, title="For Bob alone")
    theirs = Notification.objects.get()
    assertNotContains(client.get(url("list")), "For Bob alone")
    assert client.get(url("open", theirs.pk)).status_code == 404
    assert client.post(url("read", theirs.pk)).status_code == 404
    client.post(url("read-all"))
    theirs.refresh_from_db()
    assert not theirs.is_read


def test_a_visitor_signs_in_first(client, course):
    for path in (url("list"), url("settings"), url("announcements", course.slug), url("announce", course.slug)):
        assert client.get(path).url.startswith("/accounts/login/")


def test_the_list_costs_the_same_for_many(client, alice, course):
    for _ in range(6):
        tell(alice, course=course)
    # session, user; count; notifications with courses; the bell
    with assertNumQueries(5):
        client.get(url("list"))


def test_telling_a_class_costs_the_same_as_telling_one(course):
    people = [make_user(f"student{n}") for n in range(20)]
    # preferences; one insert; (in a test's transaction, what follows the commit does not run)
    with assertNumQueries(2):
        tell(*people)


def test_an_occasion_is_told_once(alice):
    for _ in range(2):
        tell(alice, key="same")
    assert Notification.objects.count() == 1


def test_choosing_what_comes_by_mail(client, alice):
    page = client.get(url("settings"))
    assertContains(page, "Announcements of your courses")
    wishes = {**preferences_of(alice), "announcement": "daily"}
    assertRedirects(client.post(url("settings"), wishes), url("settings"))
    assert preferences_of(alice)["announcement"] == "daily"
    assert client.post(url("settings"), {**wishes, "reply": "hourly"}).status_code == 422
    assertContains(client.get("/you/"), url("settings"))


def test_an_announcement_reaches_the_class(client, alice, course, ines):
    bob = make_user("bob")
    enroll(alice, course)
    enroll(bob, course, status="withdrawn")
    client.force_login(ines)
    page = client.post(url("announce", course.slug), WORDS, follow=True)
    assertContains(page, "sent to 1 person")
    assert [n.user for n in Notification.objects.all()] == [alice]
    client.force_login(alice)
    assertContains(client.get(course.get_absolute_url()), "<strong>12</strong>")
    assertContains(client.get(url("list")), "The room has changed")
    assertNotContains(client.get(url("announcements", course.slug)), "sent to")


def test_an_announcement_waits_for_its_time(client, alice, course, ines):
    enroll(alice, course)
    client.force_login(ines)
    client.post(url("announce", course.slug), {**WORDS, "publish_at": "2999-01-01T08:00"})
    waiting = Announcement.objects.get()
    assert send_due_announcements() == 0 and not Notification.objects.exists()
    client.force_login(alice)
    assertNotContains(client.get(course.get_absolute_url()), "The room has changed")
    assertNotContains(client.get(url("announcements", course.slug)), "The room has changed")
    client.force_login(ines)
    assertContains(client.get(url("announcements", course.slug)), "Planned")
    client.post(url("edit-announcement", waiting.pk), {**WORDS, "title": "Room 14", "publish_at": "2999-01-01T08:00"})
    Announcement.objects.update(publish_at=timezone.now())
    assert (send_due_announcements(), send_due_announcements()) == (1, 0)
    assert Notification.objects.get().title == "Room 14"
    assert client.get(url("edit-announcement", waiting.pk)).status_code == 404, "sent words stay as people got them"


def test_two_at_once_send_an_announcement_once(alice, course, ines):
    enroll(alice, course)
    announcement = Announcement.objects.create(course=course, author=ines, **WORDS)
    twin = Announcement.objects.get()
    assert send_announcement(announcement=announcement)
    assert not send_announcement(announcement=twin)


def test_who_may_announce_and_who_may_read(client, course, ines):
    bob, charlie, ivo = make_user("bob"), make_user("charlie"), make_instructor("ivo")
    enroll(bob, course)
    announcement = Announcement.objects.create(course=course, author=ines, **WORDS)
    for user, reads, writes in ((bob, 200, 404), (charlie, 404, 404), (ivo, 404, 404), (ines, 200, 200)):
        client.force_login(user)
        assert client.get(url("announcements", course.slug)).status_code == reads
        assert client.get(url("announce", course.slug)).status_code == writes
        assert client.get(url("edit-announcement", announcement.pk)).status_code == writes
        if writes == 404:
            assert client.post(url("announce", course.slug), WORDS).status_code == 404
            assert client.post(url("delete-announcement", announcement.pk)).status_code == 404
    client.post(url("delete-announcement", announcement.pk))
    assert not Announcement.objects.exists()


def test_a_deleted_announcement_is_gone_from_what_people_were_told(client, alice, course, ines):
    enroll(alice, course)
    announcement = Announcement.objects.create(course=course, author=ines, **WORDS)
    send_announcement(announcement=announcement)
    client.force_login(ines)
    client.post(url("delete-announcement", announcement.pk))
    assert not Notification.objects.exists()


def test_an_announcement_without_a_title_keeps_what_was_typed(client, course, ines):
    client.force_login(ines)
    page = client.post(url("announce", course.slug), {**WORDS, "title": ""})
    assertContains(page, "Now in **12**.", status_code=422)


def test_announcements_cost_the_same_for_many(client, alice, course, ines):
    enroll(alice, course)
    for _ in range(5):
        send_announcement(announcement=Announcement.objects.create(course=course, author=ines, **WORDS))
    # session, user; course; takes; teaches; count; announcements; the bell
    with assertNumQueries(8):
        client.get(url("announcements", course.slug))


def test_marks_deadlines_and_enrolments_are_told_once_each(alice, course):
    bob = make_user("bob")
    due = timezone.now()
    for _ in range(2):
        notify_marks_released("Essay one", course, "/assignments/1/", [alice.pk, bob.pk])
        notify_deadline("Essay two", course, "/assignments/2/", [alice.pk], due)
        notify_enrolled(course, [alice.pk])
    assert sorted(Notification.objects.filter(user=alice).values_list("kind", flat=True)) == [
        "deadline",
        "enrolment",
        "marks",
    ]
    assert Notification.objects.get(user=bob).title == "Your marks for “Essay one” are there"


def test_taking_along_and_erasing(alice, course, ines):
    enroll(alice, course)
    send_announcement(announcement=Announcement.objects.create(course=course, author=ines, **WORDS))
    exported = personal_data.export_all(alice)["notifications"]
    assert exported["notifications"][0]["title"] == "The room has changed"
    personal_data.erase_all(alice)
    assert not Notification.objects.exists()
    assert personal_data.export_all(ines)["notifications"]["announcements"][0]["body"] == "Now in **12**."
    personal_data.erase_all(ines)
    assert Announcement.objects.get().author is None


def test_only_those_who_teach_choose_how_questions_come(client, alice, ines, course):
    assert "asked" not in client.get(url("settings")).context["form"].fields
    client.force_login(ines)
    assert "asked" in client.get(url("settings")).context["form"].fields
