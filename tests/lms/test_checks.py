"""memory:// in more than one process would lose frames without a word, so it does not start."""

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command


def found() -> list[str]:
    return [error.id for error in run_checks() if error.id and error.id.startswith("attune.")]


@pytest.mark.parametrize("processes", ["2", "8"])
def test_more_than_one_process_needs_redis(monkeypatch, processes):
    monkeypatch.setenv("WEB_CONCURRENCY", processes)
    assert found() == ["attune.E001"]
    (error,) = [error for error in run_checks() if error.id == "attune.E001"]
    assert f"WEB_CONCURRENCY is {processes}" in error.msg
    assert "REDIS_URL" in error.hint


@pytest.mark.parametrize("processes", [None, "", "1"])
def test_one_process_needs_nothing(monkeypatch, processes):
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)
    if processes is not None:
        monkeypatch.setenv("WEB_CONCURRENCY", processes)
    assert found() == []


def test_with_redis_there_may_be_many(monkeypatch, settings):
    monkeypatch.setenv("WEB_CONCURRENCY", "4")
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert found() == []


def test_serving_stops_at_the_check(monkeypatch):
    monkeypatch.setenv("WEB_CONCURRENCY", "2")
    with pytest.raises(CommandError, match="WEB_CONCURRENCY is 2"):
        call_command("serve", port=0)


@pytest.mark.parametrize(
    ("name", "value"), [("HTTPS", True), ("TRUST_PROXY", True), ("ALLOWED_HOSTS", ["localhost", "lms.example"])]
)
def test_a_demo_is_not_served_to_others(settings, name, value):
    settings.ATTUNE_DEMO = True
    assert found() == []
    setattr(settings, name, value)
    assert found() == ["attune.E002"]
    settings.ATTUNE_DEMO = False
    assert found() == []
