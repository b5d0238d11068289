import pytest
from pytest_django.asserts import assertContains, assertNotContains

from courses.models import Announcement
from tests.courses.discussion.factories import make_class, make_thread
from tests.factories import make_instructor

pytestmark = pytest.mark.django_db


def test_the_admin_shows_threads_and_announcements_of_ones_own_courses(client):
    course, lesson, alice, _bob, ines = make_class()
    thread = make_thread(alice, lesson)
    announcement = Announcement.objects.create(course=course, author=ines, title="Room 12", body="From Monday")
    pages = {"thread": (thread, "Why squares"), "announcement": (announcement, "Room 12")}
    client.force_login(ines)
    for name, (row, words) in pages.items():
        assertContains(client.get(f"/admin/courses/{name}/"), words)
        assert client.get(f"/admin/courses/{name}/{row.pk}/change/").status_code == 200
        assert client.get(f"/admin/courses/{name}/add/").status_code == 403
    client.force_login(make_instructor("ivo"))
    for name, (row, words) in pages.items():
        assertNotContains(client.get(f"/admin/courses/{name}/"), words)
        assert client.get(f"/admin/courses/{name}/{row.pk}/change/").status_code == 404
