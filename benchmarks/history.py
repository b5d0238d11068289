"""How long an emotion history takes to read, and a reading to prune, with ten million readings in the table.

    python benchmarks/history.py [--readings 10000000] [--wiring sqlite|postgres] [--calls 20] [--json]

One course of 20 lessons that a thousand students took, each lesson once, at a reading a second: the largest class there
is, and all rows are its own. Each history is read as pages and REST read it, from the sums of ten seconds, and for the
ratio once the naive way, from the raw readings; both sides have to say the same. `--keep FOLDER` (SQLite) or
`--keep postgres://...` leaves the filled database there and finds it again.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import functools
import json
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

LESSONS, BLOCKS, READINGS_A_SESSION = 20, 3, 500
FACES = 997  # different faces; a prime, so that no two students show them in step
LIMIT_MS = 100
PLACE = "place"

# One statement for each lesson, in the order in which a lecture hall would have written the rows.
FILL_READINGS = """
WITH RECURSIVE seconds(second) AS (SELECT 0 UNION ALL SELECT second + 1 FROM seconds WHERE second < {length} - 1)
INSERT INTO emotion_emotionreading
    (session_id, sequence, taken_at, block_number, edition, place_seconds, outcome, {names}, latency_ms)
SELECT s.id, second, {taken_at}, {first_block} + second * {blocks} / {length}, 1,
    second % (({length} + {blocks} - 1) / {blocks}), f.outcome, {face_names}, 40
FROM seconds CROSS JOIN emotion_lessonsession s
JOIN bench_face f ON f.n = (s.user_id * 31 + second * 7 + second / 60 * 13) % {faces}
WHERE s.lesson_id = {lesson}
ORDER BY second
"""
FILL_BUCKETS = """
INSERT INTO emotion_emotionbucket
    (session_id, block_number, edition, place, minute, faces, no_face, several_faces, unclear, {names}, engaged, unsure)
SELECT r.session_id, block_number, edition, CAST(place_seconds AS integer) / 10 AS place, {minute} AS minute,
    sum(CASE outcome WHEN 'face' THEN 1 ELSE 0 END), sum(CASE outcome WHEN 'no_face' THEN 1 ELSE 0 END),
    sum(CASE outcome WHEN 'several_faces' THEN 1 ELSE 0 END), sum(CASE outcome WHEN 'unclear' THEN 1 ELSE 0 END),
    {sums}, 1, 0
FROM emotion_emotionreading r JOIN emotion_lessonsession s ON s.id = r.session_id
WHERE s.lesson_id = {lesson}
GROUP BY 1, 2, 3, 4, 5 ORDER BY 5, 4
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--readings", type=int, default=10_000_000)
    parser.add_argument("--wiring", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--keep", metavar="FOLDER|URL", help="a database to fill, or filled before; it is left there")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.readings < 10 * LESSONS * READINGS_A_SESSION:
        parser.error(f"--readings is {10 * LESSONS * READINGS_A_SESSION} or more: ten students who took every lesson.")
    with database(options.wiring, options.keep):
        import django

        django.setup()
        report = {"wiring": options.wiring, **fill(options.readings, say=not options.json)}
        report["histories"] = time_histories(options.calls, say=not options.json)
        report["prune"] = time_prune(say=not options.json)
    report["load_average"] = round(os.getloadavg()[0], 1)  # above the number of cores, all times are too long
    report["within_limit"] = all(row["p95_ms"] < LIMIT_MS for row in report["histories"].values())
    if options.json:
        print(json.dumps(report, indent=2))
    else:
        verdict = "yes" if report["within_limit"] else "NO"
        print(f"Every p95 under {LIMIT_MS} ms: {verdict}. Load average {report['load_average']}.")


@contextlib.contextmanager
def database(wiring: str, keep: str | None) -> Iterator[None]:
    """Point the settings at a database of its own."""
    from tests.services import postgres_service

    os.environ["DJANGO_SETTINGS_MODULE"] = "lms.settings"
    os.environ["ATTUNE_LOG_LEVEL"] = "warning"
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="attune-history-"))
        if wiring == "postgres":
            os.environ["DATABASE_URL"] = keep or stack.enter_context(postgres_service()).url
        elif keep:
            folder = keep
        os.environ["ATTUNE_DATA_DIR"] = folder
        yield
        from django.db import connection

        connection.close()


def fill(readings: int, *, say: bool) -> dict[str, Any]:
    """Everything up to `readings`, in bulk; nothing where it is there already. Returns how many, and the seconds."""
    from django.core.management import call_command
    from django.db import connection

    from courses.models import Lesson
    from emotion.models import EmotionBucket, EmotionReading, LessonSession

    started = time.monotonic()
    call_command("migrate", verbosity=0)
    if not LessonSession.objects.exists():
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:  # a file that nobody else reads, and is made anew when this fails
                cursor.execute("PRAGMA journal_mode = OFF")
                cursor.execute("PRAGMA synchronous = OFF")
                cursor.execute("PRAGMA cache_size = -1000000")
        make_people(students=readings // (LESSONS * READINGS_A_SESSION))
        make_faces()
        for number, lesson in enumerate(Lesson.objects.in_course_order(), 1):
            fill_lesson(lesson)
            if say:
                print(f"  lesson {number} of {LESSONS} filled, {time.monotonic() - started:.0f} s", flush=True)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        connection.close()  # and open it again as a server does
    counts = {model.__name__: model.objects.count() for model in (LessonSession, EmotionReading, EmotionBucket)}
    report = {**counts, "gigabytes": round(size() / 1e9, 2), "fill_seconds": round(time.monotonic() - started)}
    if say:
        print(", ".join(f"{name} {value:,}" for name, value in report.items()), flush=True)
    return report


def make_people(*, students: int) -> None:
    from django.utils import timezone

    from accounts.models import User
    from courses.models import Block, Course, Enrollment, Lesson, Module
    from emotion.models import Consent, LessonSession
    from emotion.policy import state_gate

    state_gate(jurisdiction="demonstration", institution="own-machine", purpose="evaluation", stated_by="a benchmark")
    course = Course.objects.create(title="Large", slug="large", status="published")
    module = Module.objects.create(course=course, title="All of it")
    for position in range(1, LESSONS + 1):
        lesson = Lesson.objects.create(module=module, title=f"Lesson {position}", position=position, status="published")
        for number in range(1, BLOCKS + 1):
            Block.objects.create(lesson=lesson, title=f"Part {number}", position=number)
    teacher = User.objects.create_user("teacher@attune.example", is_staff=True)
    Enrollment.objects.create(user=teacher, course=course, role="instructor")
    people = User.objects.bulk_create(User(email=f"s{n}@attune.example", password="!") for n in range(students))
    Enrollment.objects.bulk_create(Enrollment(user=user, course=course) for user in people)
    consents = Consent.objects.bulk_create(
        Consent(user=user, course=course, camera=True, history=True, share_with_instructor=number % 2 == 0)
        for number, user in enumerate(people)
    )
    # The last hour of lecture ends now: all of it within the 24 hours that readings are kept.
    now = timezone.now().replace(microsecond=0)
    for number, lesson in enumerate(Lesson.objects.in_course_order()):
        start = now - datetime.timedelta(minutes=60 * (LESSONS - number))
        LessonSession.objects.bulk_create(
            (
                LessonSession(
                    user=c.user, lesson=lesson, consent=c, started_at=start + datetime.timedelta(seconds=n % 90)
                )
                for n, c in enumerate(consents)
            ),
            batch_size=2000,
        )


def make_faces() -> None:
    """A table of faces to draw from: eight probabilities, or none."""
    import random

    from django.db import connection

    from emotion.core.labels import EXPRESSIONS

    dice = random.Random(1)
    rows = []
    for n in range(FACES):
        outcome = "face" if n % 12 else ("no_face", "several_faces", "unclear")[n // 12 % 3]
        weights = [dice.random() ** 4 for _ in EXPRESSIONS]
        shares = [weight / sum(weights) for weight in weights] if outcome == "face" else [None] * len(EXPRESSIONS)
        rows.append([n, outcome, *shares])
    with connection.cursor() as cursor:
        columns = ", ".join(f"{name} double precision" for name in EXPRESSIONS)
        cursor.execute(f"CREATE TABLE bench_face (n integer PRIMARY KEY, outcome varchar(13), {columns})")
        cursor.executemany(f"INSERT INTO bench_face VALUES ({', '.join(['%s'] * (2 + len(EXPRESSIONS)))})", rows)


def fill_lesson(lesson) -> None:
    from django.db import connection

    from emotion.core.labels import EXPRESSIONS

    sqlite = connection.vendor == "sqlite"
    values = {
        "length": READINGS_A_SESSION,
        "blocks": BLOCKS,
        "faces": FACES,
        "lesson": lesson.pk,
        "first_block": lesson.blocks.first().pk,
        "names": ", ".join(EXPRESSIONS),
        "face_names": ", ".join(f"f.{name}" for name in EXPRESSIONS),
        "sums": ", ".join(f"coalesce(sum({name}), 0)" for name in EXPRESSIONS),
        "taken_at": "datetime(s.started_at, second || ' seconds')"
        if sqlite
        else "s.started_at + second * interval '1 second'",
        "minute": "strftime('%Y-%m-%d %H:%M:00', taken_at)" if sqlite else "date_trunc('minute', taken_at)",
    }
    with connection.cursor() as cursor:
        cursor.execute(FILL_READINGS.format(**values))
        cursor.execute(FILL_BUCKETS.format(**values))


def size() -> int:
    from django.db import connection

    if connection.vendor == "sqlite":
        return Path(connection.settings_dict["NAME"]).stat().st_size
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return cursor.fetchone()[0]


def milliseconds(call: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = call()
    return 1000 * (time.perf_counter() - started), result


@dataclass
class History:
    """A way to read a history: `read(n)` as the platform does it, for the n-th student or lesson; and what the raw
    readings say of it, as `answer` gives it for comparison."""

    read: Callable[[int], Any]
    naive: Callable[[int], Any] | None = None
    answer: Callable[[Any], Any] | None = None


def time_histories(calls: int, *, say: bool) -> dict[str, dict[str, float]]:
    """{what: {"median_ms", "p95_ms", "naive_ms", "ratio"}}, after the class histories were put together."""
    from emotion.class_history import put_together_class_histories
    from emotion.models import ClassHistory

    if not ClassHistory.objects.filter(points__isnull=False).exists():
        taken, count = milliseconds(put_together_class_histories)
        if say:
            print(f"{count} class histories put together, {taken / count:.0f} ms each", flush=True)
    report = {}
    for what, history in histories().items():
        history.read(0)  # templates and prepared statements, as in a server that has run for a minute
        times = sorted(milliseconds(functools.partial(history.read, n))[0] for n in range(calls))
        row = {"median_ms": statistics.median(times), "p95_ms": times[math.ceil(0.95 * len(times)) - 1]}
        if history.naive:
            row["naive_ms"], raw = milliseconds(functools.partial(history.naive, 1))
            row["ratio"] = row["naive_ms"] / row["median_ms"]
            assert_same(what, history.answer(history.read(1)), raw)
        report[what] = {name: round(value, 1) for name, value in row.items()}
        if say:
            print(f"  {what:32}" + "".join(f" {name} {value:,}" for name, value in report[what].items()), flush=True)
    return report


def histories() -> dict[str, History]:
    from django.test import Client

    from accounts.models import User
    from courses.models import Course, Lesson
    from emotion import selectors
    from emotion.models import EmotionReading

    course = Course.objects.get(slug="large")
    lessons = list(Lesson.objects.in_course_order())
    students = list(User.objects.filter(enrollments__role="student").order_by("pk")[:200])

    def lesson(n: int) -> Lesson:
        return lessons[(n + 1) % len(lessons)]  # the second first: pruning takes its rows from the first

    def student(n: int) -> User:
        return students[n * 7 % len(students)]

    def sign_in(user: User) -> Client:
        client = Client(SERVER_NAME="localhost")
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    learner, teacher = sign_in(student(1)), sign_in(User.objects.get(email="teacher@attune.example"))

    def get(client: Client, address: str) -> Callable[[int], Any]:
        def read(n: int) -> bytes:
            response = client.get(address.format(lesson=lesson(n).pk, course=course.pk))
            assert response.status_code == 200, (address, response.status_code)
            return b"".join(response) if response.streaming else response.content

        return read

    raw = EmotionReading.objects.order_by()
    own = "/api/v1/me/emotion-history/?{name}={{{name}}}"
    return {
        "own lesson": History(
            lambda n: selectors.own_timeline(user=student(n), lesson=lesson(n)),
            lambda n: naive(raw.filter(session__user=student(n), session__lesson=lesson(n)), "block_number", PLACE),
            lambda timeline: {(p["block"], p["seconds"] // 10): p for p in timeline["points"]},
        ),
        "own course": History(
            lambda n: selectors.own_course(user=student(n), course=course),
            lambda n: naive(raw.filter(session__user=student(n)), "session__lesson"),
            lambda entries: {(entry["lesson"],): entry for entry in entries},
        ),
        "class, lesson": History(
            lambda n: selectors.class_timeline(lesson=lesson(n)),
            lambda n: naive(raw.filter(session__lesson=lesson(n)), "block_number", PLACE),
            lambda timeline: {(p["block"], p["seconds"] // 10): p for p in timeline["points"]},
        ),
        "class, course": History(
            lambda n: selectors.class_course(course=course),
            lambda n: naive(raw.filter(session__lesson__module__course=course), "session__lesson"),
            lambda entries: {(entry["lesson"],): entry for entry in entries},
        ),
        "GET own lesson": History(get(learner, own.format(name="lesson"))),
        "GET own lesson, CSV": History(get(learner, own.format(name="lesson") + "&format=csv")),
        "GET own course": History(get(learner, own.format(name="course"))),
        "GET class, lesson": History(get(teacher, "/api/v1/lessons/{lesson}/emotion/")),
        "GET class, lesson, CSV": History(get(teacher, "/api/v1/lessons/{lesson}/emotion/?format=csv")),
        "GET class, course": History(get(teacher, "/api/v1/courses/{course}/emotion/")),
        "page: own lesson": History(get(learner, "/lessons/{lesson}/history/")),
        "page: own course": History(get(learner, "/courses/large/history/")),
        "page: class, lesson (admin)": History(get(teacher, "/admin/emotion/lessonclimate/{lesson}/change/")),
    }


def naive(readings, *by: str) -> dict[tuple, dict[str, Any]]:
    """The same from the raw readings: {(lesson,) or (block, place): counts and mean expressions}."""
    from django.db.models import Avg, Count, IntegerField, Q
    from django.db.models.functions import Cast, Floor

    from emotion.core.labels import EXPRESSIONS

    if PLACE in by:
        readings = readings.annotate(place=Cast(Floor("place_seconds"), IntegerField()) / 10)
    rows = readings.values(*by).annotate(
        students=Count("session__user", distinct=True),
        faces=Count("pk", filter=Q(outcome="face")),
        **{f"mean_{name}": Avg(name) for name in EXPRESSIONS},
    )
    return {
        tuple(row[name] for name in by): {
            "faces": row["faces"],
            "expressions": {name: row[f"mean_{name}"] for name in EXPRESSIONS},
        }
        for row in rows
    }


def assert_same(what: str, kept: dict[tuple, dict], raw: dict[tuple, dict]) -> None:
    """Figures are only worth comparing where both sides say the same; pruning leaves fewer of the first lesson."""
    assert kept.keys() == raw.keys() and kept, f"{what}: {len(kept)} places from buckets, {len(raw)} from readings."
    for key in sorted(kept)[1:]:
        assert kept[key]["faces"] == raw[key]["faces"], (what, key)
        for name, value in (kept[key]["expressions"] or {}).items():
            assert abs(value - raw[key]["expressions"][name]) < 1e-3, (what, key, name)


def time_prune(*, say: bool, rows: int = 30_000) -> dict[str, float]:
    """Prune the oldest `rows`, as a server does each hour: rows/s, and how long one batch keeps others waiting."""
    from django.db import connection
    from django.utils import timezone

    from emotion.models import EmotionReading
    from emotion.services import prune_readings

    limit = EmotionReading.objects.order_by("taken_at").values_list("taken_at", flat=True)[rows]
    statements: dict[str, list[float]] = {"SELECT": [], "DELETE": []}

    def watch(execute, sql, params, many, context):
        taken, result = milliseconds(lambda: execute(sql, params, many, context))
        statements.get(sql.split()[0], []).append(taken)
        return result

    with connection.execute_wrapper(watch):
        taken, deleted = milliseconds(lambda: prune_readings(older_than=timezone.now() - limit))
    report = {
        "rows": deleted,
        "rows_per_second": round(1000 * deleted / taken),
        "batches": len(statements["DELETE"]),
        "find_median_ms": round(statistics.median(statements["SELECT"]), 1),
        "find_most_ms": round(max(statements["SELECT"]), 1),
        "delete_median_ms": round(statistics.median(statements["DELETE"]), 1),
        "delete_most_ms": round(max(statements["DELETE"]), 1),
    }
    if say:
        print("  prune: " + ", ".join(f"{name} {value:,}" for name, value in report.items()), flush=True)
    return report


if __name__ == "__main__":
    main()
