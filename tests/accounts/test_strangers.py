import pytest
from django.core.cache import cache
from pytest_django.asserts import assertContains
from redis.exceptions import ConnectionError as RedisAway

from accounts import strangers
from accounts.tokens import make_token
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def limit(settings, monkeypatch):
    settings.ATTUNE_STRANGERS_A_MINUTE = 3
    monkeypatch.setattr(strangers, "_window", lambda: 1)
    cache.clear()
    yield
    cache.clear()


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/certificates/no-such/", "/invitations/x/", "/api/v1/me/"])
def test_whatever_a_stranger_asks_for_has_an_end(client, path):
    assert 429 not in [client.get(path).status_code for _ in range(3)]
    answer = client.get(path)
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")


def test_the_page_says_to_wait_and_the_next_minute_is_open_again(client, monkeypatch):
    [client.get("/") for _ in range(3)]
    assertContains(client.get("/"), "Please wait a minute", status_code=429)
    monkeypatch.setattr(strangers, "_window", lambda: 2)
    assert client.get("/", follow=True).status_code == 200


def test_another_address_is_not_held_up(client):
    [client.get("/") for _ in range(4)]
    assert client.get("/courses/", REMOTE_ADDR="192.0.2.9").status_code == 200


def test_a_network_of_ipv6_is_one_address(client):
    asked = [client.get("/", REMOTE_ADDR=f"2001:db8:1:2::{number:x}").status_code for number in range(1, 6)]
    assert asked[3:] == [429, 429]
    assert client.get("/courses/", REMOTE_ADDR="2001:db8:1:3::1").status_code == 200
    assert client.get("/courses/", REMOTE_ADDR="").status_code == 200


def test_made_up_addresses_count_as_one(client):
    asked = [client.get("/", HTTP_X_FORWARDED_FOR=f"192.0.2.{number}") for number in range(4)]
    assert asked[-1].status_code == 429
    # The REST framework's own limits, too, go by the address of the connection.
    throttled = client.get("/api/v1/courses/", HTTP_X_FORWARDED_FOR="192.0.2.77", REMOTE_ADDR="192.0.2.10")
    assert throttled.wsgi_request.META["REMOTE_ADDR"] == "192.0.2.10"
    from rest_framework.throttling import AnonRateThrottle

    assert AnonRateThrottle().get_ident(throttled.wsgi_request) == "192.0.2.10"


def test_those_who_are_signed_in_are_not_counted(client):
    client.force_login(make_user())
    assert {client.get("/home/").status_code for _ in range(6)} == {200}


def test_a_right_token_is_not_counted_and_wrong_ones_are(client):
    right = f"Bearer {make_token(user=make_user(), name='script', expires_at=None)[1]}"
    assert {client.get("/api/v1/me/", HTTP_AUTHORIZATION=right).status_code for _ in range(6)} == {200}
    wrong = [client.get("/api/v1/me/", HTTP_AUTHORIZATION=f"Bearer x{n}").status_code for n in range(6)]
    assert wrong == [401, 401, 401, 429, 429, 429]


@pytest.mark.parametrize(
    "path",
    ["/", "/accounts/login/", "/certificates/no-such/", "/calendar/x.ics", "/api/v1/search/", "/metrics", "/no-such/"],
)
@pytest.mark.parametrize("header", ["x", "Bearer attune_x", "Basic eDp4"])
def test_a_header_that_nobody_looks_at_or_likes_makes_nobody_known(client, settings, path, header):
    settings.ATTUNE_METRICS_TOKEN = "the operator's own"
    asked = [client.get(path, HTTP_AUTHORIZATION=header).status_code for _ in range(5)]
    assert [status == 429 for status in asked] == [False] * 3 + [True] * 2


def test_a_right_token_opens_no_way_round_for_a_page_that_does_not_look_at_it(client):
    right = f"Bearer {make_token(user=make_user(), name='script', expires_at=None)[1]}"
    asked = [client.get("/certificates/no-such/", HTTP_AUTHORIZATION=right).status_code for _ in range(5)]
    assert asked[3:] == [429, 429]


def test_the_operators_prometheus_is_not_counted(client, settings):
    settings.ATTUNE_METRICS_TOKEN = "the operator's own"
    right = "Bearer the operator's own"
    assert {client.get("/metrics", HTTP_AUTHORIZATION=right).status_code for _ in range(6)} == {200}


def test_the_health_of_the_server_is_not_counted(client):
    assert {client.get("/healthz").status_code for _ in range(6)} == {200}


def test_without_its_cache_a_page_is_still_there(client, monkeypatch):
    def away(*_):
        raise RedisAway

    monkeypatch.setattr(strangers.cache, "incr", away)
    assert client.get("/accounts/login/").status_code == 200
