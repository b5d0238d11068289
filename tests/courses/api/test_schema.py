"""Requests made up from the schema, for every endpoint and by several people: none is answered by a server's error."""

from urllib.parse import urlencode

import pytest
import schemathesis
from django.core.cache import cache
from django.db import transaction
from django.urls import Resolver404, resolve, reverse
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.courses.world import World

EXAMPLES = 8  # of each endpoint, each of them by three people
PEOPLE = ("anonymous", "alice", "ines")


@pytest.fixture
def world(db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    cache.clear()
    return World(tmp_path)


def operations():
    schema = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(public=True))
    return [found.ok() for found in schema.get_all_operations()]


def address_of(case, world, real: bool) -> str:
    """Its path as made up, or with the ids of rows that exist."""
    path = case.formatted_path
    if not real:
        return path
    try:
        match = resolve(path)
    except Resolver404:
        return path
    return reverse(match.view_name, kwargs={name: world.argument(match.view_name, name) for name in match.kwargs})


@pytest.mark.parametrize("operation", operations(), ids=lambda operation: f"{operation.method} {operation.path}")
def test_no_request_is_answered_by_a_servers_error(client, world, operation):
    client.raise_request_exception = False

    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), real=st.booleans())
    def send(case, real):
        address = address_of(case, world, real)
        query = urlencode(case.query or {}, doseq=True)
        body = case.body if case.media_type == "application/json" else None
        for person in PEOPLE:
            client.logout()
            if person != "anonymous":
                client.force_login(world.people[person])
            cache.clear()  # its limit of requests is not what is asked for
            with transaction.atomic():
                answer = getattr(client, case.method.lower())(
                    f"{address}?{query}" if query else address,
                    **({"data": body, "content_type": "application/json"} if has_body(body) else {}),
                )
                transaction.set_rollback(True)
            assert answer.status_code < 500, (person, case.method, address, query, body)

    send()


def has_body(body) -> bool:
    return isinstance(body, (dict, list, str, int, float, bool))
