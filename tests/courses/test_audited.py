"""Each download of what others did or made in a course is in the audit log, whichever way it was taken."""

import pytest
from django.core.management import call_command
from django.urls import reverse

from accounts.models import AuditEntry
from tests.factories import enroll, make_course, make_user

pytestmark = pytest.mark.django_db


def entries() -> list[tuple]:
    return [(each.action, each.actor, each.subject, each.detail) for each in AuditEntry.objects.order_by("number")]


@pytest.mark.parametrize(
    ("name", "method", "action", "detail"),
    [
        ("gradebook:csv", "get", "grades_exported", {"form": "csv"}),
        ("courses-api:class-grades", "get", "grades_exported", {"form": "json"}),
        ("transfer:export", "post", "course_exported", {}),
        ("courses-api:export", "post", "course_exported", {}),
    ],
)
def test_marks_and_the_course(client, ines, name, method, action, detail):
    course, alice = make_course(instructor=ines), make_user("alice")
    enroll(alice, course)
    address = reverse(name, args=[course.pk if name.startswith("courses-api") else course.slug])
    client.force_login(alice)
    assert getattr(client, method)(address).status_code in (403, 404)
    assert entries() == []  # who gets nothing takes nothing out
    client.force_login(ines)
    assert getattr(client, method)(address).status_code == 200
    assert entries() == [(action, ines.pseudonym.name, "", {"course": course.pk, **detail})]
    client.get(reverse("gradebook:gradebook", args=[course.slug]))
    assert len(entries()) == 1  # a page is a look


def test_a_course_by_command(tmp_path):
    course = make_course()
    call_command("export_course", course.slug, out=str(tmp_path / "course.zip"))
    assert entries() == [("course_exported", "", "", {"course": course.pk})]
