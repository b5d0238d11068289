"""What each process says of its last minute, for the page that administrators look at.

The figures of /metrics are everything since a process began; this is the little that people want to see at once. With
Redis each process leaves it there beside those figures. It stays for LIFE_SECONDS, so that a process which died is seen
as one that has fallen silent; one that stops takes it along.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace

import redis
from django.conf import settings
from prometheus_client import REGISTRY
from redis.client import Pipeline

from lms.metrics import minute
from lms.metrics.minute import Counts, quantile

LIFE_SECONDS = 900
SILENT_SECONDS = 15  # three reports are missing
NAMES, KEY = "attune:reports", "attune:report:{}"
GAUGES = {"attune_frames_waiting", "attune_pace_seconds", "attune_gpu_memory_bytes"}
STARTED = time.monotonic()


@dataclass(frozen=True)
class Report:
    """Of one process. `counts` and `gauges` go by the sample's name and its labels' values; ages are in seconds."""

    name: str
    queues: list[str] = field(default_factory=list)  # the worker inside takes tasks from these
    up_seconds: float = 0.0
    over_seconds: float = 1.0
    counts: Counts = field(default_factory=dict)
    gauges: Counts = field(default_factory=dict)
    info: dict[str, str] = field(default_factory=dict)  # model, backend, device, threads; empty without a model
    age_seconds: float = 0.0

    @property
    def is_alive(self) -> bool:
        return self.age_seconds < SILENT_SECONDS

    @property
    def reads_frames(self) -> bool:
        return "frames" in self.queues

    @property
    def is_web(self) -> bool:
        return self.name.startswith("web")

    def a_second(self, name: str) -> float:
        return self.counts.get(name, 0.0) / self.over_seconds

    @property
    def busy(self) -> float:
        """The share of its time in which it read frames."""
        return min(1.0, self.a_second("attune_batch_seconds_sum"))

    @property
    def gpu_memory(self) -> tuple[float, float] | None:
        """(used, total) bytes; None without a GPU."""
        total = self.gauges.get("attune_gpu_memory_bytes total")
        return (self.gauges.get("attune_gpu_memory_bytes used", 0.0), total) if total else None


def latency(share: float, reports: Iterable[Report]) -> float | None:
    """A percentile in seconds of all these processes' answers together; see minute.quantile."""
    prefix = "attune_answer_seconds_bucket "
    buckets: dict[float, float] = {}
    for report in reports:
        for name, value in report.counts.items():
            if name.startswith(prefix):
                bound = float(name.removeprefix(prefix))
                buckets[bound] = buckets.get(bound, 0.0) + value
    return quantile(share, buckets)


def process_name(role: str) -> str:
    return f"{role}-{socket.gethostname()}-{os.getpid()}"


def own_report(name: str) -> Report:
    samples = [sample for metric in REGISTRY.collect() for sample in metric.samples]
    seconds, counts = minute.HERE.counted()
    return Report(
        name=name,
        queues=[s.labels["queue"] for s in samples if s.name == "attune_worker_up" and s.value],
        up_seconds=time.monotonic() - STARTED,
        over_seconds=seconds,
        counts=counts,
        gauges={" ".join([s.name, *s.labels.values()]): s.value for s in samples if s.name in GAUGES},
        info=next((s.labels for s in samples if s.name == "attune_worker_info"), {}),
    )


def leave_report(pipe: Pipeline, report: Report) -> None:
    pipe.sadd(NAMES, report.name)
    pipe.set(KEY.format(report.name), json.dumps(asdict(report)), ex=LIFE_SECONDS)


def reports_of_all() -> list[Report]:
    """Of every process that lives or fell silent lately, by name. Raises RedisError."""
    if not settings.REDIS_URL:
        return [own_report(process_name("web"))]
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2)
    names = sorted(name.decode() for name in client.smembers(NAMES))
    with client.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.get(KEY.format(name)).pttl(KEY.format(name))
        answers = pipe.execute()
    left = dict(zip(names, zip(answers[::2], answers[1::2], strict=True), strict=True))
    if gone := [name for name, (value, _) in left.items() if value is None]:
        client.srem(NAMES, *gone)
    # The age by Redis's clock alone: those of two machines may differ by more than a report's.
    return [
        replace(_read(value), age_seconds=max(0.0, LIFE_SECONDS - lives / 1000))
        for value, lives in left.values()
        if value is not None
    ]


def _read(value: bytes) -> Report:
    """Of a process that may be of another version, while one follows the other."""
    return Report(**{name: part for name, part in json.loads(value).items() if name in Report.__dataclass_fields__})
