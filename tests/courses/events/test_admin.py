"""An operator is asked about a message by the id that its receiver saw."""

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from courses.events.payload import message_id
from courses.models import WebhookDelivery, WebhookEndpoint
from tests.factories import make_admin, make_course, make_instructor

pytestmark = pytest.mark.django_db

PAGE = "admin:courses_webhookdelivery_changelist"


@pytest.fixture
def two_deliveries():
    endpoint = WebhookEndpoint.objects.create(course=make_course(), url="https://sink.example/hook")
    return [WebhookDelivery.objects.create(endpoint=endpoint) for _ in range(2)]


def test_a_message_is_found_by_its_webhook_id(client, two_deliveries):
    client.force_login(make_admin())
    asked, other = map(message_id, two_deliveries)
    page = client.get(reverse(PAGE), {"q": asked})
    assertContains(page, "https://sink.example/hook")
    assertContains(page, f">{asked}<")
    assertNotContains(page, other)
    one = client.get(reverse("admin:courses_webhookdelivery_change", args=[two_deliveries[0].pk]))
    assertContains(one, asked)


def test_whoever_teaches_does_not_see_it(client, two_deliveries):
    client.force_login(make_instructor("ines"))
    assert client.get(reverse(PAGE)).status_code == 403


def test_the_list_costs_the_same_for_many(client, two_deliveries):
    client.force_login(make_admin())
    endpoint = two_deliveries[0].endpoint
    client.get(reverse(PAGE))

    def count() -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as queries:
            client.get(reverse(PAGE))
        return len(queries)

    few = count()
    for _ in range(10):
        WebhookDelivery.objects.create(endpoint=endpoint)
    assert count() == few
