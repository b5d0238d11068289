"""How long students wait for an answer, by how many there are; and what the pipeline costs beside the engine.

    python benchmarks/live.py [--students 25 50 100 200 400] [--seconds 20] [--wiring embedded|production] [--json]
    python benchmarks/live.py --capacity          how many students get 99 % of their answers, and p95 under 250 ms;
                                                  then six minutes at 60 % of that, and at twice that
    python benchmarks/live.py --soak 600          production wiring at --students, a worker killed each minute
    python benchmarks/live.py --efficiency        the pipeline's frames/s over the bare engine's, on one core each

Each student has a WebSocket and sends a frame of a moving face a second, one in flight, as the page does; with --obey
at the pace that the server asks for. The server runs in a process of its own, with `production` beside a worker, a
Redis-protocol server and PostgreSQL; all of it on this machine, and so is this client, whose processor time is reported
apart.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from websockets.asyncio.client import connect

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.pictures import as_new  # noqa: E402
from tests.services import AttuneServer, attune_server, postgres_service, redis_service  # noqa: E402

GIVE_UP_SECONDS = 10
ARRIVING_SECONDS = 3  # all students connect at once: what is sent meanwhile is counted, but not in times and speeds
SETTLING_SECONDS = 60  # memory grows until each has sent some frames; how much it does is told from there on
MAKE_STUDENTS = """
import json, sys
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from courses.models import Course, Enrollment, Lesson
from emotion.models import Consent, LessonSession
course = Course.objects.get(slug="calm-statistics")
lesson = Lesson.objects.filter(module__course=course).first()
made = []
for number in range({count}):
    user = get_user_model().objects.create_user(email=f"load{{number}}@attune.example", password=None)
    Enrollment.objects.create(user=user, course=course)
    consent = Consent.objects.create(user=user, course=course, camera=True, history=True)
    session = LessonSession.objects.create(user=user, lesson=lesson, consent=consent)
    store = SessionStore()
    store["_auth_user_id"] = str(user.pk)
    store["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    store["_auth_user_hash"] = user.get_session_auth_hash()
    store.create()
    made.append([store.session_key, str(session.pk)])
print("STUDENTS " + json.dumps(made))
"""


@dataclass
class Tally:
    began: float = field(default_factory=time.monotonic)
    sent: int = 0
    waits: list[float] = field(default_factory=list)  # seconds from sent to answered
    fates: dict[str, int] = field(default_factory=dict)
    answered_students: set[int] = field(default_factory=set)
    errors: int = 0


def make_clip(count: int = 60) -> list[bytes]:
    """Frames of a face as the page sends them, 480x360 at quality 70. It sways, nears and tilts from each to the next
    as the "usual" student of benchmarks/tracking.py does (scikit-image's astronaut: NASA, public domain)."""
    from skimage import data

    photograph = cv2.resize(data.astronaut()[:300, 30:430, ::-1], (480, 360), interpolation=cv2.INTER_AREA)
    draw, clip = np.random.default_rng(0), []
    place, near = np.zeros(2), 1.0
    for _ in range(count):
        place = np.clip(place + draw.normal(0, 9, 2), -50, 50)  # pixels; the face is 110 wide
        near = float(np.clip(near * (1 + draw.normal(0, 0.03)), 0.85, 1.2))
        turn = cv2.getRotationMatrix2D((240, 180), draw.normal(0, 3), near)
        turn[:, 2] += place
        frame = cv2.warpAffine(photograph, turn, (480, 360), borderMode=cv2.BORDER_REPLICATE)
        frame = np.clip(frame * (1 + draw.normal(0, 0.05)), 0, 255).astype(np.uint8)
        clip.append(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 70])[1].tobytes())
    return clip


def make_students(server: AttuneServer, environment: dict[str, str], count: int) -> list[list[str]]:
    command = [sys.executable, str(ROOT / "manage.py"), "shell", "-v0", "-c", MAKE_STUDENTS.format(count=count)]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    line = next((line for line in done.stdout.splitlines() if line.startswith("STUDENTS ")), None)
    if line is None:
        raise SystemExit(f"The students could not be made: {done.stderr[-2000:]}")
    return json.loads(line.removeprefix("STUDENTS "))


async def student(
    number: int, url: str, keys: list[str], clip: list[bytes], until: float, pace: float, obey: bool, t: Tally
):
    cookie, session = keys
    address = f"{url.replace('http', 'ws')}/ws/lesson-sessions/{session}/"
    await asyncio.sleep(random.random() * pace)
    sequence = int(time.time() * 10) % 2_000_000_000
    try:
        async with connect(
            address, additional_headers={"Cookie": f"sessionid={cookie}"}, origin=url, compression=None
        ) as socket:
            await socket.recv()
            while time.monotonic() < until:
                sequence += 1
                head = json.dumps({"sequence": sequence}).encode()
                started = time.monotonic()
                t.sent += 1
                jpeg = as_new(clip[(7 * number + sequence) % len(clip)], sequence)
                await socket.send(len(head).to_bytes(2, "big") + head + jpeg)
                while True:
                    message = json.loads(await asyncio.wait_for(socket.recv(), GIVE_UP_SECONDS))
                    if message.get("sequence") == sequence and message["type"] != "accepted":
                        break
                waited = time.monotonic() - started
                t.fates[message["type"]] = t.fates.get(message["type"], 0) + 1
                if message["type"] == "reading":
                    if started - t.began > ARRIVING_SECONDS:
                        t.waits.append(waited)
                    t.answered_students.add(number)
                if obey and "pace_ms" in message:
                    pace = message["pace_ms"] / 1000
                await asyncio.sleep(max(0.0, pace - waited))
    except Exception:
        t.errors += 1


async def crowd(url: str, keys: list[list[str]], clip: list[bytes], seconds: float, pace: float, obey: bool) -> Tally:
    tally = Tally()
    until = time.monotonic() + seconds
    await asyncio.gather(*(student(n, url, k, clip, until, pace, obey, tally) for n, k in enumerate(keys)))
    return tally


def resident_megabytes(server: AttuneServer) -> float:
    total = 0.0
    for process in (server.process, server.worker):
        if process:
            with contextlib.suppress(OSError):
                pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
                total += pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    return total


def measure(
    server: AttuneServer, keys: list[list[str]], clip: list[bytes], seconds: float, pace: float, obey: bool
) -> dict:
    memory, used = [resident_megabytes(server)], resource.getrusage(resource.RUSAGE_SELF)
    settled = threading.Timer(SETTLING_SECONDS, lambda: memory.append(resident_megabytes(server)))
    settled.start()
    started = time.monotonic()
    tally = asyncio.run(crowd(server.url, keys, clip, seconds, pace, obey))
    settled.cancel()
    taken = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    waits = sorted(tally.waits)
    return {
        "students": len(keys),
        "sent": tally.sent,
        **{fate: tally.fates.get(fate, 0) for fate in ("reading", "dropped", "refused")},
        "unaccounted": tally.sent - sum(tally.fates.values()),
        "errors": tally.errors,
        "students_answered": len(tally.answered_students),
        "frames_per_second": round(len(waits) / max(1.0, taken - ARRIVING_SECONDS), 1),
        "p50_ms": round(1000 * statistics.median(waits)) if waits else None,
        "p95_ms": round(1000 * waits[int(0.95 * (len(waits) - 1))]) if waits else None,
        "client_cpu_share": round((after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime) / taken, 2),
        "memory_growth_mb": round(resident_megabytes(server) - memory[-1], 1),
    }


def capacity(server: AttuneServer, keys: list[list[str]], clip: list[bytes], seconds: float, show) -> dict:
    """By halves: the most students with hardly a frame dropped and 95 % of the answers within a quarter of a second."""
    low, high, curve = 0, len(keys), []
    while high - low > max(5, low // 10):
        count = high if not curve else (low + high) // 2
        row = measure(server, keys[:count], clip, seconds, 1.0, False)
        curve.append(row)
        show(row)
        good = row["reading"] >= 0.99 * row["sent"] and row["p95_ms"] <= 250 and not row["errors"]
        low, high = (count, high) if good else (low, count)
        if low == len(keys):
            break
    at_60 = measure(server, keys[: max(1, round(0.6 * low))], clip, SETTLING_SECONDS + 300, 1.0, False)
    show(at_60)
    twice = measure(server, keys[: min(len(keys), 2 * low)], clip, SETTLING_SECONDS + 30, 1.0, False)
    show(twice)
    return {"capacity_students": low, "at_60_percent": at_60, "at_twice": twice, "curve": curve}


def soak(server: AttuneServer, keys: list[list[str]], clip: list[bytes], seconds: float) -> dict:
    """Kill the worker each minute and bring it back; then every frame sent must have had one fate."""
    from concurrent.futures import ThreadPoolExecutor

    kills, until = 0, time.monotonic() + seconds
    with ThreadPoolExecutor(1) as pool:
        row = pool.submit(measure, server, keys, clip, seconds, 1.0, False)
        # Here, in the main thread: a child ends with the thread that started it.
        while time.monotonic() < until - 60:
            time.sleep(60)
            server.kill_worker()
            kills += 1
            server.bring_worker_back()
        figures = row.result()
    time.sleep(1)
    sessions = ", ".join(f"'{session}'" for _, session in keys)
    [(stored,)] = server.rows(f"SELECT count(*) FROM emotion_emotionreading WHERE session_id IN ({sessions})")
    return {
        **figures,
        "worker_kills": kills,
        "readings_stored": stored,
        "counts_add_up": figures["unaccounted"] == 0 and figures["errors"] == 0 and stored >= figures["reading"],
    }


@contextlib.contextmanager
def running(wiring: str, count: int):
    """(server, keys of its students)."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="attune-live-")))
        addresses = {}
        if wiring == "production":
            addresses["redis_url"] = stack.enter_context(redis_service()).url + "0"
            addresses["database_url"] = stack.enter_context(postgres_service()).url
        server = stack.enter_context(attune_server(folder / "data", **addresses))
        environment = {**os.environ, "ATTUNE_DATA_DIR": str(folder / "data"), "ATTUNE_TESTING": "1"}
        for name, value in addresses.items():
            environment[name.upper()] = value
        yield server, make_students(server, environment, count)


def efficiency(clip: list[bytes], students: int, seconds: float) -> dict:
    """The server on the first core, this client on the second; then the bare engine on the first. More frames are
    offered than answered, or else the figure would be the client's."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise SystemExit("This needs two cores: one for the server, one for the client.")
    os.sched_setaffinity(0, {cores[0]})  # what the server inherits
    with running("embedded", students) as (server, keys):
        os.sched_setaffinity(0, {cores[1]})
        measure(server, keys, clip, 5, 0.5, False)
        through = measure(server, keys, clip, seconds, 0.5, False)
    os.sched_setaffinity(0, {cores[0]})
    import torch

    from emotion.inference.engine import Engine

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    engine = Engine(ROOT / "checkpoints" / "attune", device="cpu")
    engine.warm_up()
    count, started = 0, time.monotonic()
    while time.monotonic() - started < seconds:
        # Of as many sessions and each with its frames in turn, so that it follows faces as in the pipeline.
        turn, group = divmod(count // 16, -(-students // 16))
        some = range(16 * group, 16 * group + 16)
        engine.predict([clip[(7 * number + turn) % len(clip)] for number in some], [str(number) for number in some])
        count += 16
    bare = count / (time.monotonic() - started)
    return {
        "pipeline_frames_per_second": through["frames_per_second"],
        "engine_frames_per_second": round(bare, 1),
        "pipeline_efficiency": round(through["frames_per_second"] / bare, 2),
        "offered_frames_per_second": 2 * students,
        "backend": engine.backend.label,
        "pipeline": through,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, nargs="+", default=[25, 50, 100, 200, 400])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--pace", type=float, default=1.0, help="seconds between two frames of a student")
    parser.add_argument("--obey", action="store_true", help="follow the pace that the server asks for")
    parser.add_argument("--wiring", choices=("embedded", "production"), default="embedded")
    parser.add_argument("--efficiency", action="store_true")
    parser.add_argument("--capacity", action="store_true")
    parser.add_argument("--soak", type=float, metavar="SECONDS")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not 0 < max(options.students) <= 1000 or not 0 < options.seconds <= 900:
        raise SystemExit("At most 1000 students and 900 seconds.")
    clip = make_clip()

    def show(row: dict) -> None:
        if not options.json:
            print(", ".join(f"{name.replace('_', ' ')} {value}" for name, value in row.items()), flush=True)

    if options.efficiency:
        figures: dict = efficiency(clip, max(options.students), options.seconds)
    elif options.capacity:
        with running(options.wiring, max(options.students)) as (server, keys):
            measure(server, keys[:10], clip, 3, 1.0, False)
            figures = capacity(server, keys, clip, options.seconds, show)
    elif options.soak:
        with running("production", options.students[0]) as (server, keys):
            figures = soak(server, keys, clip, options.soak)
            show(figures)
    else:
        curve = []
        with running(options.wiring, max(options.students)) as (server, keys):
            measure(server, keys[:10], clip, 3, 1.0, False)
            for count in options.students:
                row = measure(server, keys[:count], clip, options.seconds, options.pace, options.obey)
                curve.append(row)
                show(row)
        figures = {"wiring": options.wiring, "frame_bytes": round(statistics.mean(map(len, clip))), "curve": curve}
    if options.json:
        print(json.dumps(figures))
    elif options.efficiency:
        print(", ".join(f"{n.replace('_', ' ')} {v}" for n, v in figures.items() if n != "pipeline"))
    if not figures.get("counts_add_up", True):
        raise SystemExit("The counts do not add up: some frame that was sent has no fate, or an answer is not kept.")


if __name__ == "__main__":
    main()
