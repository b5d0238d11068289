import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.factories import make_user

pytestmark = pytest.mark.django_db
TOKEN = "a-token-of-16-characters"


@pytest.fixture
def read(client, settings):
    """read() -> {(sample, frozenset of labels): value}, as Prometheus would read it."""
    settings.ATTUNE_METRICS_TOKEN = TOKEN

    def read() -> dict:
        response = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert response.status_code == 200 and response["Content-Type"].startswith("text/plain")
        families = text_string_to_metric_families(response.content.decode())
        return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}

    return read


def requests(figures: dict, **labels) -> float:
    wanted = labels.items()
    return sum(value for (name, has), value in figures.items() if name == "attune_requests_total" and wanted <= has)


def test_without_a_token_there_is_nothing(client, settings):
    assert settings.ATTUNE_METRICS_TOKEN == ""
    for given in ("", "Bearer ", "Bearer None", f"Bearer {TOKEN}"):
        assert client.get("/metrics", headers={"Authorization": given}).status_code == 404


def test_with_another_token_there_is_nothing_either(client, settings):
    settings.ATTUNE_METRICS_TOKEN = TOKEN
    client.force_login(make_user())
    for given in ("", TOKEN, f"Bearer {TOKEN}x", "Bearer ü"):
        assert client.get("/metrics", headers={"Authorization": given}).status_code == 404


def test_requests_are_counted_by_view_and_status_and_never_by_address(client, read):
    before = read()
    client.get("/healthz")
    client.get("/healthz")
    client.get("/a/made-up/address-of-ada@example.com")
    after = read()
    healthz = {"view": "healthz", "method": "GET", "status": "200"}
    assert requests(after, **healthz) - requests(before, **healthz) == 2
    nowhere = {"view": "none", "status": "404"}
    assert requests(after, **nowhere) - requests(before, **nowhere) == 1
    assert not [labels for _, labels in after if re.search("made-up|@", str(labels))]


def test_queues_are_there_before_anybody_used_them(read):
    figures = read()
    assert figures["attune_broker_up", frozenset()] == 1
    assert figures["attune_queue_depth", frozenset({("queue", "mail")})] >= 0
    assert figures["attune_workers_alive", frozenset({("queue", "mail")})] == 0


def test_a_broker_that_is_away_is_told_and_no_error(read, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    figures = read()
    assert figures == {("attune_broker_up", frozenset()): 0}
