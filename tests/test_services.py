"""The servers that tests rely on are what they claim to be, and leave nothing behind."""

import psycopg
import redis

from tests import services


def test_redis_speaks_its_protocol_and_persists_nothing(redis_url):
    client = redis.Redis.from_url(redis_url)
    client.set("a", "b", ex=5)
    assert client.getdel("a") == b"b"
    assert client.config_get("save") == {"save": ""}


def test_postgres_is_postgres(postgres_url):
    with psycopg.connect(postgres_url) as connection:
        assert "PostgreSQL" in connection.execute("select version()").fetchone()[0]


def test_a_stopped_redis_is_gone():
    with services.redis_server() as url:
        client = redis.Redis.from_url(url)
        assert client.ping()
    try:
        client.ping()
    except redis.ConnectionError:
        return
    raise AssertionError("The server still answers.")
