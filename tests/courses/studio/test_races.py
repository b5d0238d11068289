"""Several authors who change an order in the same moment: each move happens, and no row is lost or doubled."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from courses.models import Block, Lesson, Module
from courses.studio.services import move
from tests.factories import make_course

ROUNDS = 5


def at_once(*moves) -> None:
    """Each in a thread of its own, with a connection of its own, and from the same moment on."""
    start = Barrier(len(moves))

    def carry_out(wanted):
        try:
            start.wait(10)
            move(**wanted)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(moves)) as pool:
        for done in [pool.submit(carry_out, wanted) for wanted in moves]:
            done.result(60)


def order(rows) -> list[str]:
    """Their titles in order; positions run from 1 without a gap."""
    found = list(rows.order_by("position").values_list("position", "title"))
    assert [position for position, _ in found] == list(range(1, len(found) + 1))
    return [title for _, title in found]


@pytest.mark.django_db(transaction=True)
def test_of_two_moves_at_once_neither_is_lost():
    lesson = Lesson.objects.for_course(make_course(blocks=0)).first()
    for _ in range(ROUNDS):
        lesson.blocks.all().delete()
        parts = [Block.objects.create(lesson=lesson, title=str(n), position=n) for n in range(1, 7)]
        at_once({"row": parts[5], "before": parts[0].pk}, {"row": parts[0], "before": None})
        # One after the other, in whichever order they came.
        assert "".join(order(lesson.blocks)) in ("623451", "234561")


@pytest.mark.django_db(transaction=True)
def test_many_moves_at_once_between_modules_keep_every_lesson():
    first = make_course(lessons=6, blocks=0).modules.get()
    second = Module.objects.create(course=first.course, title="Second", position=2)
    lessons = list(first.lessons.order_by("position"))
    titles = sorted(lesson.title for lesson in lessons)
    for number in range(ROUNDS):
        here, there = (first, second) if number % 2 else (second, first)
        at_once(
            *({"row": lesson, "before": None, "module": here} for lesson in lessons[:3]),
            {"row": lessons[3], "before": lessons[0].pk, "module": there},
            {"row": lessons[4], "before": None},
        )
        assert sorted([*order(first.lessons), *order(second.lessons)]) == titles
        assert {lesson.title for lesson in lessons[:3]} <= set(order(here.lessons))
        for lesson in lessons:
            lesson.refresh_from_db()
