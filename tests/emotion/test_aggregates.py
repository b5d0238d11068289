"""An instructor who looks at any time, with every filter, and subtracts: docs/privacy/aggregates.md in tests.

Each student leaves a power of two, so that a sum that is published says whose data is in it. Students who were always
in or out together, over all looks, are told apart by no sum of looks, however weighted: they are a cell, and each cell
has to have five students whom the instructor knows nothing else of.
"""

import contextlib
import datetime
from collections import defaultdict
from collections.abc import Iterable

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from courses.models import Cohort, Enrollment
from emotion import class_now, comparison, consents, selectors, services
from emotion.behaviour import keep_first_rewinds
from emotion.class_history import put_together_class_histories
from emotion.comparison import Side, compare
from emotion.core import crowd
from emotion.models import BehaviourEvent, ClassHistory, Consent, EmotionBucket, LessonSession, SelfReport, SupportEvent
from emotion.self_reports import class_said
from emotion.support import add_starter_rules
from tests.emotion.factories import make_bucket, make_consent, make_session, this_minute
from tests.emotion.test_rules import RULE
from tests.factories import enroll, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store", "told")]

MOST = 30  # data that can be told apart: powers of two in a database's integer
SEARCH = settings(
    max_examples=40,
    database=None,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
SOME = st.sets(st.integers(0, 23), min_size=1, max_size=9)


class World:
    """A class, as its students make it. `self.known` are the data of those who share theirs."""

    def __init__(self, lesson) -> None:
        self.lesson = lesson
        self.students: dict[int, object] = {}
        self.sessions: dict[int, LessonSession] = {}
        self.data: dict[int, int] = {}  # student: the power of two that they leave
        self.known: set[int] = set()
        self.given = 0

    def session_of(self, number: int) -> LessonSession | None:
        """The session of a student, who joins by it; every fifth shares. None without consent, or for too many."""
        if number not in self.students:
            self.students[number] = make_user(f"number{number}")
            enroll(self.students[number], self.lesson.course)
            make_consent(self.students[number], self.lesson.course, share=number % 5 == 0)
        if number not in self.sessions:
            if self.given == MOST or not self.consents.filter(user=self.students[number]).exists():
                return None
            self.sessions[number] = make_session(self.students[number], self.lesson)
            self.data[number] = self.given
            if number % 5 == 0:
                self.known.add(self.given)
            self.given += 1
        return self.sessions[number]

    def read(self, students: Iterable[int], place: int, *, at: datetime.datetime, judged: bool = True) -> None:
        for number in students:
            if session := self.session_of(number):
                weight = 2 ** self.data[number]
                key = {"session": session, "place": place, "minute": at, "block_number": self.block.pk, "edition": 1}
                values = {"faces": weight, "happiness": weight, "engaged": weight * judged}
                EmotionBucket.objects.get_or_create(**key, defaults=values)

    @property
    def consents(self):
        return Consent.objects.in_force()

    @property
    def block(self):
        return self.lesson.blocks.first()

    def erase(self, number: int) -> None:
        if number in self.students:
            services.erase_history(user=self.students[number])
            self.sessions.pop(number, None)  # who comes back leaves other data

    def withdraw(self, number: int) -> None:
        if number in self.students:
            consents.withdraw_consent(user=self.students[number], course=self.lesson.course)

    def leave(self, number: int) -> None:
        if number in self.students:
            Enrollment.objects.filter(user=self.students[number]).update(status="withdrawn")

    def move(self, number: int, cohort) -> None:
        if number in self.students:
            Enrollment.objects.filter(user=self.students[number]).update(cohort=cohort)


def members(total: float) -> frozenset[int]:
    return frozenset(bit for bit in range(MOST) if int(total) >> bit & 1)


def assert_no_cell_tells_of_fewer_than_five(looks: Iterable[frozenset[int]], known: set[int]) -> None:
    looks = [look for look in dict.fromkeys(looks) if look]
    cells: dict[tuple[bool, ...], set[int]] = defaultdict(set)
    for each in set().union(*looks):
        cells[tuple(each in look for look in looks)].add(each)
    for cell in cells.values():
        assert crowd.hides(cell, known), (sorted(cell), [sorted(look) for look in looks])


def steps(**more):
    """What happens to a class: the reading of some, who comes in by it; somebody's act; a look."""
    acts = {name: st.tuples(st.just(name), st.integers(0, 23)) for name in ("erase", "withdraw", "leave")}
    reads = st.tuples(st.just("read"), SOME, st.integers(0, 1), st.sampled_from([0, 3, 10, 20]), st.booleans())
    return st.lists(st.one_of(reads, reads, reads, *acts.values(), *more.values(), st.just(("look",))), max_size=25)


def play(world: World, step: tuple) -> None:
    act, *rest = step
    if act == "read":
        students, place, ago, judged = rest
        world.read(students, place, at=this_minute() - datetime.timedelta(minutes=ago), judged=judged)
    elif act != "look":
        getattr(world, act)(*rest)


@contextlib.contextmanager
def rolled_back():
    """Each example starts from the same database."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_no_looks_at_a_history_can_be_put_together_to_tell_of_fewer_than_five(lesson):
    @SEARCH
    @given(steps())
    def check(happens):
        with rolled_back():
            world = World(lesson)
            seen, judged = defaultdict(list), defaultdict(list)
            for step in [*happens, ("look",)]:
                play(world, step)
                if step != ("look",):
                    ClassHistory.objects.update(due=True)  # as if the minute were over at each step
                    put_together_class_histories()
                for point in selectors.class_timeline(lesson=lesson)["points"]:
                    seen[point["seconds"]].append(members(point["faces"]))
                    judged[point["seconds"]].append(members(point["windows"]))
            for looks in (*seen.values(), *judged.values()):
                assert_no_cell_tells_of_fewer_than_five(looks, world.known)

    check()


def test_so_it_is_while_nothing_was_put_together_yet(lesson):
    """A look at a page before the minute is over adds up the buckets itself."""

    @SEARCH
    @given(steps())
    def check(happens):
        with rolled_back():
            world = World(lesson)
            looks = defaultdict(list)
            for step in happens:
                play(world, step)
                for point in selectors.class_timeline(lesson=lesson)["points"]:
                    looks[point["seconds"]].append(members(point["faces"]))
            for each in looks.values():
                assert_no_cell_tells_of_fewer_than_five(each, world.known)

    check()


def test_no_comparisons_of_editions_and_cohorts_can_be_put_together_either(lesson, monkeypatch):
    """Of each part, editions and cohorts together; who was let in is read where it is counted."""
    counted = []
    let_in = comparison.let_in
    monkeypatch.setattr(comparison, "let_in", lambda **about: counted.append(let_in(**about)) or counted[-1])
    yesterday = timezone.now() - datetime.timedelta(days=1)
    moves = {"move": st.tuples(st.just("move"), st.integers(0, 23), st.integers(0, 1))}
    of_each = st.lists(st.sampled_from([None, 0, 1]), min_size=24, max_size=24)

    @SEARCH
    @given(steps(**moves), of_each)
    def check(happens, cohorts_of):
        with rolled_back():
            world = World(lesson)
            cohorts = [Cohort.objects.create(course=lesson.course, name=name) for name in ("Spring", "Autumn")]
            sides = [Side(f"cohort {cohort.pk}", cohort.name) for cohort in cohorts]
            looks, whose = defaultdict(list), {}
            for step in happens:
                if step[0] == "read":
                    world.read(step[1], step[2], at=yesterday)
                    for number in step[1] & world.students.keys():
                        cohort = cohorts_of[number]
                        world.move(number, None if cohort is None else cohorts[cohort])
                else:
                    play(world, step if step[0] != "move" else ("move", step[1], cohorts[step[2]]))
                LessonSession.objects.update(started_at=yesterday)
                data = {session.pk: world.data[number] for number, session in world.sessions.items()}
                buckets = EmotionBucket.objects.filter(session__in=data).values_list("pk", "session")
                whose |= {pk: data[session] for pk, session in buckets}
                counted.clear()
                told = compare(lesson=lesson, first=sides[0], second=sides[1], state="confused")
                compare(lesson=lesson, first=Side("edition 1", ""), second=sides[0], state="confused")
                for what, rows in counted[0].items():
                    looks[what].append(frozenset(whose[row] for row in rows))
                    for cohort in cohorts:
                        looks[what].append(frozenset(whose[row] for row, kind in rows.items() if kind == cohort.pk))
                of_first = [r for what, r in counted[0].items() if what.endswith(f" {world.block.pk}")]
                for cohort, count in zip(cohorts, (told[0].first, told[0].second), strict=True):
                    assert (count.judged if count else 0) == sum(k == cohort.pk for r in of_first for k in r.values())
            for each in looks.values():
                assert_no_cell_tells_of_fewer_than_five(each, world.known)

    check()


def test_no_two_looks_at_a_running_class_are_apart_by_fewer_than_five(lesson, course):
    @SEARCH
    @given(steps())
    def check(happens):
        with rolled_back():
            world = World(lesson)
            memory, looks = class_now.new_memory(), []
            sharing = set()
            now = datetime.datetime.now().timestamp()
            for second, step in enumerate(happens):
                if step[0] == "read":
                    world.read(step[1], step[2], at=this_minute(), judged=step[4])
                    sharing |= {world.students[n].pk for n in step[1] if n in world.students and n % 5 == 0}
                elif step[0] == "leave" and step[1] in world.sessions:
                    services.end_session(session=world.sessions.pop(step[1]))
                else:
                    play(world, step)
                said = class_now.look(course.pk, memory, now + second / 1000)
                if said["status"] == "shown":
                    assert said["cameras"] == len(memory["shown"])
                    looks.append(frozenset(memory["shown"]))
            for number, one in enumerate(looks):
                assert crowd.hides(one, sharing)
                for other in looks[:number]:
                    assert one == other or crowd.hides(one ^ other, sharing), (one, other)

    check()


def test_no_answers_to_how_is_this_going_can_be_put_together(lesson):
    """Whoever erases theirs takes the group along: two looks at what was said differ by groups."""
    answers = st.tuples(st.just("say"), st.integers(0, 15), st.sampled_from(["confused", "bored", "engaged"]))
    erasures = st.tuples(st.just("erase"), st.integers(0, 15))

    @SEARCH
    @given(st.lists(st.one_of(answers, answers, erasures), max_size=60))
    def check(happens):
        with rolled_back():
            users = {}
            former = class_said(lesson)[0]
            for act, number, *state in happens:
                user = users.setdefault(number, None) or make_user(f"sayer{number}")
                users[number] = user
                if act == "say":
                    SelfReport.objects.create(user=user, lesson=lesson, state=state[0])
                else:
                    SelfReport.objects.filter(user=user).delete()
                said = class_said(lesson)[0]
                changed = abs((said.answers or 0) - (former.answers or 0))
                assert changed == 0 or changed >= crowd.SMALLEST
                if not changed:
                    assert said == former
                former = said

    check()


# Four students


def pages(course, lesson, ines) -> dict[str, bytes]:
    """All that tells of a class, as its instructor gets it: without the frame, and what is different each time."""
    client = Client()
    client.force_login(ines)
    found = {
        name: client.get(reverse(f"emotion:{name}", args=[of])).content.partition(b"<main")[2]
        for name, of in (
            ("climate", lesson.pk),
            ("compare", lesson.pk),
            ("said", lesson.pk),
            ("rules", course.slug),
            ("calibration", course.slug),
            ("live", course.slug),
        )
    }
    found["course"] = client.get(course.get_absolute_url()).content.partition(b"<main")[2]
    found["teaching"] = client.get(f"/courses/{course.slug}/teaching/").content.partition(b"<main")[2]
    preview = client.post(reverse("emotion:new-rule", args=[course.slug]), {**RULE, "preview": "1"})
    found["preview"] = preview.content.partition(b'id="preview"')[2]
    for form in ("json", "csv"):
        for address in (f"/api/v1/lessons/{lesson.pk}/emotion/", f"/api/v1/courses/{course.pk}/emotion/"):
            answer = client.get(address, {"format": form})
            found[f"{address} {form}"] = b"".join(answer) if answer.streaming else answer.content
    admin = client.get(reverse("admin:emotion_lessonclimate_change", args=[lesson.pk]))
    found["admin"] = admin.content.partition(b'id="content')[2]
    found["now"] = repr(class_now.look(course.pk, class_now.new_memory(), timezone.now().timestamp())).encode()
    return {name: b"\n".join(line for line in text.splitlines() if b"csrf" not in line) for name, text in found.items()}


def test_of_four_consenting_students_nothing_is_published_anywhere(course, lesson, ines):
    """Every page, table and message is the same as if the four had never been read, had said and done nothing."""
    four = [make_user(f"one-of-four-{number}") for number in range(4)]
    rule = add_starter_rules("confused")[0]
    week = timezone.now() - datetime.timedelta(days=7)
    for student in four:
        enroll(student, course)
        make_consent(student, course)
    before = pages(course, lesson, ines)
    assert all(before.values()), [name for name, text in before.items() if not text]
    for student in four:
        session = make_session(student, lesson)
        for at in (this_minute(), this_minute() - datetime.timedelta(minutes=20), week):
            for place in range(12):
                make_bucket(session, place=place, minute=at, confused=1, fear=10)
        LessonSession.objects.filter(pk=session.pk).update(started_at=week)
        what = {"user": student, "lesson": lesson, "block_number": lesson.blocks.first().pk}
        SelfReport.objects.create(state="confused", features={"fear": 1.0}, **what)
        keep_first_rewinds([BehaviourEvent.objects.create(kind="rewind", **what)])
        SupportEvent.objects.create(rule=rule, state="confused", confidence=1, at=week, **what)
    put_together_class_histories()
    assert pages(course, lesson, ines) == before
