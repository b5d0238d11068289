"""Telling a learning record store. It knows a statement by its id, so one that arrives twice is one."""

import base64
import json
import logging
import random
import time
import urllib.error
import urllib.request
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from courses.events import xapi
from courses.events.models import LearningEvent

logger = logging.getLogger(__name__)

BATCH = 100
TIMEOUT = 15
LONGEST_SWEEP = 45  # seconds
CLAIM = timedelta(minutes=5)
REST = timedelta(minutes=5)  # after a failure, times 1 to 1.5
KNOWN = 409
# The store understood, and does not want what we sent: a smaller batch finds out which statement it is.
REFUSED_ONE_OF = (400, 409, 413, 422)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args, **kwargs):
        return None  # the credentials are for this address alone


_opener = urllib.request.build_opener(_NoRedirects)


def is_on() -> bool:
    return bool(settings.ATTUNE_XAPI_URL)


def send_due() -> int:
    """Tell what is due, oldest first, until the store fails or LONGEST_SWEEP has passed; how many it knows now."""
    sent, end = 0, time.monotonic() + LONGEST_SWEEP
    while is_on() and time.monotonic() < end and (batch := claim_batch()):
        known = _send(batch)
        sent += known
        if known < len(batch):
            break
    return sent


@transaction.atomic
def claim_batch() -> list[LearningEvent]:
    """Nobody else sends these until CLAIM has passed. Two who look at once share them between them."""
    now, until = timezone.now(), timezone.now() + CLAIM
    unclaimed = LearningEvent.objects.filter(xapi_due_at__lte=now).order_by()
    due = unclaimed.order_by("xapi_due_at", "pk")
    rows = list(due.select_related("course", "lesson", "block")[:BATCH])
    return [row for row in rows if unclaimed.filter(pk=row.pk).update(xapi_due_at=until)]


def _send(batch: list[LearningEvent]) -> int:
    """How many of them the store knows now. The others rest."""
    made = [xapi.statement(event, site=settings.ATTUNE_SITE_URL) for event in batch]
    statements = [statement for statement in made if statement]
    status = _post(statements) if statements else 204
    if status in (200, 204) or (status == KNOWN and len(batch) == 1):
        return _due(batch, None)
    if status in REFUSED_ONE_OF and len(batch) > 1:
        middle = len(batch) // 2
        return _send(batch[:middle]) + _send(batch[middle:])
    logger.warning("The learning record store did not take %d statements (%s).", len(batch), status or "no answer")
    _due(batch, timezone.now() + REST * random.uniform(1, 1.5))
    return 0


def _due(batch: list[LearningEvent], at) -> int:
    LearningEvent.objects.filter(pk__in=[event.pk for event in batch]).update(xapi_due_at=at)
    return len(batch)


def _post(statements: list[dict]) -> int | None:
    """The status code; None if there was no answer."""
    key = f"{settings.ATTUNE_XAPI_KEY}:{settings.ATTUNE_XAPI_SECRET}".encode()
    request = urllib.request.Request(
        settings.ATTUNE_XAPI_URL.rstrip("/") + "/statements",
        json.dumps(statements).encode(),
        {
            "Content-Type": "application/json",
            "X-Experience-API-Version": "1.0.3",
            "Authorization": "Basic " + base64.b64encode(key).decode(),
        },
    )
    try:
        with _opener.open(request, timeout=TIMEOUT) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except (OSError, ValueError) as error:
        logger.warning("The learning record store cannot be reached: %s.", error)
        return None
