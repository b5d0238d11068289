"""How long the instructor's lesson view takes over a large class, and over one a tenth of its size.

    python benchmarks/dashboards.py [--readings 10000000] [--wiring sqlite|postgres] [--calls 60] [--json]

Both sides take turns of a few pages, each with a database of its own, filled as benchmarks/history.py fills it: one
course of 20 lessons that up to a thousand students took, at a reading a second. Timed is the whole page, as a signed-in
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
AT_ONCE = 4  # pages of one side before the other has its turn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--readings", type=int, default=10_000_000)
    parser.add_argument("--wiring", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--calls", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one-side", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    smallest = 100 * history.LESSONS * history.READINGS_A_SESSION
    if options.one_side:
        serve_side(options.readings, options.wiring)
        return
    if options.readings < smallest:
        parser.error(f"--readings is {smallest} or more: a tenth of it is still ten students in every lesson.")
    sides = measure(
        [Side(readings, options.wiring) for readings in (options.readings, options.readings // 10)], options
    )
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


class Side:
    """A database of its own size in a process of its own: Django's settings know one database."""

    def __init__(self, readings: int, wiring: str) -> None:
        command = [sys.executable, __file__, "--one-side", "--readings", str(readings), "--wiring", wiring]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.filled = self._hear()
        self.times: list[float] = []

    def read(self, first: int, calls: int) -> None:
        """So many pages, from this one on."""
        assert self._process.stdin
        self._process.stdin.write(f"{first} {calls}\n")
        self._process.stdin.flush()
        self.times += self._hear()

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def _hear(self) -> Any:
        assert self._process.stdout
        if line := self._process.stdout.readline():
            return json.loads(line)
        sys.exit("One side failed.")


def measure(sides: list[Side], options: argparse.Namespace) -> list[dict[str, Any]]:
    """In turn, a few pages each, so that whatever else the machine does meets both."""
    for first in range(0, options.calls, AT_ONCE):
        for side in sides:
            side.read(first, min(AT_ONCE, options.calls - first))
    for side in sides:
        side.close()
    return [
        {
            **{name: side.filled[name] for name in ("readings", "buckets")},
            "median_ms": round(statistics.median(side.times), 1),
            "p95_ms": round(sorted(side.times)[math.ceil(0.95 * len(side.times)) - 1], 1),
            "queries": side.filled["queries"],
        }
        for side in sides
    ]


def serve_side(readings: int, wiring: str) -> None:
    """Fill a fresh database with so many readings and say so; then time the page for each line that asks for some."""
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
        facts = {"readings": filled["EmotionReading"], "buckets": filled["EmotionBucket"], "queries": len(asked)}
        print(json.dumps(facts), flush=True)
        for line in sys.stdin:
            first, calls = map(int, line.split())
            times = [history.milliseconds(lambda n=n: read(n))[0] for n in range(first, first + calls)]
            print(json.dumps(times), flush=True)


if __name__ == "__main__":
    main()
