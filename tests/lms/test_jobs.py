"""What a server does by itself, every minute or hour."""

import asyncio
import threading

import pytest
from channels.db import database_sync_to_async

from lms import asgi


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
