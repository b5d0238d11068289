r"""How long the learning pages take on a school's database, beside Django's bare "hello" in the same run.

    python benchmarks/web.py [--students 5000] [--seconds 30] [--rate 20] [--wiring sqlite|postgres] \
        [--processes 2] [--keep FOLDER] [--only NAME ...] [--json]

200 courses of 25 lessons; each student in 20 of them, with 20 lessons begun in each: with 5,000 students 100,000
enrollments and two million rows of progress. The instructor's first course has 20 graded items, half of them quizzes,
half assignments, with a mark of each of its students (500). The real server is asked at a fixed rate, whether or not
it keeps up, by students and an instructor in turn, so waiting counts. The ratio is a page's median against the bare
view's. `sqlite` is the embedded wiring: one process for everything. `postgres` is the production wiring, with Redis and
--processes web processes asked in turn. --keep leaves the filled database in a
folder, and takes it from there next time.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

GRADED_ITEMS = 20  # in the course whose gradebook is asked for
COURSES, MODULES, LESSONS_A_MODULE, COURSES_A_STUDENT, LESSONS_BEGUN = 200, 5, 5, 20, 20
VISITORS = 40  # people whose requests take turns
LIMIT_MS = 100
MODEL_LOADS_SECONDS = 15  # in the embedded wiring, beside the first pages
HELLO = """
import django
from django.conf import settings
settings.configure(SECRET_KEY="x" * 50, ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"], MIDDLEWARE=[])
django.setup()
from django.core.asgi import get_asgi_application
from django.http import HttpResponse
from django.urls import path
urlpatterns = [path("", lambda request: HttpResponse("hello"))]
application = get_asgi_application()
"""
FILL_PROGRESS = """
INSERT INTO courses_progress (user_id, lesson_id, started_at, last_seen_at, completed_at)
SELECT e.user_id, l.id, e.created_at, e.created_at, CASE WHEN (e.user_id + l.id) % 3 > 0 THEN e.created_at END
FROM courses_enrollment e JOIN courses_module m ON m.course_id = e.course_id JOIN courses_lesson l ON l.module_id = m.id
WHERE e.role = 'student' AND (m.position - 1) * {lessons} + l.position <= {begun}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--students", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=30, help="for each page")
    parser.add_argument("--rate", type=float, default=20, help="requests a second")
    parser.add_argument("--wiring", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--processes", type=int, default=2, help="with postgres")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the filled database stays for the next run")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these pages only")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.processes < 1:
        parser.error("--processes is 1 or more.")
    if options.students < VISITORS or options.rate <= 0 or options.seconds <= 0:
        parser.error(f"--students is {VISITORS} or more, --rate and --seconds are above 0.")
    with services(options.wiring, options.keep) as (folder, urls):
        report: dict[str, Any] = {"wiring": options.wiring, **fill(options.students, say=not options.json)}
        cookies, pages = sign_in()
        if options.only:
            pages = {name: page for name, page in pages.items() if name in options.only}
        with hello_server(folder) as port:
            bare = ask([port], [("/", "")] * VISITORS, options)
        report["hello"] = bare
        if not options.json:
            print(f"{'':20}{'p50 ms':>8}{'p95 ms':>8}\n" + line("bare hello", bare), flush=True)
        with web_processes(folder, urls, options.processes if urls else 1) as ports:
            report["processes"], report["pages"] = len(ports), {}
            time.sleep(MODEL_LOADS_SECONDS)
            for name, (who, paths) in pages.items():
                asked = [(path, cookies[who][i % len(cookies[who])]) for i, path in enumerate(paths)]
                row = ask(ports, asked, options)
                report["pages"][name] = row | {"ratio": round(row["p50_ms"] / bare["p50_ms"], 1)}
                if not options.json:
                    print(line(name, report["pages"][name]), flush=True)
    report["within_limit"] = all(row["p95_ms"] < LIMIT_MS for row in report["pages"].values())
    report["load_average"] = round(os.getloadavg()[0], 1)
    if options.json:
        print(json.dumps(report, indent=2))
    else:
        verdict = "yes" if report["within_limit"] else "NO"
        print(f"Every p95 under {LIMIT_MS} ms: {verdict}. Load average {report['load_average']}.")


@contextlib.contextmanager
def services(wiring: str, keep: Path | None = None) -> Iterator[tuple[Path, dict[str, str]]]:
    """Point the settings at a database of its own: its folder, and in production's wiring the services' addresses."""
    from tests.services import postgres_service, redis_service

    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    os.environ |= {"DJANGO_SETTINGS_MODULE": "lms.settings", "ATTUNE_TESTING": "1"}
    with contextlib.ExitStack() as stack:
        if keep:
            folder = keep.resolve() / wiring
            folder.mkdir(parents=True, exist_ok=True)
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="attune-web-")))
        urls = {}
        if wiring == "postgres":
            urls["DATABASE_URL"] = stack.enter_context(postgres_service(keep and folder / "cluster")).url
            urls["REDIS_URL"] = stack.enter_context(redis_service()).url
        os.environ |= {"ATTUNE_DATA_DIR": str(folder), **urls}
        import django

        django.setup()
        yield folder, urls
        _let_go_of_database()


def _let_go_of_database() -> None:
    from django.db import connection

    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()


@contextlib.contextmanager
def web_processes(folder: Path, urls: dict[str, str], count: int) -> Iterator[list[int]]:
    """The ports of `count` servers with the demo's model and course; with Redis, an inference worker waits beside."""
    from tests.services import attune_server, free_port, stop, wait_until

    _let_go_of_database()  # which is copied, so that nobody may be in it
    server = attune_server(folder, redis_url=urls.get("REDIS_URL"), database_url=urls.get("DATABASE_URL"))
    with server as first, contextlib.ExitStack() as stack:
        ports = [int(first.url.rpartition(":")[2])]
        for _ in range(count - 1):
            port = free_port()
            with (folder / f"server-{port}.log").open("wb") as log:
                command = [sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(port)]
                process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
            stack.callback(stop, process)
            wait_until(lambda port=port: _connects(port), 60, "A web process", process)
            ports.append(port)
        yield ports


def fill(students: int, *, say: bool) -> dict[str, int]:
    from django.core.management import call_command

    from accounts.models import User
    from courses.models import Course, Enrollment, Lesson, Mark, Progress, QuizAttempt

    began = time.perf_counter()
    call_command("migrate", verbosity=0)
    if Course.objects.count() < COURSES:
        fill_tables(students)
    if not Mark.objects.exists():  # also in a kept folder from before there were marks
        taught = User.objects.get(email="teacher@example.org").enrollments.order_by("pk").first().course
        students_of_it = [row.user for row in taught.enrollments.filter(role="student").select_related("user")]
        fill_grades(Lesson.objects.for_course(taught).in_course_order().last(), students_of_it, GRADED_ITEMS)
    filled = {
        "courses": COURSES,
        "students": students,
        "enrollments": Enrollment.objects.count(),
        "progress": Progress.objects.count(),
        "marks": Mark.objects.count() + QuizAttempt.objects.count(),
    }
    if say:
        rows = ", ".join(f"{number:,} {name}" for name, number in filled.items())
        print(f"Filled in {time.perf_counter() - began:.0f} s: {rows}.")
    return filled


def fill_tables(students: int) -> None:
    from django.contrib.auth.hashers import make_password
    from django.db import connection

    from accounts.models import User
    from courses.models import Block, Course, Enrollment, Lesson, Module

    password = make_password(None)
    User.objects.create(email="teacher@example.org", password=password, is_staff=True)
    people = (
        User(email=f"student{n}@example.org", display_name=f"Student {n}", password=password) for n in range(students)
    )
    User.objects.bulk_create(people, batch_size=2000)
    courses = Course.objects.bulk_create(
        Course(title=f"Course {n}", slug=f"course-{n}", summary="What it is about.", status="published")
        for n in range(COURSES)
    )
    modules = Module.objects.bulk_create(
        Module(course=course, title=f"Module {p}", position=p) for course in courses for p in range(1, MODULES + 1)
    )
    lessons = Lesson.objects.bulk_create(
        Lesson(module=module, title=f"Lesson {module.position}.{p}", position=p, status="published")
        for module in modules
        for p in range(1, LESSONS_A_MODULE + 1)
    )
    Block.objects.bulk_create(
        [
            Block(lesson=lesson, title=f"Part {p}", body="Some **words** about it. " * 40, position=p)
            for lesson in lessons
            for p in (1, 2)
        ],
        batch_size=2000,
    )
    teacher = User.objects.get(email="teacher@example.org")
    ids = list(User.objects.filter(is_staff=False).order_by("pk").values_list("pk", flat=True))
    Enrollment.objects.bulk_create(
        [Enrollment(user=teacher, course=course, role="instructor") for course in courses[:20]]
    )
    step = COURSES // COURSES_A_STUDENT
    Enrollment.objects.bulk_create(
        [
            Enrollment(user_id=pk, course=courses[(n * 7 + k * step) % COURSES])
            for n, pk in enumerate(ids)
            for k in range(COURSES_A_STUDENT)
        ],
        batch_size=2000,
    )
    with connection.cursor() as cursor:
        cursor.execute(FILL_PROGRESS.format(lessons=LESSONS_A_MODULE, begun=LESSONS_BEGUN).replace("%", "%%"), [])
        cursor.execute("ANALYZE")


def fill_grades(lesson: Any, people: list[Any], items: int) -> list[str]:
    """So many quizzes and assignments at the end of the lesson, in turn, with an attempt or a released mark of each of
    these people. One in ten passes no quiz. Returns the items' keys in the gradebook."""
    from django.utils import timezone

    from courses.models import Assignment, Block, Mark, Quiz, QuizAttempt, Submission

    now, keys, end = timezone.now(), [], lesson.blocks.count()
    for n in range(items):
        kind = ("quiz", "assignment")[n % 2]
        block = Block.objects.create(lesson=lesson, kind=kind, title=f"{kind.title()} {n}", position=end + n + 1)
        if kind == "quiz":
            quiz, _ = Quiz.objects.get_or_create(block=block)
            question = quiz.questions.create(kind="numeric", prompt="6 x 7", number=42, position=1)
            QuizAttempt.objects.bulk_create(
                QuizAttempt(
                    user=person,
                    quiz=quiz,
                    layout=[[question.pk, [], 1]],
                    submitted_at=now,
                    points=quarters,
                    max_points=4,
                    score_percent=25 * quarters,
                )
                for i, person in enumerate(people)
                for quarters in [3 + (i + n) % 2 if i % 10 else (i // 10 + n) % 3]
            )
            keys.append(f"quiz-{quiz.pk}")
        else:
            work, _ = Assignment.objects.get_or_create(block=block, defaults={"points": 10})
            handed_in = Submission.objects.bulk_create(
                Submission(user=person, assignment=work, submitted_at=now) for person in people
            )
            Mark.objects.bulk_create(
                Mark(submission=row, points=(i + n) % 11, released_at=now) for i, row in enumerate(handed_in)
            )
            keys.append(f"assignment-{work.pk}")
    return keys


def sign_in() -> tuple[dict[str, list[str]], dict[str, tuple[str, list[str]]]]:
    """Sessions as cookies of the people who ask, and the pages: name -> (who asks, addresses)."""
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from accounts.models import User
    from courses.models import Enrollment, Lesson

    def cookie(user) -> str:
        session = import_module(settings.SESSION_ENGINE).SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        return f"sessionid={session.session_key}"

    students = list(User.objects.filter(is_staff=False).order_by("pk")[:VISITORS])
    teacher = User.objects.get(email="teacher@example.org")
    mine = [Enrollment.objects.filter(user=s).select_related("course").order_by("pk").first().course for s in students]
    lessons = [Lesson.objects.for_course(course).in_course_order().first().pk for course in mine]
    taught = teacher.enrollments.select_related("course").order_by("pk").first().course
    cookies = {"student": [cookie(s) for s in students], "teacher": [cookie(teacher)]}

    def each(path: str) -> list[str]:
        return [path.format(course=c.slug, lesson=pk, id=c.pk) for c, pk in zip(mine, lessons, strict=True)]

    return cookies, {
        "home": ("student", each("/home/")),
        "catalogue": ("student", each("/courses/")),
        "course": ("student", each("/courses/{course}/")),
        "lesson": ("student", each("/lessons/{lesson}/")),
        "grades": ("student", each("/courses/{course}/grades/")),
        "discussion": ("student", each("/lessons/{lesson}/discussion/")),
        "calendar": ("student", each("/calendar/")),
        "search": ("student", each("/search/?q=course")),
        "notifications": ("student", each("/notifications/")),
        "REST, courses": ("student", each("/api/v1/courses/")),
        "REST, progress": ("student", each("/api/v1/progress/")),
        "course home": ("teacher", [f"/courses/{taught.slug}/teaching/"]),
        "at risk": ("teacher", [f"/courses/{taught.slug}/at-risk/"]),
        "gradebook": ("teacher", [f"/courses/{taught.slug}/gradebook/"]),
        "admin, enrollments": ("teacher", ["/admin/courses/enrollment/"]),
    }


@contextlib.contextmanager
def hello_server(folder: Path) -> Iterator[int]:
    from tests.services import free_port, stop, wait_until

    (folder / "hello_site.py").write_text(HELLO)
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "hello_site:application", "--port", str(port), "--log-level", "error"]
    process = subprocess.Popen(command, cwd=folder)
    try:
        wait_until(lambda: _connects(port), 20, "The bare server", process)
        yield port
    finally:
        stop(process)


def _connects(port: int) -> bool:
    import socket

    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def ask(ports: list[int], requests: list[tuple[str, str]], options: argparse.Namespace) -> dict[str, float]:
    """Ask in turn at a fixed rate, each request from the moment it was due, on connections that stay open.

    It ends when the last is answered and half a second has passed, so no page waits for the one before it."""
    count, pace = int(options.rate * options.seconds), 1 / options.rate
    times: list[float] = []
    failures: list[str] = []
    numbers, lock = iter(range(count)), threading.Lock()
    start = time.perf_counter() + 0.2

    def visitor(port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            due = start + number * pace
            time.sleep(max(0.0, due - time.perf_counter()))
            path, cookie = requests[number % len(requests)]
            connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
            answer = connection.getresponse()
            answer.read()
            times.append(time.perf_counter() - due)
            if answer.status != 200:
                failures.append(f"{path}: {answer.status}")

    threads = [threading.Thread(target=visitor, args=[ports[i % len(ports)]]) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(0.5)
    if failures:
        raise SystemExit(f"{len(failures)} of {count} requests failed, such as {failures[0]}.")
    warm = sorted(times[min(len(times) // 4, int(2 * options.rate)) :])  # the first two seconds warm it up
    return {
        "requests": count,
        "p50_ms": round(1000 * statistics.median(warm), 1),
        "p95_ms": round(1000 * warm[int(0.95 * (len(warm) - 1))], 1),
    }


def line(name: str, row: dict[str, float]) -> str:
    ratio = f"{row['ratio']:7}x" if "ratio" in row else ""
    return f"{name:20}{row['p50_ms']:8}{row['p95_ms']:8}{ratio}"


if __name__ == "__main__":
    main()
