"""What tests share: real services, and the truth about the ones that could not be had."""

from __future__ import annotations

import contextlib
import os
import signal
from collections import defaultdict
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import NoReturn

import pytest
import time_machine

from tests import services

_missing: defaultdict[str, set[str]] = defaultdict(set)  # why -> the tests that could not run for it


# What takes more than a few seconds, and is left out of `./run check`: by file or test, and whatever needs PostgreSQL,
# a server or a browser.
SLOW = {
    "tests/courses/api/test_schema.py",
    "tests/courses/gradebook/test_views.py::test_who_gets_where",
    "tests/courses/test_admin_rows.py",
    "tests/courses/test_matrix.py",
    "tests/courses/test_matrix_methods.py",
    "tests/emotion/core/test_affect.py::test_calm_students_trigger_almost_nothing",
    "tests/emotion/core/test_affect.py::test_noise_of_the_same_distribution_triggers_almost_nothing",
    "tests/emotion/core/test_affect.py::test_planted_states_are_found",
    "tests/emotion/core/test_architectures.py",
    "tests/emotion/core/test_imports.py",
    "tests/emotion/inference/test_backends.py",
    "tests/emotion/inference/test_stillness.py",
    "tests/emotion/management/commands/test_tend_support.py",
    "tests/emotion/test_aggregates.py",
    "tests/emotion/test_refusing_costs_nothing.py::test_whatever_she_does_and_sees_is_the_same",
    "tests/emotion/test_framing.py",
    "tests/emotion/test_gate.py::test_no_address_of_emotion_answers_but_self_report",
    "tests/emotion/test_policy.py::test_whatever_else_somebody_states_is_refused",
    "tests/emotion/test_registry.py",
    "tests/lms/backup/test_commands.py",
    "tests/lms/test_logs.py::test_the_setting_makes_the_whole_log_json",
    "tests/lms/test_migrating.py",
    "tests/lms/test_prepare_demo.py",
    "tests/lms/test_production.py",
    "tests/lms/test_seed_demo.py",
    "tests/lms/test_server.py::test_a_taken_port_ends_the_process_with_one_sentence",
    "tests/lms/test_slow_connections.py",
    "tests/lms/test_threats.py",
    "tests/test_docs.py::test_the_site_is_built_without_a_warning",
    "tests/training/management/commands/test_evaluate_fer.py",
    "tests/training/management/commands/test_export_fer.py",
    "tests/training/management/commands/test_stress_fer.py",
    "tests/training/management/commands/test_train_fer.py",
    "tests/training/test_fer2013.py::test_the_whole_of_fer2013",
    "tests/training/test_kill_and_resume.py",
    "tests/training/test_logger.py::test_without_a_key_wandb_asks_for_none_and_keeps_a_run_that_can_be_sent_later",
    "tests/training/test_loop.py",
    "tests/training/test_run.py",
}


def pytest_ignore_collect(collection_path: Path, config) -> bool | None:
    """A file whose tests would all be left out need not be read, nor what it imports."""
    if config.option.markexpr != "not slow" or not collection_path.is_relative_to(services.ROOT):
        return None
    return collection_path.relative_to(services.ROOT).as_posix() in SLOW | {"tests/e2e"} or None


def pytest_collection_modifyitems(items) -> None:
    for item in items:
        slow_fixtures = {"_postgres", "attune", "chromium"} & set(item.fixturenames)
        test = item.nodeid.split("[")[0]
        if {test, test.split("::")[0]} & SLOW or slow_fixtures or item.get_closest_marker("e2e"):
            item.add_marker("slow")


def pytest_configure() -> None:
    # A `kill` stops the run as Ctrl+C does: with every server stopped and every folder removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def _skip(sentence: str) -> NoReturn:
    _missing[sentence]
    pytest.skip(sentence)


def _unavailable(what: str, reason: str) -> NoReturn:
    """Skip, or in CI fail: there, a test that did not run must not pass for one that did."""
    sentence = f"{what}: {reason}"
    if os.environ.get("CI") == "true":
        _missing[sentence]
        pytest.fail(sentence, pytrace=False)
    _skip(sentence)


def pytest_runtest_logreport(report) -> None:
    """Counted from the reports: a fixture that is shared skips every test that asks for it, but runs once."""
    if not report.passed:
        for sentence, tests in _missing.items():
            if sentence in str(report.longrepr):
                tests.add(report.nodeid)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session):
    """Around pytest's own summary, so that these are the last lines."""
    result = yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    for sentence, tests in _missing.items():
        reporter.write_line(f"Not tested ({len(tests)} test{'s' * (len(tests) != 1)}) for want of {sentence}")
    return result


class _Shared:
    """A service that is started once, on first use, and whose absence is remembered."""

    def __init__(self, what: str, start) -> None:
        self._what, self._start = what, start
        self._stack = contextlib.ExitStack()
        self._value: str | None = None
        self._reason: str | None = None

    def value(self) -> str:
        if self._value is None and self._reason is None:
            try:
                self._value = self._stack.enter_context(self._start())
            except services.ServiceUnavailable as error:
                self._reason = str(error)
        if self._value is None:
            _unavailable(self._what, self._reason or "")
        return self._value

    def close(self) -> None:
        self._stack.close()


@pytest.fixture(autouse=True)
def nothing_remembered():
    """Rows of another test may have had the same ids."""
    from django.core.cache import cache

    cache.clear()


@pytest.fixture(scope="session")
def _redis():
    shared = _Shared("a Redis-protocol server", services.redis_server)
    yield shared
    shared.close()


@pytest.fixture(scope="session")
def _postgres():
    shared = _Shared("PostgreSQL", services.postgres_server)
    yield shared
    shared.close()


@pytest.fixture
def redis_url(_redis) -> str:
    """A database of a real Redis-protocol server, emptied for each test. Number 0 is left to whole servers."""
    import redis

    url = _redis.value() + "1"
    redis.Redis.from_url(url).flushdb()
    return url


@pytest.fixture
def postgres_url(_postgres) -> str:
    """The URL of a real PostgreSQL database, shared by the session."""
    return _postgres.value()


@pytest.fixture
def chromium() -> str:
    try:
        return services.find_chromium()
    except services.ServiceUnavailable as error:
        reason = str(error)
    _unavailable("Chromium", reason)


@pytest.fixture
def open_browser(chromium, monkeypatch):
    """open_browser(*arguments) -> a Playwright browser, closed after the test."""
    from playwright.sync_api import sync_playwright

    # Playwright's event loop lives in this thread, and Django would refuse the ORM beside it.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as playwright, contextlib.ExitStack() as stack:

        def launch(*arguments: str):
            browser = playwright.chromium.launch(
                executable_path=chromium, args=[*services.CHROMIUM_ARGUMENTS, *arguments]
            )
            stack.callback(browser.close)
            return browser

        yield launch


@pytest.fixture(scope="session")
def fer_data_dir() -> Path:
    """The folder with fer2013.csv(.gz) and fer2013new.csv. It is never part of the repository, so its absence is no
    failure, even in CI."""
    if named := os.environ.get("FER_DATA_DIR"):
        places = [Path(named)]
    else:
        places = [services.ROOT / "datasets", services.ROOT.parent / "shared" / "data"]
    for place in places:
        for folder in (place, place / "fer2013"):
            if (folder / "fer2013.csv.gz").is_file() or (folder / "fer2013.csv").is_file():
                return folder
    _skip("FER2013: set FER_DATA_DIR to the folder that holds it.")


@pytest.fixture(autouse=True)
def _few_threads():
    """Two cores are shared by the test, a server and a browser."""
    import sys

    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(2)


@pytest.fixture(autouse=True)
def _no_kept_connections(monkeypatch):
    from emotion import own_connection

    monkeypatch.setattr(own_connection, "KEPT", False)


@pytest.fixture
def midweek():
    """A Wednesday at noon, from where the clock goes on: a minute ago and a day ago are this week."""
    today = datetime.now(UTC).date()
    wednesday = datetime.combine(today + timedelta(days=2 - today.weekday()), time(12), tzinfo=UTC)
    with time_machine.travel(wednesday):
        yield
