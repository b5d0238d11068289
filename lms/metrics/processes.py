"""One answer for all processes.

A request for /metrics reaches whichever web process is free, and frames are answered in workers, which serve no pages.
So with Redis each process leaves its figures there every few seconds, under a name of its own, and /metrics shows
everybody's, with the name as label `process`. A process that is gone is not shown any more after EXPIRE_SECONDS.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator

import redis
from celery import Celery
from django.conf import settings
from kombu.exceptions import ChannelError, OperationalError
from prometheus_client import REGISTRY, CollectorRegistry, Gauge, Metric, generate_latest

from lms.metrics import minute, reports

logger = logging.getLogger(__name__)

PUBLISH_SECONDS, EXPIRE_SECONDS = 5, 15
NAMES, KEY = "attune:metrics", "attune:metrics:{}"
QUEUES = ("frames", "mail")
WORKER_UP = Gauge("attune_worker_up", "A worker that takes tasks from this queue.", ["queue"])

Figures = list[list]  # [name, type, help, [[sample, labels, value], ...]] of each metric


def own_figures() -> Figures:
    return [[each.name, each.type, each.documentation, _samples(each)] for each in REGISTRY.collect()]


def _samples(metric: Metric) -> list[list]:
    """Without the moments at which counters began, which double them and which no dashboard reads."""
    return [[s.name, s.labels, s.value] for s in metric.samples if not s.name.endswith("_created")]


class Publisher:
    """A thread that keeps this process's last minute and, with Redis, leaves its figures there. `role` is "web" or
    "worker"."""

    def __init__(self, role: str, redis_url: str | None) -> None:
        self.name = reports.process_name(role)
        self._redis = redis.Redis.from_url(redis_url, socket_timeout=2) if redis_url else None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(timeout=5)
        if self._redis is None:
            return
        try:
            self._redis.delete(KEY.format(self.name), reports.KEY.format(self.name))
        except redis.RedisError:
            pass  # they expire by themselves

    def publish(self) -> None:
        minute.HERE.look()
        if self._redis is None:
            return
        with self._redis.pipeline() as pipe:
            pipe.sadd(NAMES, self.name)
            pipe.set(KEY.format(self.name), json.dumps(own_figures()), ex=EXPIRE_SECONDS)
            reports.leave_report(pipe, reports.own_report(self.name))
            pipe.execute()

    def _run(self) -> None:
        away = False
        while True:
            try:
                self.publish()
                away = False
            except redis.RedisError as error:
                if not away:
                    logger.warning("Figures for /metrics cannot be left in Redis; trying again: %s", error)
                away = True
            if self._stopping.wait(PUBLISH_SECONDS):
                return


def figures_of_all() -> dict[str, Figures]:
    """By process. Without Redis there is one. Raises RedisError."""
    if not settings.REDIS_URL:
        return {"web": own_figures()}
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2)
    names = sorted(name.decode() for name in client.smembers(NAMES))
    found = client.mget([KEY.format(name) for name in names]) if names else []
    if gone := [name for name, value in zip(names, found, strict=True) if value is None]:
        client.srem(NAMES, *gone)
    return {name: json.loads(value) for name, value in zip(names, found, strict=True) if value is not None}


def queue_depths(app: Celery) -> dict[str, int]:
    """Tasks that no worker has taken. Raises OperationalError and OSError when the broker is away."""
    with app.connection_for_read(connect_timeout=2) as connection:
        return {queue: _depth(connection.default_channel, queue) for queue in QUEUES}


def _depth(channel, queue: str) -> int:
    try:
        return channel.queue_declare(queue, passive=True).message_count
    except ChannelError:  # nobody has used it yet
        return 0


class _All:
    def __init__(self, app: Celery) -> None:
        self._app = app

    def collect(self) -> Iterator[Metric]:
        up = Metric("attune_broker_up", "Whether queues and the other processes' figures could be read.", "gauge")
        merged: dict[str, Metric] = {}
        try:
            depths, processes = queue_depths(self._app), figures_of_all()
        except (redis.RedisError, OperationalError, OSError):
            up.add_sample(up.name, {}, 0)
            yield up
            return
        up.add_sample(up.name, {}, 1)
        yield up
        depth = Metric("attune_queue_depth", "Tasks that wait for a worker.", "gauge")
        for queue, waiting in depths.items():
            depth.add_sample(depth.name, {"queue": queue}, waiting)
        yield depth
        yield _workers_alive(processes)
        for process, figures in processes.items():
            for name, kind, text, samples in figures:
                metric = merged.setdefault(name, Metric(name, text, kind))
                for sample, labels, value in samples:
                    metric.add_sample(sample, {**labels, "process": process}, value)
        yield from merged.values()


def _workers_alive(processes: dict[str, Figures]) -> Metric:
    """Zero where there is none, which the sum of a figure that nobody leaves is not: an alarm needs a number."""
    alive = Metric("attune_workers_alive", "Workers that take tasks from this queue, of all processes.", "gauge")
    up = {queue: 0.0 for queue in QUEUES}
    for figures in processes.values():
        for sample, labels, value in (each for _, _, _, samples in figures for each in samples):
            if sample == "attune_worker_up":
                up[labels["queue"]] = up.get(labels["queue"], 0.0) + value
    for queue, workers in up.items():
        alive.add_sample(alive.name, {"queue": queue}, workers)
    return alive


def exposition(app: Celery) -> bytes:
    """Everything, in Prometheus's text format."""
    registry = CollectorRegistry()
    registry.register(_All(app))
    return generate_latest(registry)
