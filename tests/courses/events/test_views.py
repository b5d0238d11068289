import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertNumQueries

from courses.events import services
from courses.models import WebhookDelivery, WebhookEndpoint
from tests.factories import enroll, make_admin, make_course, make_instructor, make_user

pytestmark = pytest.mark.django_db

WISHES = {"wants_enrollment": "on"}
LIST = "/courses/bread/webhooks/"


@pytest.fixture
def endpoint(course):
    return WebhookEndpoint.objects.create(course=course, url="https://hooks.example/x")


@pytest.fixture
def teacher(client, ines):
    client.force_login(ines)
    return ines


def test_a_webhook_is_added_and_its_secret_is_shown_once(client, course, teacher):
    answer = client.post(LIST, {"url": "hooks.example/x", **WISHES})
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.course, endpoint.url, endpoint.created_by) == (course, "https://hooks.example/x", teacher)
    assert (endpoint.wants_enrollment, endpoint.wants_grade) == (True, False)
    assertContains(answer, endpoint.secret)
    assert answer["Cache-Control"] == "no-store"
    for url in (LIST, reverse("events:webhook", args=[endpoint.pk])):
        assertNotContains(client.get(url), endpoint.secret)
    again = client.post(LIST, {"url": "https://hooks.example/x", **WISHES})
    assertContains(again, "told already", status_code=422)


def test_bad_input_gets_a_sentence_and_loses_nothing(client, course, teacher):
    answer = client.post(LIST, {"url": "http://hooks.example/inside", **WISHES})
    assertContains(answer, "has to begin with https://", status_code=422)
    assertContains(answer, "http://hooks.example/inside", status_code=422)
    answer = client.post(LIST, {"url": "https://169.254.169.254/latest", **WISHES})
    assertContains(answer, "private network", status_code=422)
    answer = client.post(LIST, {"url": "https://hooks.example/"})
    assertContains(answer, "at least one kind", status_code=422)
    assert not WebhookEndpoint.objects.exists()


def test_its_page(client, teacher, endpoint, alice):
    page = reverse("events:webhook", args=[endpoint.pk])
    assertContains(client.get(page), "Send a test to see whether it arrives")
    assertContains(client.post(reverse("events:test", args=[endpoint.pk]), follow=True), "Waiting")
    sent = WebhookDelivery.objects.get()
    WebhookDelivery.objects.update(attempts=10, next_attempt_at=None, last_error="It answered with 503.")
    assertContains(client.get(page), "Given up. It answered with 503.")
    client.post(reverse("events:again", args=[sent.pk]))
    sent.refresh_from_db()
    assert sent.state == "waiting"

    former = endpoint.secret
    answer = client.post(reverse("events:rotate", args=[endpoint.pk]))
    endpoint.refresh_from_db()
    assert endpoint.secret != former == endpoint.former_secret
    assertContains(answer, endpoint.secret)
    assertNotContains(answer, former)

    client.post(page, {"wants_grade": "on"})
    endpoint.refresh_from_db()
    assert (endpoint.wants_enrollment, endpoint.wants_grade) == (False, True)
    assertContains(client.post(page, {}), "at least one kind", status_code=422)

    client.post(reverse("events:switch", args=[endpoint.pk]), {"on": "0"})
    assertContains(client.get(page), "Switched off")
    client.post(reverse("events:switch", args=[endpoint.pk]), {"on": "1"})
    assertNotContains(client.get(page), "Switched off")
    client.post(reverse("events:remove", args=[endpoint.pk]))
    assert not WebhookEndpoint.objects.exists()


def test_fifty_deliveries_take_as_many_queries_as_one(client, teacher, endpoint, alice):
    page = reverse("events:webhook", args=[endpoint.pk])
    for number in range(60):
        event = services.record(kind="enrolled", user=alice, course=endpoint.course, key=number)
    assert event.deliveries.count() == 1
    # session, user, the endpoint with its course, the deliveries with their events, unread notifications
    with assertNumQueries(5):
        answer = client.get(page)
    assertContains(answer, "Enrolled", count=50)


def test_who_may(client, course, endpoint):
    sent = WebhookDelivery.objects.create(endpoint=endpoint)
    pages = [LIST, reverse("events:webhook", args=[endpoint.pk])]
    posts = [reverse(f"events:{name}", args=[endpoint.pk]) for name in ("rotate", "test", "switch", "remove")]
    posts.append(reverse("events:again", args=[sent.pk]))
    for url in pages:
        assert client.get(url).status_code == 302
    for url in posts:
        assert "login" in client.post(url)["Location"]
        assert client.get(url).status_code == 405
    student, assistant, other, outsider = (make_user(n) for n in ("stu", "asa", "oda", "charlie"))
    enroll(student, course)
    enroll(assistant, course, role="assistant")
    elsewhere = make_instructor("igor")
    make_course(instructor=elsewhere)
    for person in (student, assistant, other, outsider, elsewhere):
        client.force_login(person)
        for url in pages:
            assert client.get(url).status_code == 404
        for url in [*pages, *posts]:
            assert client.post(url, {"url": "https://x.example/", **WISHES}).status_code == 404
    endpoint_now = WebhookEndpoint.objects.get()
    assert endpoint_now.secret == endpoint.secret and WebhookDelivery.objects.count() == 1


def test_those_of_the_whole_site_are_the_administrators(client, ines, course):
    site = WebhookEndpoint.objects.create(course=None, url="https://hooks.example/all")
    client.force_login(ines)
    assert client.get("/webhooks/").status_code == 404
    assert client.get(reverse("events:webhook", args=[site.pk])).status_code == 404
    client.force_login(make_admin())
    assertContains(client.get("/webhooks/"), "hooks.example/all")
    assertContains(client.get(reverse("events:webhook", args=[site.pk])), "Send a test")
    assert client.post("/webhooks/", {"url": "https://hooks.example/b", **WISHES}).status_code == 200
    assert client.post("/webhooks/", {"url": "https://hooks.example/b", **WISHES}).status_code == 422
    client.post(reverse("events:remove", args=[site.pk]))
    assert WebhookEndpoint.objects.get().course is None
