import os
import stat

import pytest
from django.core.exceptions import ImproperlyConfigured

from lms import env


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("1", True), ("Off", False), ("", False)])
def test_switches(monkeypatch, value, expected):
    monkeypatch.setenv("ATTUNE_DEBUG", value)
    assert env.read_bool("ATTUNE_DEBUG") is expected


def test_a_bad_switch_is_named_with_what_is_allowed(monkeypatch):
    monkeypatch.setenv("ATTUNE_DEBUG", "maybe")
    with pytest.raises(ImproperlyConfigured, match="ATTUNE_DEBUG is 'maybe'; allowed are true and false"):
        env.read_bool("ATTUNE_DEBUG")


def test_a_database_url_with_escaped_characters(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://lms:p%40ss%2Fword@db:6000/attune?sslmode=require")
    entry = env.read_postgres()
    assert (entry["USER"], entry["PASSWORD"], entry["HOST"]) == ("lms", "p@ss/word", "db")
    assert (entry["PORT"], entry["NAME"], entry["OPTIONS"]) == ("6000", "attune", {"sslmode": "require"})


def test_an_address_with_its_key_inside_or_beside(monkeypatch):
    assert env.read_url_with_key("ATTUNE_XAPI") == ("", "", "")
    monkeypatch.setenv("ATTUNE_XAPI_URL", "https://key:se%3Acret@lrs.example:8443/xapi")
    assert env.read_url_with_key("ATTUNE_XAPI") == ("https://lrs.example:8443/xapi", "key", "se:cret")
    monkeypatch.setenv("ATTUNE_XAPI_URL", "https://lrs.example/xapi")
    with pytest.raises(ImproperlyConfigured, match="ATTUNE_XAPI_KEY and ATTUNE_XAPI_SECRET have to be"):
        env.read_url_with_key("ATTUNE_XAPI")
    monkeypatch.setenv("ATTUNE_XAPI_KEY", "key")
    monkeypatch.setenv("ATTUNE_XAPI_SECRET", "secret")
    assert env.read_url_with_key("ATTUNE_XAPI") == ("https://lrs.example/xapi", "key", "secret")


@pytest.mark.parametrize("url", ["mysql://u:hunter2@h/n", "postgres://u:hunter2@h", "postgres://u:hunter2@h:port/n"])
def test_a_bad_database_url_is_refused_without_telling_its_password(monkeypatch, url):
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL") as refused:
        env.read_postgres()
    assert "hunter2" not in str(refused.value)


def test_the_secret_key_is_made_once_and_only_its_owner_reads_it(monkeypatch, tmp_path):
    monkeypatch.delenv("ATTUNE_SECRET_KEY", raising=False)
    file = tmp_path / "secret_key"
    key = env.read_secret_key("ATTUNE_SECRET_KEY", file)
    assert len(key) >= 50
    assert env.read_secret_key("ATTUNE_SECRET_KEY", file) == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_short_secret_key_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("ATTUNE_SECRET_KEY", "short")
    with pytest.raises(ImproperlyConfigured, match="ATTUNE_SECRET_KEY has 5 characters"):
        env.read_secret_key("ATTUNE_SECRET_KEY", tmp_path / "key")


def test_cores_are_those_that_a_container_may_use_where_the_system_tells(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3}, raising=False)
    assert env.count_cores() == 1
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 12)
    assert env.count_cores() == 12
