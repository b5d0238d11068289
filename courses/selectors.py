"""What the pages show, read in a fixed number of queries however long the course is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Q, Sum
from django.utils.safestring import SafeString

from accounts.models import User, Visitor
from courses import completion
from courses.blocks import BlockType, type_of
from courses.calendar.selectors import DueSoon, due_soon
from courses.markdown import render
from courses.models import Block, BlockProgress, Course, Enrollment, Lesson, Module, Progress
from courses.release.locks import Lock, locks_of, with_conditions


@dataclass
class OutlineLesson:
    lesson: Lesson
    progress: Progress | None
    number: int  # 1, 2, 3 through the whole course
    lock: Lock | None = None  # why it is closed to this person

    @property
    def state(self) -> str:
        if self.progress is None:
            return "new"
        return "done" if self.progress.is_complete else "started"

    @property
    def anchor(self) -> str:
        """Where the lesson was left, as the end of an address."""
        block = self.progress and not self.progress.is_complete and self.progress.last_block_id
        return f"#block-{block}" if block else ""


@dataclass
class Outline:
    course: Course
    lessons: list[OutlineLesson] = field(default_factory=list)

    @property
    def modules(self) -> list[tuple[Module, list[OutlineLesson]]]:
        modules: dict[int, tuple[Module, list[OutlineLesson]]] = {}
        for item in self.lessons:
            modules.setdefault(item.lesson.module_id, (item.lesson.module, []))[1].append(item)
        return list(modules.values())

    @property
    def total(self) -> int:
        return len(self.lessons)

    @property
    def done(self) -> int:
        return sum(item.state == "done" for item in self.lessons)

    @property
    def percent(self) -> int:
        return round(100 * self.done / self.total) if self.total else 0

    @property
    def next_lock(self) -> Lock | None:
        """What is waited for, when nothing is open and something is left."""
        if self.next_open:
            return None
        locks = [item.lock for item in self.lessons if item.lock and item.state != "done"]
        dated = [lock for lock in locks if lock.opens_at and not lock.after]
        return min(dated, key=lambda lock: lock.opens_at, default=next(iter(locks), None))

    @property
    def minutes(self) -> int:
        return sum(item.lesson.minutes for item in self.lessons)

    @property
    def is_started(self) -> bool:
        return any(item.progress for item in self.lessons)

    @property
    def next_open(self) -> OutlineLesson | None:
        """Where to go on: the lesson seen last if unfinished, else the first unfinished open one after it."""
        seen = [(item.progress.last_seen_at, -place) for place, item in enumerate(self.lessons) if item.progress]
        start = -max(seen)[1] if seen else 0
        from_there = self.lessons[start:] + self.lessons[:start]
        return next((item for item in from_there if item.state != "done" and not item.lock), None)

    def item(self, lesson: Lesson) -> OutlineLesson | None:
        return next((item for item in self.lessons if item.lesson.pk == lesson.pk), None)

    def neighbour(self, lesson: Lesson, step: int) -> Lesson | None:
        place = next((i for i, item in enumerate(self.lessons) if item.lesson.pk == lesson.pk), None)
        if place is None or not 0 <= place + step < self.total:
            return None
        return self.lessons[place + step].lesson


def outlines(
    user: Visitor, courses: Iterable[Course], *, with_drafts: bool = False, with_locks: bool = True
) -> dict[int, Outline]:
    """Course id -> outline with this person's progress. Two queries for any number of courses, and up to four more
    where lessons have dates or prerequisites."""
    found = {course.pk: Outline(course) for course in courses}
    lessons = (
        with_conditions(Lesson.objects.filter(module__course__in=found))
        .select_related("module")
        .annotate(has_quiz=Exists(Block.objects.filter(lesson=OuterRef("pk"), kind=Block.Kind.QUIZ)))
        .in_course_order()
    )
    if not with_drafts:
        lessons = lessons.published()
    # By the lessons' ids, not by way of their courses: with millions of rows the database would else walk through
    # everybody's progress in these lessons.
    mine = Progress.objects.filter(user_id=user.pk, lesson__in=[lesson.pk for lesson in lessons])
    progress = {row.lesson_id: row for row in mine} if user.pk else {}
    locks = locks_of(user, lessons, progress) if with_locks else {}
    for lesson in lessons:
        outline = found[lesson.module.course_id]
        lesson.module.course = outline.course
        item = OutlineLesson(lesson, progress.get(lesson.pk), outline.total + 1, locks.get(lesson.pk))
        outline.lessons.append(item)
    return found


def outline(user: Visitor, course: Course, *, with_drafts: bool = False) -> Outline:
    return outlines(user, [course], with_drafts=with_drafts)[course.pk]


@dataclass
class CatalogueCard:
    """A course in the catalogue: how long it is, and for those who take it how far they are."""

    course: Course
    total: int
    minutes: int
    done: int | None  # None for those who do not take it

    @property
    def percent(self) -> int:
        return round(100 * (self.done or 0) / self.total) if self.total else 0


def catalogue_cards(user: Visitor, courses: Iterable[Course]) -> list[CatalogueCard]:
    """Three queries for any number of courses, and no lesson is read: the database counts them."""
    courses = list(courses)
    mine: dict[int, int] = {}
    if user.pk:
        shown = [course.pk for course in courses]
        taken = Enrollment.objects.active().filter(user=user, course__in=shown).values_list("course", flat=True)
        went = _went(user) if taken else {}
        mine = {pk: went[pk].done if pk in went else 0 for pk in taken}
    return _cards(courses, mine)


@dataclass(frozen=True)
class Went:
    """How far somebody got in a course."""

    seen_at: datetime
    done: int  # published lessons


def _went(user: User) -> dict[int, Went]:
    """Course id -> how far this person got, of each course they ever opened. One query, by the person alone: were the
    courses named too, the database would walk through everybody's progress there."""
    done = Q(completed_at__isnull=False, lesson__status="published")
    rows = (
        Progress.objects.filter(user=user)
        .order_by()
        .values_list("lesson__module__course")
        .annotate(seen_at=Max("last_seen_at"), done=Count("pk", filter=done))
    )
    return {pk: Went(seen_at, done) for pk, seen_at, done in rows}


def _cards(courses: list[Course], mine: Mapping[int, int]) -> list[CatalogueCard]:
    lessons = Lesson.objects.published().filter(module__course__in=[course.pk for course in courses])
    rows = lessons.order_by().values_list("module__course").annotate(total=Count("pk"), sum=Sum("minutes"))
    sizes = {pk: (total, minutes) for pk, total, minutes in rows}
    return [
        CatalogueCard(
            course,
            *sizes.get(course.pk, (0, 0)),
            mine.get(course.pk),
        )
        for course in courses
    ]


@dataclass
class LearningCard:
    """A course on the home page of someone who takes it. What comes next is read for the nearest ones alone."""

    size: CatalogueCard
    outline: Outline | None

    @property
    def is_finished(self) -> bool:
        return self.size.done == self.size.total


@dataclass
class Home:
    resume: Outline | None
    due: DueSoon
    learning: list[LearningCard]
    teaching: list[Course]
    helping: list[Enrollment]  # as assistant or observer
    coming: list[Enrollment]  # asked for or waited for


NEAREST = 3  # unfinished courses whose next lesson is named on the home page


def home(user: User) -> Home:
    """Courses newest seen first; the first unfinished one is where to go on."""
    role, status = Enrollment.Role, Enrollment.Status
    rows = list(
        Enrollment.objects.filter(user=user, status__in=[status.ACTIVE, status.REQUESTED, status.WAITING])
        .exclude(~Q(role=role.INSTRUCTOR), course__status=Course.Status.DRAFT)
        .select_related("course")
        .order_by("-created_at", "-pk")
    )
    enrollments = [row for row in rows if row.status == status.ACTIVE]
    taken = [e.course for e in enrollments if e.role == role.STUDENT]
    learning = _learning(user, taken) if taken else []
    outlined = [card.outline for card in learning if card.outline]
    return Home(
        resume=next((item for item in outlined if item.next_open), None),
        due=due_soon(user, taken),
        learning=learning,
        teaching=[e.course for e in enrollments if e.role == role.INSTRUCTOR],
        helping=[e for e in enrollments if e.role in (role.ASSISTANT, role.OBSERVER)],
        coming=[row for row in rows if row.status != status.ACTIVE],
    )


def _learning(user: User, taken: list[Course]) -> list[LearningCard]:
    """Newest seen first; never opened ones stay in the order given. The lessons of the nearest courses alone are read:
    a person in twenty courses has hundreds."""
    went = _went(user)
    never = Went(datetime.min.replace(tzinfo=UTC), 0)
    taken = sorted(taken, key=lambda course: went.get(course.pk, never).seen_at, reverse=True)
    done = {course.pk: went.get(course.pk, never).done for course in taken}
    cards = [LearningCard(size, None) for size in _cards(taken, done)]
    nearest = [card for card in cards if not card.is_finished][:NEAREST]
    near = outlines(user, [card.size.course for card in nearest]) if nearest else {}
    for card in nearest:
        card.outline = near[card.size.course.pk]
    return cards


@dataclass
class ShownBlock:
    block: Block
    type: BlockType
    html: SafeString
    content: Any  # what its kind's page part needs
    progress: BlockProgress | None
    missing: str  # what its author has left to give; students do not see the block until then

    @property
    def is_complete(self) -> bool:
        return bool(self.progress and self.progress.completed_at)


def shown_blocks(
    user: Visitor,
    lesson: Lesson,
    *,
    query: Mapping[str, str] | None = None,
    contents: Mapping[int, Any] | None = None,
    with_unready: bool = False,
) -> list[ShownBlock]:
    """The lesson's blocks. `query` is the address's part after the question mark; `contents` (block id -> content)
    replaces what a kind would show by itself, such as a form with its errors."""
    rows = list(lesson.blocks.select_related("quiz", "asset", "captions"))
    progress = completion.progress_of(user, rows)
    shown = []
    for block in rows:
        block.lesson = lesson
        type_, missing = type_of(block.kind), type_of(block.kind).missing(block)
        if missing and not with_unready:
            continue
        content = None
        if not missing:
            content = (contents or {}).get(block.pk) or type_.show(user, block, query or {})
        shown.append(ShownBlock(block, type_, render(block.body), content, progress.get(block.pk), missing))
    return shown
