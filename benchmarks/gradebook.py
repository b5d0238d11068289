r"""How long a full gradebook takes, beside that of a tenth of the class in the same run.

    python benchmarks/gradebook.py [--students 500] [--items 50] [--runs 7] [--wiring sqlite|postgres] [--json]

Half of the items are quizzes with an attempt of every student, half assignments with a released mark; three weighted
categories, each dropping its lowest. Timed in one process: the figures alone (`gradebook`), the mean of their totals,
for a course's home (`mean`), the page with its first screen of rows, and the CSV with all of them. The ratio is against
the small class: its queries must be as many.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.web import fill_grades, services

LIMIT_MS = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--students", type=int, default=500)
    parser.add_argument("--items", type=int, default=50)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--wiring", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.students < 10 or options.items < 6 or options.runs < 1:
        parser.error("--students is 10 or more, --items 6 or more, --runs 1 or more.")
    with services(options.wiring):
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        full, small = (fill(n, options.items) for n in (options.students, options.students // 10))
        report: dict[str, Any] = {"wiring": options.wiring, "students": options.students, "items": options.items}
        report["parts"] = {
            name: compare(ask(full), ask(small), options.runs)
            for name, ask in (
                ("figures", figures),
                ("mean", mean),
                ("page", page("gradebook/")),
                ("csv", page("gradebook.csv")),
            )
        }
    report["within_limit"] = all(part["ms"] < LIMIT_MS for part in report["parts"].values())
    report["constant_queries"] = all(part["queries"] == part["queries_small"] for part in report["parts"].values())
    report["load_average"] = round(os.getloadavg()[0], 1)
    if options.json:
        print(json.dumps(report, indent=2))
        return
    print(f"{options.students} students x {options.items} items, {options.wiring}, median of {options.runs}")
    print(f"{'':10}{'ms':>8}{'small':>8}{'ratio':>8}{'queries':>9}")
    for name, part in report["parts"].items():
        print(f"{name:10}{part['ms']:8}{part['ms_small']:8}{part['ratio']:7}x{part['queries']:9}")
    verdict = "yes" if report["within_limit"] else "NO"
    same = "yes" if report["constant_queries"] else "NO"
    print(f"Each under {LIMIT_MS} ms: {verdict}. Queries as many in the small class: {same}.")


def fill(students: int, items: int):
    """A course of its own with everybody's marks."""
    from accounts.models import User
    from courses.models import Course, Enrollment, GradeCategory, GradePlacement, Lesson, Module

    course = Course.objects.create(title=f"Class of {students}", slug=f"class-{students}", status="published")
    lesson = Lesson.objects.create(
        module=Module.objects.create(course=course, title="Module", position=1),
        title="Lesson",
        position=1,
        status="published",
    )
    people = User.objects.bulk_create(
        User(email=f"{course.slug}-{n}@example.org", display_name=f"Student {n}") for n in range(students)
    )
    teacher = User.objects.create(email=f"{course.slug}@example.org", is_staff=True)
    Enrollment.objects.bulk_create(
        [Enrollment(user=person, course=course) for person in people]
        + [Enrollment(user=teacher, course=course, role="instructor")]
    )
    keys = fill_grades(lesson, people, items)
    categories = [
        GradeCategory.objects.create(course=course, name=name, weight=weight, drop_lowest=1, position=p)
        for p, (name, weight) in enumerate((("Quizzes", 40), ("Work", 40), ("Exam", 20)), start=1)
    ]
    GradePlacement.objects.bulk_create(
        GradePlacement(course=course, key=key, category=categories[n % 3]) for n, key in enumerate(keys)
    )
    return course, teacher


def figures(filled) -> Callable[[], Any]:
    from courses.gradebook.selectors import gradebook

    return lambda: gradebook(filled[0])


def mean(filled) -> Callable[[], Any]:
    from courses.gradebook.selectors import mean_total

    return lambda: mean_total(filled[0])


def page(address: str) -> Callable[[Any], Callable[[], Any]]:
    def ask(filled) -> Callable[[], Any]:
        from django.test import Client

        course, teacher = filled
        client = Client(SERVER_NAME="localhost")
        logging.disable(logging.INFO)
        client.force_login(teacher, "django.contrib.auth.backends.ModelBackend")

        def get() -> None:
            answer = client.get(f"/courses/{course.slug}/{address}")
            if answer.status_code != 200:
                raise SystemExit(f"/courses/{course.slug}/{address} answers {answer.status_code}.")

        return get

    return ask


def compare(full: Callable[[], Any], small: Callable[[], Any], runs: int) -> dict[str, Any]:
    """Both in turn, so that a machine that slows down slows both."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    queries = []
    for task in (full, small):
        task()
        with CaptureQueriesContext(connection) as captured:
            task()
        queries.append(len(captured))
    times: list[list[float]] = [[], []]
    for _ in range(runs):
        for task, taken in zip((full, small), times, strict=True):
            began = time.perf_counter()
            task()
            taken.append(1000 * (time.perf_counter() - began))
    ms, ms_small = (round(statistics.median(taken), 1) for taken in times)
    return {
        "ms": ms,
        "ms_small": ms_small,
        "ratio": round(ms / ms_small, 1),
        "queries": queries[0],
        "queries_small": queries[1],
    }


if __name__ == "__main__":
    main()
