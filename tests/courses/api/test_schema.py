"""Requests made up from the schema, for every endpoint and by several people: none is answered by a server's error, and
every answer is one that the schema tells of."""

from urllib.parse import urlencode

import pytest
import requests
import schemathesis
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import Resolver404, resolve, reverse
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core.transport import Response
from schemathesis.transport.serialization import Binary

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
def test_every_answer_is_as_the_schema_says(client, world, operation):
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
    def make_up(case, real):
        address = address_of(case, world, real)
        query = urlencode(case.query or {}, doseq=True)
        for person in PEOPLE:
            client.logout()
            if person != "anonymous":
                client.force_login(world.people[person])
            cache.clear()  # its limit of requests is not what is asked for
            with transaction.atomic():
                send = getattr(client, case.method.lower())
                answer = send(f"{address}?{query}" if query else address, **body_of(case))
                content = answer.getvalue()
                transaction.set_rollback(True)
            asked = (person, case.method, address, query, case.body, answer.status_code, content[:500])
            assert answer.status_code < 500, asked
            assert str(answer.status_code) in operation.definition.raw["responses"], asked
            operation.validate_response(as_told(case, answer, content))

    make_up()


def body_of(case) -> dict:
    """As the test client takes it. Files are read once, so each request has its own."""
    body = case.body
    if isinstance(body, Binary):
        return {"data": body.data, "content_type": case.media_type}
    if case.media_type == "multipart/form-data":
        return {"data": dict(fields_of(body))} if isinstance(body, dict) else {}
    is_json = case.media_type == "application/json" and isinstance(body, (dict, list, str, int, float, bool))
    return {"data": body, "content_type": "application/json"} if is_json else {}


def fields_of(body: dict):
    for name, value in body.items():
        if isinstance(value, Binary):
            yield name, SimpleUploadedFile("made-up", value.data)
        elif name.isprintable() and isinstance(value, (str, int, float)):
            yield name, value


def as_told(case, answer, content: bytes) -> Response:
    request = requests.Request(case.method, f"http://testserver{answer.request['PATH_INFO']}").prepare()
    headers = {name.lower(): [value] for name, value in answer.headers.items()}
    return Response(answer.status_code, headers, content, request, elapsed=0.0, verify=False)
