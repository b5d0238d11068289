"""What the pages show, read in a fixed number of queries however long the course is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.safestring import SafeString

from courses import completion
from courses.blocks import BlockType, type_of
from courses.calendar.selectors import DueSoon, due_soon
from courses.markdown import render
from courses.models import Block, BlockProgress, Course, Enrollment, Lesson, Module, Progress


@dataclass
class OutlineLesson:
    lesson: Lesson
    progress: Progress | None
    number: int  # 1, 2, 3 through the whole course

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
    def minutes(self) -> int:
        return sum(item.lesson.minutes for item in self.lessons)

    @property
    def is_started(self) -> bool:
        return any(item.progress for item in self.lessons)

    @property
    def next_open(self) -> OutlineLesson | None:
        """Where to go on: the lesson seen last if unfinished, else the first unfinished one after it."""
        seen = [item for item in self.lessons if item.progress]
        newest = max(seen, key=lambda item: item.progress.last_seen_at, default=None)
        start = self.lessons.index(newest) if newest else 0
        from_there = self.lessons[start:] + self.lessons[:start]
        return next((item for item in from_there if item.state != "done"), None)

    def item(self, lesson: Lesson) -> OutlineLesson | None:
        return next((item for item in self.lessons if item.lesson.pk == lesson.pk), None)

    def neighbour(self, lesson: Lesson, step: int) -> Lesson | None:
        place = next((i for i, item in enumerate(self.lessons) if item.lesson.pk == lesson.pk), None)
        if place is None or not 0 <= place + step < self.total:
            return None
        return self.lessons[place + step].lesson


def outlines(user, courses: Iterable[Course], *, with_drafts: bool = False) -> dict[int, Outline]:
    """Course id -> outline with this person's progress. Two queries for any number of courses."""
    found = {course.pk: Outline(course) for course in courses}
    lessons = (
        Lesson.objects.filter(module__course__in=found)
        .select_related("module")
        .annotate(has_quiz=Exists(Block.objects.filter(lesson=OuterRef("pk"), kind=Block.Kind.QUIZ)))
        .in_course_order()
    )
    if not with_drafts:
        lessons = lessons.published()
    mine = Progress.objects.filter(user_id=user.pk, lesson__module__course__in=found)
    progress = {row.lesson_id: row for row in mine} if user.pk else {}
    for lesson in lessons:
        outline = found[lesson.module.course_id]
        lesson.module.course = outline.course
        outline.lessons.append(OutlineLesson(lesson, progress.get(lesson.pk), outline.total + 1))
    return found


def outline(user, course: Course, *, with_drafts: bool = False) -> Outline:
    return outlines(user, [course], with_drafts=with_drafts)[course.pk]


@dataclass
class Home:
    resume: Outline | None
    due: DueSoon
    learning: list[Outline]
    teaching: list[Course]


def home(user) -> Home:
    """Courses newest seen first; the first unfinished one is where to go on."""
    enrollments = list(
        Enrollment.objects.active()
        .filter(user=user)
        .exclude(course__status=Course.Status.DRAFT, role=Enrollment.Role.STUDENT)
        .select_related("course")
        .order_by("-created_at", "-pk")
    )
    taken = [e.course for e in enrollments if e.role != Enrollment.Role.INSTRUCTOR]
    learning = list(outlines(user, taken).values())
    learning.sort(key=_last_seen, reverse=True)  # stable: never opened ones stay newest enrollment first
    return Home(
        resume=next((item for item in learning if item.next_open), None),
        due=due_soon(user, [e.course for e in enrollments if e.role == Enrollment.Role.STUDENT]),
        learning=learning,
        teaching=[e.course for e in enrollments if e.role == Enrollment.Role.INSTRUCTOR],
    )


def _last_seen(item: Outline) -> float:
    return max((o.progress.last_seen_at.timestamp() for o in item.lessons if o.progress), default=0.0)


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
    user,
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
