"""The page of workers: every process's report put together, in words, with what to do where something is wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import redis
from celery import Celery
from django.conf import settings
from django.utils import formats
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from kombu.exceptions import OperationalError

from emotion.models import ModelVersion
from emotion.policy import features_are_on
from lms.metrics.processes import queue_depths
from lms.metrics.reports import Report, latency, reports_of_all

# Fewer lost than this is how a busy minute looks.
MANY_DROPPED, FEW_FRAMES = 0.05, 20
LOADING_SECONDS = 60  # an embedded worker that is this young may still be loading its model
START_COMMAND = "celery -A lms worker -P solo -c 1 -Q frames"
DROPPED = "attune_frames_dropped_total "
REASONS = {
    "newer": _("a newer one of the same student came before it was read"),
    "late": _("it waited too long"),
    "failed": _("reading or recording it failed"),
    "unrecorded": _("it was recorded before, or its consent or session was gone meanwhile"),
    "unanswered": _("no worker answered within three seconds"),
}


@dataclass(frozen=True)
class Trouble:
    """What is wrong, and what somebody who runs the site can do; `command` is to be typed."""

    what: str
    do: str = ""
    command: str = ""


def overview(app: Celery) -> dict[str, Any]:
    """For the template. Two queries, however many processes there are."""
    promoted = ModelVersion.objects.filter(status=ModelVersion.Status.PROMOTED).first()
    context: dict[str, Any] = {"promoted": promoted, "features_on": features_are_on()}
    try:
        reports, depths = reports_of_all(), queue_depths(app)
    except (redis.RedisError, OperationalError, OSError):
        away = Trouble(
            _("Redis does not answer, so nothing is known of queues and workers."),
            _("Lessons go on. Cameras are told that no picture can be taken now, and try again by themselves."),
        )
        return {**context, "troubles": [away]}
    alive = [each for each in reports if each.is_alive]
    workers = [each for each in reports if not each.is_web or each.reads_frames or not settings.REDIS_URL]
    readers = [each for each in alive if each.reads_frames]
    total = _total(alive)
    return {
        **context,
        "troubles": _troubles(reports, readers, total, promoted),
        "figures": _figures(alive, readers, total, depths),
        "dropped": [
            {"reason": REASONS.get(reason, reason), "frames": round(count)}
            for reason, count in sorted(_dropped(total).items(), key=lambda each: -each[1])
            if count
        ],
        "workers": [_worker(each) for each in sorted(workers, key=lambda each: not each.is_alive)],
        "webs": [_web(each) for each in alive if each.is_web],
    }


def _total(reports: Sequence[Report]) -> dict[str, float]:
    """What all of them counted in their last minute."""
    total: dict[str, float] = {}
    for report in reports:
        for name, value in report.counts.items():
            total[name] = total.get(name, 0.0) + value
    return total


def _dropped(counts: dict[str, float]) -> dict[str, float]:
    return {name.removeprefix(DROPPED): value for name, value in counts.items() if name.startswith(DROPPED)}


def _troubles(
    reports: Sequence[Report], readers: Sequence[Report], total: dict[str, float], promoted: ModelVersion | None
) -> list[Trouble]:
    if not readers:
        return [_nobody_reads(reports)]
    troubles = []
    accepted, answered = (
        total.get("attune_frames_taken_total accepted", 0),
        total.get("attune_frames_answered_total", 0),
    )
    lost = sum(_dropped(total).values())
    if accepted >= FEW_FRAMES and not answered:
        troubles.append(
            Trouble(
                _("Frames come in, and in the last minute none was answered."),
                _("The worker's log says why; the database may be away, or the model may not load."),
            )
        )
    elif lost >= FEW_FRAMES and lost > MANY_DROPPED * (lost + answered):
        share = round(100 * lost / (lost + answered))
        troubles.append(
            Trouble(
                _("%(share)d %% of the last minute's frames were dropped.") % {"share": share},
                _("Pages slow down by themselves. Where it stays so, more workers or a faster machine help."),
            )
        )
    if promoted:
        troubles += [
            Trouble(
                _("%(worker)s serves %(served)s, and %(promoted)s is promoted.")
                % {"worker": report.name, "served": report.info["model"], "promoted": promoted.name},
                _("It switches within seconds. Where it does not, the model could not be loaded: its log says why."),
            )
            for report in readers
            if report.info and report.info["model"] != promoted.name
        ]
    return troubles


def _nobody_reads(reports: Sequence[Report]) -> Trouble:
    if not settings.REDIS_URL:
        if reports[0].up_seconds < LOADING_SECONDS:
            return Trouble(_("The worker in this process is starting; loading a model takes some seconds."))
        return Trouble(
            _("The worker in this process has ended, so no frame is answered."),
            _("The server's log says why. Restart the server to start it again."),
        )
    silent = min((each.age_seconds for each in reports if each.reads_frames), default=None)
    if silent is None:
        what = _("No worker that reads frames has reported.")
    else:
        what = _("No worker that reads frames has reported for %(time)s.") % {"time": _duration(silent)}
    return Trouble(
        what,
        _(
            "Frames wait three seconds for one; then their pages are told that they were dropped. Lessons, answers and "
            "readings made on devices go on. Start a worker; the log of the last one says why it ended."
        ),
        START_COMMAND,
    )


def _figures(
    alive: Sequence[Report], readers: Sequence[Report], total: dict[str, float], depths: dict[str, int]
) -> list[dict[str, str]]:
    """Each with a name, a value and what it counts."""
    lost = sum(_dropped(total).values())
    in_hand = sum(each.gauges.get("attune_frames_waiting", 0) for each in readers)
    memory = [each.gpu_memory for each in readers if each.gpu_memory]
    return [
        {
            "name": _("Workers alive"),
            "value": str(len(readers)),
            "note": _("that read frames; heard of in the last 15 seconds"),
        },
        {
            "name": _("Frames a second"),
            "value": _number(sum(each.a_second("attune_frames_answered_total") for each in alive)),
            "note": _("answered, in the last minute; %(taken)s came in, %(refused)s were refused")
            % {
                "taken": _number(sum(each.a_second("attune_frames_taken_total accepted") for each in alive)),
                "refused": _number(sum(each.a_second("attune_frames_taken_total refused") for each in alive)),
            },
        },
        {
            "name": _("Time to a reading"),
            "value": _seconds(latency(0.5, readers)),
            "note": _("from its arrival, for half of the frames; 95 %% take at most %(p95)s, 99 %% at most %(p99)s")
            % {"p95": _seconds(latency(0.95, readers)), "p99": _seconds(latency(0.99, readers))}
            if latency(0.5, readers) is not None
            else _("nothing was read in the last minute"),
        },
        {
            "name": _("Dropped frames"),
            "value": str(round(lost)),
            "note": _("accepted in the last minute and not read"),
        },
        {
            "name": _("Queue depth"),
            "value": str(depths.get("frames", 0)),
            "note": _("tasks that wait in the broker; %(in_hand)d frames in workers' hands, %(mail)d tasks for mail")
            % {"in_hand": round(in_hand), "mail": depths.get("mail", 0)},
        },
        {
            "name": _("GPU memory"),
            "value": " + ".join(_memory(each) for each in memory) or (_("no GPU") if readers else _("unknown")),
            "note": _("used, by all programs on it")
            if memory
            else _("the workers read on processors")
            if readers
            else _("no worker is there to say"),
        },
    ]


def _state(report: Report) -> str:
    if not report.is_alive:
        return _("gone: silent for %(time)s") % {"time": _duration(report.age_seconds)}
    if report.is_web and not report.reads_frames:
        return _("starting") if report.up_seconds < LOADING_SECONDS else _("ended")
    return _("alive")


def _worker(report: Report) -> dict[str, Any]:
    threads = int(report.info.get("threads", 1))
    return {
        "name": report.name,
        "alive": report.is_alive and bool(report.queues),
        "state": _state(report),
        "embedded": report.is_web,
        "queues": ", ".join(report.queues) or _("none"),
        "reads_frames": report.reads_frames,
        "up": _duration(report.up_seconds),
        "model": report.info.get("model", ""),
        "backend": report.info.get("backend", ""),
        "threads": ngettext("%(n)d thread", "%(n)d threads", threads) % {"n": threads},
        "answered": _number(report.a_second("attune_frames_answered_total")),
        "p50": _seconds(latency(0.5, [report])),
        "p95": _seconds(latency(0.95, [report])),
        "batch": _number(_mean(report, "attune_batch_size")),
        "busy": f"{report.busy:.0%}",
        "pace": _seconds(report.gauges.get("attune_pace_seconds")),
        "waiting": round(report.gauges.get("attune_frames_waiting", 0)),
        "gpu": _memory(report.gpu_memory) if report.gpu_memory else _("no GPU"),
    }


def _web(report: Report) -> dict[str, str]:
    return {
        "name": report.name,
        "up": _duration(report.up_seconds),
        "taken": _number(report.a_second("attune_frames_taken_total accepted")),
        "refused": _number(report.a_second("attune_frames_taken_total refused")),
    }


def _mean(report: Report, histogram: str) -> float:
    many = report.counts.get(f"{histogram}_count", 0)
    return report.counts.get(f"{histogram}_sum", 0) / many if many else 0.0


def _number(value: float) -> str:
    return formats.number_format(value, 1 if value < 100 else 0)


def _seconds(value: float | None) -> str:
    if value is None:
        return _("no frames")
    if math.isinf(value):
        return _("more than 3 s")
    if value < 1:
        return _("%(n)d ms") % {"n": round(1000 * value)}
    return _("%(n)s s") % {"n": formats.number_format(value, 1)}


def _duration(seconds: float) -> str:
    if seconds < 90:
        return _("%(n)d s") % {"n": round(seconds)}
    if seconds < 90 * 60:
        return _("%(n)d min") % {"n": round(seconds / 60)}
    if seconds < 48 * 3600:
        return _("%(n)d h") % {"n": round(seconds / 3600)}
    return _("%(n)d days") % {"n": round(seconds / 86400)}


def _memory(used_and_total: tuple[float, float]) -> str:
    used, total = (formats.number_format(each / 2**30, 1) for each in used_and_total)
    return _("%(used)s of %(total)s GiB") % {"used": used, "total": total}
