"""How long the instructor's lesson view takes over a large class, and over one a tenth of its size.

    python benchmarks/dashboards.py [--readings 10000000] [--wiring sqlite|postgres] [--calls 20] [--json]

Both sides run one after the other, each in a database of its own, filled as benchmarks/history.py fills it: one course
of 20 lessons that up to a thousand students took, at a reading a second. Timed is the whole page, as a signed-in
instructor gets it, after the class histories were put together. `same` says whether the medians lie within 20 %.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import history  # noqa: E402

LIMIT_MS, TOLERANCE = 200, 0.2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--readings", type=int, default=10_000_000)
    parser.add_argument("--wiring", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one-side", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    smallest = 100 * history.LESSONS * history.READINGS_A_SESSION
    if options.one_side:
        print(json.dumps(measure(options.readings, options.wiring, options.calls)))
        return
    if options.readings < smallest:
        parser.error(f"--readings is {smallest} or more: a tenth of it is still ten students in every lesson.")
    sides = [one_side(readings, options) for readings in (options.readings, options.readings // 10)]
    ratio = sides[0]["median_ms"] / sides[1]["median_ms"]
    report = {
        "wiring": options.wiring,
        "sides": sides,
        "ratio": round(ratio, 2),
        "same": abs(ratio - 1) <= TOLERANCE and sides[0]["queries"] == sides[1]["queries"],
        "within_limit": sides[0]["p95_ms"] < LIMIT_MS,
        "load_average": round(os.getloadavg()[0], 1),
    }
    if options.json:
        print(json.dumps(report, indent=2))
        return
    for side in sides:
        print("  " + ", ".join(f"{name} {value:,}" for name, value in side.items()))
    print(
        f"Ratio {report['ratio']}, within 20 %: {'yes' if report['same'] else 'NO'}. "
        f"p95 under {LIMIT_MS} ms: {'yes' if report['within_limit'] else 'NO'}. Load average {report['load_average']}."
    )


def one_side(readings: int, options: argparse.Namespace) -> dict[str, Any]:
    """In a process of its own: Django's settings know one database."""
    command = [sys.executable, __file__, "--one-side", "--readings", str(readings)]
    command += ["--wiring", options.wiring, "--calls", str(options.calls)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"The side with {readings:,} readings failed.")
    return json.loads(done.stdout.splitlines()[-1])


def measure(readings: int, wiring: str, calls: int) -> dict[str, Any]:
    """The page's time in milliseconds, and its queries, in a fresh database of so many readings."""
    with history.database(wiring, None):
        import django

        django.setup()
        filled = history.fill(readings, say=False)
        from django.db import connection
        from django.test import Client

        from accounts.models import User
        from courses.models import Lesson
        from emotion.class_history import put_together_class_histories

        put_together_class_histories()
        client = Client(SERVER_NAME="localhost")
        teacher = User.objects.get(email="teacher@attune.example")
        client.force_login(teacher, backend="django.contrib.auth.backends.ModelBackend")
        addresses = [f"/lessons/{lesson.pk}/climate/" for lesson in Lesson.objects.in_course_order()]

        def read(n: int) -> None:
            response = client.get(addresses[n % len(addresses)])
            assert response.status_code == 200 and b"students together" in response.content, addresses[n]

        read(0)  # templates and prepared statements, as in a server that has run for a minute
        asked: list[str] = []

        def note(execute, sql, params, many, context):
            asked.append(sql)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            read(1)
        times = sorted(history.milliseconds(lambda n=n: read(n))[0] for n in range(calls))
        return {
            "readings": filled["EmotionReading"],
            "buckets": filled["EmotionBucket"],
            "median_ms": round(statistics.median(times), 1),
            "p95_ms": round(times[math.ceil(0.95 * len(times)) - 1], 1),
            "queries": len(asked),
        }


if __name__ == "__main__":
    main()
