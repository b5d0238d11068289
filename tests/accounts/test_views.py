import pytest
from pytest_django.asserts import assertContains, assertRedirects

from accounts.models import User
from courses.models import Enrollment, Lesson, Progress
from tests.factories import PASSWORD, enroll, make_course, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(client):
    alice = make_user("alice")
    client.force_login(alice)
    return alice


def test_the_theme_is_written_into_the_page_from_its_cookie(client):
    assertContains(client.get("/"), '<html lang="en" dir="ltr" data-worker=')
    assertRedirects(client.post("/theme/", {"theme": "dark", "next": "/courses/"}), "/courses/")
    assertContains(client.get("/"), '<html lang="en" dir="ltr" data-bs-theme="dark" data-worker=')


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_the_theme_form_does_not_send_people_elsewhere(client, target):
    assert client.post("/theme/", {"theme": "dark", "next": target}).url == "/"


def test_an_odd_theme_cookie_is_not_written_into_the_page(client):
    client.cookies["theme"] = 'x" onload="alert(1)'
    assertContains(client.get("/"), '<html lang="en" dir="ltr" data-worker=')


def test_changing_ones_name_and_time_zone(client, alice):
    page = client.post("/you/", {"display_name": "Al", "time_zone": "Europe/Berlin"}, follow=True)
    assertContains(page, "Saved.")
    alice.refresh_from_db()
    assert (alice.display_name, alice.time_zone) == ("Al", "Europe/Berlin")


def test_choosing_a_language(client, alice):
    profile = {"display_name": "Al", "time_zone": "UTC"}
    client.post("/you/", {**profile, "locale": "ar"})
    client.post("/you/", profile)  # a form that says nothing of it
    alice.refresh_from_db()
    assert alice.locale == "ar"
    client.post("/you/", {**profile, "locale": ""})
    alice.refresh_from_db()
    assert alice.locale == ""
    answer = client.post("/you/", {**profile, "locale": "tlh"})
    assertContains(answer, "not one of the available choices", status_code=422)


@pytest.mark.parametrize(
    ("typed", "zone"),
    [("europe/berlin", "Europe/Berlin"), ("Berlin", "Europe/Berlin"), ("America/New York", "America/New_York")],
)
def test_a_time_zone_may_be_typed_as_people_do(client, alice, typed, zone):
    client.post("/you/", {"display_name": "Al", "time_zone": typed})
    alice.refresh_from_db()
    assert alice.time_zone == zone


def test_an_unknown_time_zone_is_kept_in_the_form_with_a_word(client, alice):
    page = client.post("/you/", {"display_name": "Al", "time_zone": "Atlantis"})
    assertContains(page, "We know no such time zone", status_code=422)
    assertContains(page, 'value="Atlantis"', status_code=422)


def test_the_export_holds_what_one_did_and_nothing_of_others(client, alice):
    course = make_course("Gardening")
    enroll(alice, course)
    enroll(make_user("bob"), make_course("Secret of Bob"))
    client.post(f"/lessons/{Lesson.objects.for_course(course).first().pk}/complete/")
    data = client.get("/you/export/").json()
    assert data["account"]["email"] == "alice@example.org"
    assert data["courses"]["enrollments"][0]["course"] == "Gardening"
    assert data["courses"]["progress"][0]["completed_at"]
    assert "Bob" not in str(data)


def test_erasing_takes_the_password_and_then_everything(client, alice):
    bob = make_user("bob")
    course = make_course()
    enroll(alice, course)
    enroll(bob, course)
    client.post(f"/lessons/{Lesson.objects.first().pk}/complete/")

    assertContains(client.post("/you/erase/", {"password": "wrong"}), "not your password")
    assert User.objects.filter(email="alice@example.org").exists()

    assertRedirects(client.post("/you/erase/", {"password": PASSWORD}), "/")
    assert not User.objects.filter(email="alice@example.org").exists()
    assert not Progress.objects.exists()
    assert list(Enrollment.objects.values_list("user", flat=True)) == [bob.pk]
    assert client.get("/home/").status_code == 302


@pytest.mark.parametrize("path", ["/you/", "/you/export/", "/you/erase/", "/home/"])
def test_ones_own_pages_need_a_sign_in(client, path):
    assert client.get(path).url.startswith("/accounts/login/")
