"""Where the rows of a research export come from. The columns, in the same order, are in tables.py.

A student's rows come in the order of time, a few at a time: a course's history may be longer than memory.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from courses.models import Block, Course, Progress, QuizAttempt
from emotion.core.labels import COUNTED_STATES, EXPRESSIONS
from emotion.models import EmotionBucket, SelfReport, SupportEvent
from emotion.research.pseudonyms import Pseudonyms
from emotion.selectors import BUCKET_SECONDS, COUNTS

AT_ONCE = 2000
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Member:
    """A student in an export. What was before `since` stays out; `first_day` is day 0 of the course."""

    user_id: int
    course_id: int
    camera: bool
    history: bool
    since: datetime.datetime
    first_day: datetime.date
    names: Pseudonyms

    @property
    def name(self) -> str:
        return self.names.of("student", self.user_id)

    @property
    def in_course(self) -> Q:
        return Q(user=self.user_id, lesson__module__course=self.course_id)

    def day(self, at: datetime.datetime | None) -> int | None:
        """The day of the course; None for what was before the consent, and for what was not."""
        if at is None or at < self.since:
            return None
        return (at.astimezone(datetime.UTC).date() - self.first_day).days


def material_rows(course: Course) -> Iterator[Row]:
    blocks = Block.with_removed.filter(lesson__module__course=course)
    order = ("lesson__module__position", "lesson__module_id", "lesson__position", "lesson_id", "position", "pk")
    columns = ("lesson_id", "pk", "lesson__title", "title", "kind", "lesson__edition", "removed_at")
    for number, row in enumerate(_in_pieces(blocks.order_by(*order), *columns), start=1):
        lesson, block, *told, removed_at = row
        yield lesson, block, number, *told, removed_at is not None


def student_rows(member: Member) -> Iterator[Row]:
    yield member.name, member.day(member.since), member.camera, member.history


def progress_rows(member: Member) -> Iterator[Row]:
    own = Progress.objects.filter(member.in_course, last_seen_at__gte=member.since).order_by("started_at", "pk")
    for lesson, *moments in _in_pieces(own, "lesson_id", "started_at", "completed_at", "last_seen_at"):
        yield member.name, lesson, *(member.day(at) for at in moments)


def quiz_rows(member: Member) -> Iterator[Row]:
    own = QuizAttempt.objects.submitted().filter(
        user=member.user_id, quiz__block__lesson__module__course=member.course_id, started_at__gte=member.since
    )
    columns = ("quiz__block__lesson_id", "quiz__block_id", "number", "expired")
    result = ("started_at", "submitted_at", "score_percent", "quiz__pass_percent")
    for *told, began, ended, score, passes_at in _in_pieces(own.order_by("started_at", "pk"), *columns, *result):
        minutes = round((ended - began).total_seconds() / 60)
        yield member.name, *told, member.day(began), minutes, score, score >= passes_at


def self_report_rows(member: Member) -> Iterator[Row]:
    own = SelfReport.objects.filter(member.in_course, at__gte=member.since).order_by("at", "pk")
    columns = ("lesson_id", "block_number", "edition", "place_seconds", "at", "state")
    for lesson, block, edition, seconds, at, state in _in_pieces(own, *columns):
        yield member.name, lesson, block or None, edition, _in_tens(seconds), member.day(at), state


def bucket_rows(member: Member) -> Iterator[Row]:
    if not member.history:
        return
    own = EmotionBucket.objects.filter(
        session__user=member.user_id,
        session__lesson__module__course=member.course_id,
        session__started_at__gte=member.since,
    ).order_by("session__started_at", "session_id", "minute", "pk")
    of_session = ("session_id", "session__started_at", "session__mode", "session__lesson_id")
    of_place = ("minute", "block_number", "edition", "place")
    heads = len(of_session) + len(of_place)
    for row in _in_pieces(own, *of_session, *of_place, *COUNTS, *EXPRESSIONS, *COUNTED_STATES):
        session, began, mode, lesson, at, block, edition, place = row[:heads]
        counts = row[heads:][: len(COUNTS)]
        sums = row[heads + len(COUNTS) :][: len(EXPRESSIONS)]
        states = row[heads + len(COUNTS) + len(EXPRESSIONS) :]
        minute = int((at - began.replace(second=0, microsecond=0)).total_seconds()) // 60
        means = [round(total / counts[0], 3) if counts[0] else None for total in sums]
        here = (lesson, block or None, edition, place * BUCKET_SECONDS, member.day(began), max(0, minute), mode)
        yield member.name, member.names.of("session", session), *here, *counts, *means, *states


def prompt_rows(member: Member) -> Iterator[Row]:
    own = SupportEvent.objects.filter(member.in_course, at__gte=member.since).order_by("at", "pk")
    where = ("lesson_id", "block_number", "edition", "place_seconds", "at")
    what = ("rule_id", "state", "rule__action", "randomised", "held_out")
    after = ("answered_right_next", "stayed", "reported_better")
    for row in _in_pieces(own, *where, "confidence", "response", *what, *after):
        lesson, block, edition, seconds, at, confidence, response, *told = row
        here = (lesson, block or None, edition, _in_tens(seconds), member.day(at))
        yield member.name, *here, round(confidence, 2), response or None, *told


def _in_pieces(rows: QuerySet, *columns: str) -> Iterator[Row]:
    return rows.values_list(*columns).iterator(chunk_size=AT_ONCE)


def _in_tens(seconds: float) -> int:
    return int(seconds // BUCKET_SECONDS) * BUCKET_SECONDS
