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

from benchmarks.history_rows import LESSONS, READINGS_A_SESSION, fill_lesson, make_faces, make_people  # noqa: E402

LIMIT_MS = 100
PLACE = "place"


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
