"""What a server does by itself, every minute or hour."""

import asyncio
import threading
import time

import pytest
from channels.db import database_sync_to_async

from lms import asgi, quiet


@pytest.mark.django_db
def test_a_job_that_fails_is_tried_again_beside_the_thread_that_all_share(monkeypatch, caplog):
    ran = []

    def call_command(name, verbosity):
        ran.append((name, threading.current_thread()))
        if name == "prune_readings":
            raise OSError("the database is away")

    async def watch():
        shared = await database_sync_to_async(threading.current_thread)()
        job = asyncio.create_task(asgi.repeat(0, "prune_readings", "tend_support"))
        while len(ran) < 4:
            await asyncio.sleep(0.01)
        job.cancel()
        return shared

    monkeypatch.setattr(asgi, "call_command", call_command)
    shared = asyncio.run(watch())
    assert [name for name, _ in ran[:4]] == ["prune_readings", "tend_support"] * 2
    assert shared not in [thread for _, thread in ran]
    assert "prune_readings did not run" in caplog.text


def test_weekly_summaries_wait_until_nobody_asks_for_a_page_and_are_made_one_by_one(monkeypatch):
    heard, made = quiet.Quiet(), []
    monkeypatch.setattr(quiet, "QUIET_SECONDS", 0.3)
    monkeypatch.setattr(asgi, "quiet", heard)
    monkeypatch.setattr(asgi.weekly, "courses_to_sum_up", lambda: [1, 2])
    monkeypatch.setattr(
        asgi.weekly, "send_weekly_summaries", lambda course: made.append((course, time.monotonic() - asked))
    )

    async def page(scope, receive, send):
        pass

    async def visit(path):
        await heard.listen(page)({"path": path}, None, None)

    async def watch():
        nonlocal asked
        job = asyncio.create_task(asgi.sum_up_weeks())
        for _ in range(5):  # longer than it has to be quiet
            await asyncio.sleep(0.1)
            await visit("/home/")
            asked = time.monotonic()
        assert made == []
        while len(made) < 2:
            await asyncio.sleep(0.01)
            await visit("/healthz")  # is nobody
        job.cancel()

    asked = time.monotonic()
    asyncio.run(watch())
    assert [course for course, _ in made] == [1, 2]
    assert made[0][1] >= 0.29


def test_on_a_site_that_is_never_quiet_they_are_made_too_with_a_breath_between(monkeypatch):
    class Hurried(quiet.Quiet):
        async def wait(self, at_the_latest=0.2):
            await super().wait(at_the_latest)

    heard, made = Hurried(), []
    monkeypatch.setattr(asgi, "quiet", heard)
    monkeypatch.setattr(asgi, "BREATH_SECONDS", 0.3)
    monkeypatch.setattr(asgi.weekly, "courses_to_sum_up", lambda: [1, 2])
    monkeypatch.setattr(asgi.weekly, "send_weekly_summaries", lambda course: made.append((course, time.monotonic())))

    async def watch():
        job = asyncio.create_task(asgi.sum_up_weeks())
        while len(made) < 2:
            await heard.listen(lambda *_: asyncio.sleep(0.01))({"path": "/home/"}, None, None)
        job.cancel()

    asyncio.run(watch())
    assert [course for course, _ in made] == [1, 2]
    assert made[1][1] - made[0][1] >= 0.29


def test_the_worker_for_mail_is_asked_first(monkeypatch, settings):
    sent = []
    monkeypatch.setattr(asgi.tasks.send_weekly_summaries, "apply_async", lambda **options: sent.append(options))
    assert not asgi.tasks.ask_for_summaries()
    settings.REDIS_URL = "redis://somewhere/0"
    assert asgi.tasks.ask_for_summaries()
    assert len(sent) == 1
