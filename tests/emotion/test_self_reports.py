"""What a class says of a lesson: each student once, by what they said first."""

import pytest

from emotion.models import SELF_REPORTED, SelfReport
from emotion.self_reports import class_said
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return [make_user(f"sayer{number}") for number in range(10)]


def say(lesson, users, state: str, block=None) -> None:
    for user in users:
        SelfReport.objects.create(user=user, lesson=lesson, state=state, block_number=block.pk if block else 0)


def test_who_says_more_counts_with_what_they_said_first(lesson, people):
    first, second = lesson.blocks.all()
    say(lesson, people[:3], "bored", first)
    say(lesson, people[3:6], "confused", first)
    say(lesson, people[:3], "engaged", second)
    say(lesson, people[3:6], "bored", second)
    say(lesson, people[:6], "delighted", second)
    together, *parts = class_said(lesson)
    assert (together.answers, together.states["bored"], together.states["engaged"]) == (12, 6, 3)
    assert [(part.title, part.answers, part.states["engaged"]) for part in parts] == [
        (first.title, 6, 0),
        (second.title, 6, 3),
    ]


def test_where_nearly_all_say_the_same_it_is_not_told_whether_all_do(lesson, people):
    """“10 of 10 bored” would tell it of each; so nothing tells ten from nine or eight, the sum of the parts neither."""
    first, second = lesson.blocks.all()
    say(lesson, people[:5], "engaged", second)
    say(lesson, people[5:], "bored", second)
    say(lesson, people[:8], "bored", first)
    say(lesson, people[8:], "confused", first)
    looks = []
    for _step in range(3):
        looks.append(class_said(lesson))
        SelfReport.objects.filter(pk=SelfReport.objects.filter(block_number=first.pk).last().pk).update(state="bored")
        SelfReport.objects.filter(block_number=first.pk, state="confused").update(state="bored")
    assert looks[0] == looks[1] == looks[2]
    together, of_first, of_second = looks[0]
    assert [of_first.told[SELF_REPORTED.index(state)] for state in ("bored", "confused")] == ["8 or more", "2 or fewer"]
    assert of_second.told[SELF_REPORTED.index("bored")] == 5
    told = [together.told[SELF_REPORTED.index(state)] for state in ("engaged", "bored", "confused")]
    assert told == ["5 or more", "13 or more", "2 or fewer"]


def test_all_parts_together_have_nothing_that_no_part_shows(lesson, people):
    """Nine answers less five of the first part would be the four of the second."""
    first, second = lesson.blocks.all()
    say(lesson, people[:5], "bored", first)
    say(lesson, people[5:9], "confused", second)
    together, *parts = class_said(lesson)
    assert (together.answers, together.states["confused"]) == (5, 0)
    assert [part.answers for part in parts] == [5, None]


def test_one_more_or_less_does_not_show(lesson, people):
    say(lesson, people[:2], "bored")
    say(lesson, people[2:4], "engaged")
    assert class_said(lesson)[0].states is None
    say(lesson, people[4:5], "confused")
    before = class_said(lesson)
    assert (before[0].answers, before[0].states["confused"]) == (5, 1)
    say(lesson, people[5:9], "confused")
    assert class_said(lesson) == before
    say(lesson, people[9:], "confused")
    assert class_said(lesson)[0].states["confused"] == 6


def test_an_erased_answer_takes_the_four_along_that_came_with_it(lesson, people):
    """Nine answers after ten would tell what the tenth was."""
    say(lesson, people[:5], "bored")
    class_said(lesson)
    say(lesson, people[5:], "confused")
    assert class_said(lesson)[0].states["bored"] == 5
    SelfReport.objects.filter(user=people[0]).delete()
    said = class_said(lesson)[0]
    assert (said.answers, said.states["bored"], said.states["confused"]) == (5, 0, 3)
