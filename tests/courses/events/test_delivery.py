import json
import threading
import time
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from courses import services as learning
from courses.events import addresses, delivery, payload, services
from courses.models import Lesson, WebhookDelivery, WebhookEndpoint

pytestmark = pytest.mark.django_db


@pytest.fixture
def endpoint(course, ines, receiver):
    return WebhookEndpoint.objects.create(course=course, url=receiver.url, created_by=ines)


@pytest.fixture
def waiting(endpoint, alice):
    learning.complete_lesson(user=alice, lesson=Lesson.objects.first())
    return WebhookDelivery.objects.get()


def due_now():
    WebhookDelivery.objects.exclude(next_attempt_at=None).update(next_attempt_at=timezone.now())


def test_a_receiver_verifies_what_it_is_sent(receiver, waiting, endpoint, alice):
    assert delivery.send_due() == 1
    [(path, headers, body)] = receiver.got
    assert path == "/hook?a=1"
    message = Webhook(endpoint.secret).verify(body, headers)
    lesson = Lesson.objects.first()
    assert message["type"] == "lesson.completed"
    assert message["data"] == {
        "event": str(waiting.event.uuid),
        "account": services.account_id(alice.pk),
        "course": lesson.course.pk,
        "lesson": lesson.pk,
        "block": None,
    }
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint.secret).verify(body + b" ", headers)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.status_code) == ("delivered", 200)
    assert delivery.send_due() == 0, "it is sent once"


def test_after_a_change_of_secret_both_verify_for_a_day(receiver, waiting, endpoint):
    former = endpoint.secret
    services.rotate_secret(endpoint=endpoint)
    delivery.send_due()
    for secret in (former, endpoint.secret):
        Webhook(secret).verify(receiver.got[-1][2], receiver.got[-1][1])
    WebhookEndpoint.objects.update(rotated_at=timezone.now() - timedelta(hours=25))
    services.send_again(delivery=waiting)
    delivery.send_due()
    with pytest.raises(WebhookVerificationError):
        Webhook(former).verify(receiver.got[-1][2], receiver.got[-1][1])
    Webhook(endpoint.secret).verify(receiver.got[-1][2], receiver.got[-1][1])


def test_a_failure_is_tried_again_with_the_same_id_and_body_until_given_up(receiver, waiting):
    receiver.status = 503
    for number, wait in enumerate(delivery.WAITS, start=1):
        due_now()
        before = timezone.now()
        delivery.send_due()
        waiting.refresh_from_db()
        assert (waiting.attempts, waiting.state, waiting.last_error) == (number, "retrying", "It answered with 503.")
        assert 0.79 * wait < (waiting.next_attempt_at - before).total_seconds() < 1.21 * wait + 1
    due_now()
    delivery.send_due()
    waiting.refresh_from_db()
    assert (waiting.state, len(receiver.got)) == ("given up", 10)
    assert len({(headers["webhook-id"], body) for _, headers, body in receiver.got}) == 1
    receiver.status = 204
    services.send_again(delivery=waiting)
    assert delivery.send_due() == 1
    assert receiver.got[-1][1]["webhook-id"] == payload.message_id(waiting)


def test_a_redirect_is_not_followed(receiver, waiting):
    receiver.status = 307
    delivery.send_due()
    waiting.refresh_from_db()
    assert "redirect" in waiting.last_error and len(receiver.got) == 1


def test_an_answer_that_drips_in_is_cut_off(receiver, waiting, monkeypatch):
    monkeypatch.setattr(addresses, "TIMEOUT", 1)
    receiver.drips = True
    start = time.monotonic()
    delivery.send_due()
    assert time.monotonic() - start < 5
    waiting.refresh_from_db()
    assert waiting.state == "retrying"


def test_of_those_who_see_it_due_one_sends(waiting):
    seen = [WebhookDelivery.objects.get(), WebhookDelivery.objects.get()]
    assert [delivery.claim(row) for row in seen] == [True, False]
    assert not delivery.claim_round(without=set()), "while one sends, nobody else does"


def test_what_was_asked_for_again_while_it_was_sent_stays_due(waiting):
    [claimed] = delivery.claim_round(without=set())
    services.send_again(delivery=waiting)
    delivery.note_answer(delivery=claimed, status=200, error="")
    waiting.refresh_from_db()
    assert waiting.state == "waiting"


def test_an_endpoint_that_stays_silent_is_switched_off_and_its_maker_told_once(receiver, waiting, endpoint, alice):
    receiver.status = 500
    delivery.send_due()
    endpoint.refresh_from_db()
    assert endpoint.failing_since and endpoint.is_enabled
    WebhookEndpoint.objects.update(failing_since=timezone.now() - timedelta(days=5))
    services.send_test(endpoint=endpoint)
    due_now()
    delivery.send_due()
    endpoint.refresh_from_db()
    assert not endpoint.is_enabled and "4 days" in endpoint.switched_off_because
    assert [m.to for m in mail.outbox] == [["ines@example.org"]]
    assert "500" in mail.outbox[0].body
    due_now()
    assert delivery.send_due() == 0
    receiver.status = 200
    services.switch(endpoint=endpoint, on=True)
    assert delivery.send_due() == 2, "what waited is sent"
    endpoint.refresh_from_db()
    assert endpoint.failing_since is None


def test_gone_switches_off_at_once(receiver, waiting, endpoint):
    receiver.status = 410
    delivery.send_due()
    endpoint.refresh_from_db()
    assert not endpoint.is_enabled


def test_a_dead_endpoint_does_not_hold_up_another(receiver, waiting, endpoint, course):
    dead = WebhookEndpoint.objects.create(course=course, url="http://127.0.0.1:9/")
    WebhookDelivery.objects.bulk_create(WebhookDelivery(endpoint=dead) for _ in range(50))
    WebhookDelivery.objects.bulk_create(WebhookDelivery(endpoint=endpoint) for _ in range(20))
    assert delivery.send_due() == 21
    assert WebhookDelivery.objects.filter(endpoint=dead, attempts__gt=0).count() == delivery.OF_EACH_ENDPOINT


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_send_each_message_once(receiver, waiting, endpoint):
    WebhookDelivery.objects.bulk_create(WebhookDelivery(endpoint=endpoint) for _ in range(30))

    def sweep():
        try:
            delivery.send_due()
        finally:
            connection.close()

    sweeps = [threading.Thread(target=sweep) for _ in range(2)]
    for thread in sweeps:
        thread.start()
    for thread in sweeps:
        thread.join(60)
    ids = [headers["webhook-id"] for _, headers, _ in receiver.got]
    assert len(ids) == len(set(ids)) == 31
    assert not WebhookDelivery.objects.filter(delivered_at=None).exists()


def test_the_content_is_plain_json(waiting):
    assert json.loads(payload.body(waiting))["timestamp"] == waiting.event.occurred_at.isoformat()
