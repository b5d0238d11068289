"""What tests share: real services, and the truth about the ones that could not be had."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from pathlib import Path

import pytest

from tests import services

_skips: Counter[str] = Counter()


def _unavailable(what: str, reason: str) -> None:
    """Skip, or in CI fail: there, a test that did not run must not pass for one that did."""
    sentence = f"{what}: {reason}"
    _skips[sentence] += 1
    if os.environ.get("CI") == "true":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


def pytest_terminal_summary(terminalreporter) -> None:
    for sentence, tests in _skips.items():
        terminalreporter.write_line(f"Not tested ({tests} test{'s' * (tests != 1)}) for want of {sentence}")


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
        return self._value or ""

    def close(self) -> None:
        self._stack.close()


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
        _unavailable("Chromium", str(error))
        raise


@pytest.fixture
def open_browser(chromium):
    """open_browser(*arguments) -> a Playwright browser, closed after the test."""
    from playwright.sync_api import sync_playwright

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
    places = [Path(os.environ["FER_DATA_DIR"])] if os.environ.get("FER_DATA_DIR") else []
    places += [services.ROOT / "datasets", services.ROOT.parent / "shared" / "data"]
    for place in places:
        for folder in (place, place / "fer2013"):
            if (folder / "fer2013.csv.gz").is_file() or (folder / "fer2013.csv").is_file():
                return folder
    sentence = "FER2013: set FER_DATA_DIR to the folder that holds it."
    _skips[sentence] += 1
    pytest.skip(sentence)


@pytest.fixture(autouse=True)
def _few_threads():
    """Two cores are shared by the test, a server and a browser."""
    import sys

    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(2)
