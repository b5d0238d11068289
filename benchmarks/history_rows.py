"""The rows that benchmarks/history.py reads: a course, its thousand students and their readings, in bulk."""

from __future__ import annotations

import datetime

LESSONS, BLOCKS, READINGS_A_SESSION = 20, 3, 500
FACES = 997  # different faces; a prime, so that no two students show them in step

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
