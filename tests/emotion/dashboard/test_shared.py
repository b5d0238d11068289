"""The history of one student, for those who teach them, as long as it is shared: also where they are no staff of the
site. Each look is in a log that the student reads."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import AuditEntry
from emotion import consents
from emotion.models import Consent, FeatureGate
from tests.courses.charts.tables import read_csv, read_table
from tests.emotion.factories import make_bucket, make_session
from tests.factories import enroll, make_admin, make_course, make_instructor, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store", "told")]


@pytest.fixture
def tess(lesson):
    """Teaches by her role in the course alone."""
    tess = make_user("tess")
    enroll(tess, lesson.course, role="instructor")
    return tess


@pytest.fixture
def shared(alice, lesson):
    make_bucket(make_session(alice, lesson, share=True), faces=10, fear=10, frustrated=3, engaged=1)


def addresses(lesson, student) -> dict[str, str]:
    of = {"lesson": [lesson.pk, student.pk], "course": [lesson.course.slug, student.pk]}
    pages = {name: reverse(f"emotion:shared-{name}", args=args) for name, args in of.items()}
    files = {f"{n} chart": reverse(f"emotion:shared-{n}-chart", args=[*args, "csv"]) for n, args in of.items()}
    return pages | files


def views() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action="history_viewed").order_by("number"))


def test_who_teaches_by_role_reads_what_is_shared_and_each_look_is_noted(client, tess, alice, lesson, shared):
    client.force_login(tess)
    for of in ("lesson", "course"):
        page = client.get(addresses(lesson, alice)[of])
        assertContains(page, "Alice shares this with you")
        assertContains(page, "Mostly fear (100%)")
        assertContains(page, "Looked frustrated 75%")
        assertContains(page, "a history is kept and shared with those who teach the course. Their camera may be read.")
    looks = views()
    assert [entry.detail for entry in looks] == [{"lesson": lesson.pk}, {"course": lesson.course.pk}]
    assert all(entry in AuditEntry.objects.of(alice) for entry in looks)
    assert {entry.actor for entry in looks} == {tess.pseudonym.name}


def test_what_is_downloaded_says_what_the_page_says_and_is_noted_too(client, tess, alice, lesson, shared):
    client.force_login(tess)
    for of in ("lesson", "course"):
        page = client.get(addresses(lesson, alice)[of])
        assertContains(page, addresses(lesson, alice)[f"{of} chart"])
        header, *rows = read_csv(client.get(addresses(lesson, alice)[f"{of} chart"]))
        fear = header.index("fear, %")
        assert [row[fear] for row in rows] == ["100"]
        assert "100%" in read_table(page)[1]
    exports = AuditEntry.objects.filter(action="history_exported")
    assert {entry.detail["chart"] for entry in exports} == {
        f"shared-lesson-{lesson.pk}",
        f"shared-course-{lesson.course.slug}",
    }
    assert all(entry in AuditEntry.objects.of(alice) for entry in exports)
    picture = client.get(reverse("emotion:shared-lesson-chart", args=[lesson.pk, alice.pk, "svg"]))
    assertContains(picture, "shared by Alice")
    assertNotContains(picture, "you know best")


@pytest.mark.parametrize("how", ["withdrawn", "no longer shared", "guardian asked", "features off"])
def test_what_is_not_shared_does_not_exist(client, tess, alice, lesson, shared, how):
    if how == "withdrawn":
        consents.withdraw_consent(user=alice, course=lesson.course)
    elif how == "no longer shared":
        Consent.objects.update(share_with_instructor=False)
    elif how == "guardian asked":
        Consent.objects.update(under_age=True, guardian_agreed_at=None)
    else:
        FeatureGate.objects.all().delete()
    client.force_login(tess)
    for name, address in addresses(lesson, alice).items():
        assert client.get(address).status_code == 404, name
    assert not views()
    assertNotContains(client.get(reverse("at_risk:list", args=[lesson.course.slug])), "/shared/")


def test_who_gets_there(tess, ines, alice, lesson, shared):
    """Not assistants, not Alice herself (her own page is elsewhere), nobody who teaches another course."""
    ivo, anton, bob, olga = make_instructor("ivo"), *(make_user(name) for name in ("anton", "bob", "olga"))
    other = make_course(instructor=ivo)
    enroll(alice, other)
    enroll(anton, lesson.course, role="assistant")
    enroll(bob, lesson.course)
    enroll(olga, lesson.course, role="observer")
    for name in addresses(lesson, alice):
        found = {}
        for person in (tess, ines, make_admin(f"admin-{name[:3]}-{len(name)}"), ivo, anton, bob, olga, alice):
            visitor = Client()
            visitor.force_login(person)
            found[person.display_name.partition("-")[0]] = visitor.get(addresses(lesson, alice)[name]).status_code
        assert found == {
            "Tess": 200, "Ines": 200, "Admin": 200,
            "Ivo": 404, "Anton": 404, "Bob": 404, "Olga": 404, "Alice": 404,
        }, name  # fmt: skip
        assert Client().get(addresses(lesson, alice)[name]).status_code == 302
    visitor = Client()
    visitor.force_login(ivo)  # she takes his course too; there she shares nothing
    assert visitor.get(reverse("emotion:shared-course", args=[other.slug, alice.pk])).status_code == 404


def test_the_list_of_those_who_may_need_help_and_the_lesson_view_lead_there(client, tess, alice, lesson, shared):
    """Only to those who share; that the link is shown is no look."""
    bob = make_user("bob")
    enroll(bob, lesson.course)
    make_bucket(make_session(bob, lesson))
    joined = lesson.course.created_at.replace(year=2020)
    lesson.course.enrollments.update(created_at=joined)
    client.force_login(tess)
    page = client.get(reverse("at_risk:list", args=[lesson.course.slug]))
    assert {str(each.enrollment.user) for each in page.context["found"].students} == {"Alice", "Bob"}
    link = addresses(lesson, alice)["course"]
    assertContains(page, f'href="{link}"', count=1)
    assertNotContains(page, addresses(lesson, bob)["course"])
    reach = reverse("at_risk:reach-out", args=[lesson.course.enrollments.get(user=alice).pk])
    assertContains(client.get(reach), f'href="{link}"')
    climate = client.get(reverse("emotion:climate", args=[lesson.pk]))
    assertContains(climate, addresses(lesson, alice)["lesson"])
    assertNotContains(climate, "Bob")
    assert not views()
    anton = make_user("anton")
    enroll(anton, lesson.course, role="assistant")
    client.force_login(anton)
    assertNotContains(client.get(reverse("emotion:climate", args=[lesson.pk])), "Alice")
