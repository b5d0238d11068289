"""Sending what is due to endpoints. Several processes may do it at once: each attempt is claimed by one of them."""

import logging
import random
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.client import HTTPException

from django.core.mail import send_mail
from django.utils import timezone

from accounts.models import User
from courses.events import addresses, payload, services, signing
from courses.events.models import WebhookDelivery, WebhookEndpoint

logger = logging.getLogger(__name__)

SECOND, MINUTE, HOUR = 1, 60, 3600
# What to wait after the first, second, ... failure; after the last one no more is tried.
WAITS = (5 * SECOND, 5 * MINUTE, 30 * MINUTE, *(hours * HOUR for hours in (2, 5, 10, 14, 20, 24)))
JITTER = 0.2  # so that what failed together does not come back together
# A claim outlives the slowest request (looking up the name, connecting, the answer) many times over.
CLAIM = timedelta(minutes=5)
SIDE_BY_SIDE = 8
OF_EACH_ENDPOINT = 4  # of one round, so that a silent endpoint does not hold up the others
LONGEST_SWEEP = 45  # seconds
SWITCHED_OFF_AFTER = timedelta(days=4)
GONE = 410


def send_due() -> int:
    """Send what is due, for LONGEST_SWEEP at most; how many were delivered. An endpoint that fails rests until the
    next sweep."""
    end, delivered, failed = time.monotonic() + LONGEST_SWEEP, 0, set()
    with ThreadPoolExecutor(SIDE_BY_SIDE) as senders:
        while time.monotonic() < end and (round_ := claim_round(without=failed)):
            # Rows are read and written in this thread; the others only talk to the network.
            requests = [_request(delivery) for delivery in round_]
            answers = list(senders.map(lambda request: _send(*request), requests))
            for delivery, (status, error) in zip(round_, answers, strict=True):
                if note_answer(delivery=delivery, status=status, error=error):
                    delivered += 1
                else:
                    failed.add(delivery.endpoint_id)
    return delivered


def claim_round(*, without: set[int]) -> list[WebhookDelivery]:
    """Some of what is due, a few of each endpoint; nobody else sends it until CLAIM has passed."""
    due = WebhookDelivery.objects.due().exclude(endpoint__in=without)
    endpoints = list(due.order_by().values_list("endpoint", flat=True).distinct()[: SIDE_BY_SIDE * 2])
    claimed = []
    for endpoint_id in endpoints:
        rows = due.filter(endpoint=endpoint_id).order_by("next_attempt_at").select_related("event", "endpoint")
        claimed += [row for row in rows[:OF_EACH_ENDPOINT] if claim(row)]
    return claimed


def claim(delivery: WebhookDelivery) -> bool:
    """True for one of those who saw the delivery due at the same moment."""
    until = timezone.now() + CLAIM
    won = WebhookDelivery.objects.filter(pk=delivery.pk, next_attempt_at=delivery.next_attempt_at).update(
        next_attempt_at=until, attempts=delivery.attempts + 1
    )
    delivery.next_attempt_at, delivery.attempts = until, delivery.attempts + 1
    return bool(won)


def _request(delivery: WebhookDelivery) -> tuple[str, bytes, dict[str, str]]:
    body = payload.body(delivery)
    headers = signing.headers(
        services.secrets_in_use(delivery.endpoint),
        message_id=payload.message_id(delivery),
        timestamp=int(time.time()),
        body=body,
    )
    return delivery.endpoint.url, body, {"Content-Type": "application/json", **headers}


def _send(url: str, body: bytes, headers: dict[str, str]) -> tuple[int | None, str]:
    """The status code, and in words what went wrong."""
    try:
        status = addresses.post(url, body, headers)
    except addresses.Refused as error:
        return None, str(error)
    except TimeoutError:
        return None, f"No answer within {addresses.TIMEOUT} seconds."
    except ssl.SSLCertVerificationError as error:
        return None, f"Its certificate is not valid: {error.verify_message}."
    except ConnectionRefusedError:
        return None, "Nobody listens there."
    except (OSError, HTTPException, ValueError):
        return None, "The connection broke off before an answer."
    if 200 <= status < 300:
        return status, ""
    if 300 <= status < 400:
        return status, "It answered with a redirect, which is not followed. Give the address it points to."
    return status, f"It answered with {status}."


def note_answer(*, delivery: WebhookDelivery, status: int | None, error: str) -> bool:
    """Write down how an attempt ended; True if it was delivered. A delivery that was asked for again meanwhile, or
    whose person was erased, is left as it is now."""
    now = timezone.now()
    result = {"status_code": status, "last_error": error, "next_attempt_at": None}
    if not error:
        result["delivered_at"] = now
    elif delivery.attempts <= len(WAITS):
        wait = WAITS[delivery.attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER)
        result["next_attempt_at"] = now + timedelta(seconds=wait)
    WebhookDelivery.objects.filter(pk=delivery.pk, next_attempt_at=delivery.next_attempt_at).update(**result)
    endpoints = WebhookEndpoint.objects.filter(pk=delivery.endpoint_id)
    if not error:
        endpoints.exclude(failing_since=None).update(failing_since=None)
        return True
    endpoints.filter(failing_since=None).update(failing_since=now)
    if status == GONE:
        _switch_off(endpoints, f"{delivery.endpoint.url} answered that it is gone (410).")
    else:
        _switch_off(
            endpoints.filter(failing_since__lt=now - SWITCHED_OFF_AFTER),
            f"Nothing got through for {SWITCHED_OFF_AFTER.days} days. Last: {error}",
        )
    return False


def _switch_off(endpoints, reason: str) -> None:
    """And tell who made it, or else the administrators, once."""
    endpoint = endpoints.select_related("created_by", "course").first()
    if not endpoint or not endpoints.enabled().update(is_enabled=False, switched_off_because=reason[:300]):
        return
    maker = endpoint.created_by
    if maker and maker.is_active:
        to = [maker.email]
    else:
        to = list(User.objects.filter(is_superuser=True, is_active=True).values_list("email", flat=True))
    where = f"of {endpoint.course}" if endpoint.course else "of the whole site"
    for address in to:
        try:
            send_mail(
                f"[Attune] The webhook {where} is switched off",
                f"{endpoint.url} is told nothing more.\n\n{reason}\n\nWhat waits for it is kept. "
                "Switch it on again on the page of the course's webhooks, and it is sent.",
                None,
                [address],
            )
        except OSError as error:  # its words may name the address
            logger.error("Mail about a switched-off webhook could not be sent: %s.", type(error).__name__)
