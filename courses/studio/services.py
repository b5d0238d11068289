"""What authors write. Each save is small and may meet another author's: an order is a move, not a list, so two people
who reorder at once both get what they asked for; a block is saved on top of the version its author has read."""

from typing import Any

from django.core.files.base import File
from django.db import transaction
from django.db.models import Count, F, Max, Model, QuerySet
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import User
from courses import assets, blocks
from courses.events.services import record_completed_course
from courses.models import Block, Course, Criterion, Lesson, Module, Progress, Question
from courses.services import enroll_instructor
from courses.signals import course_shortened
from courses.studio.revisions import keep_former, record_revision

# Rows are parked this far up while they change places, past any position in use.
PARKING = 1_000_000
Row = Module | Lesson | Block | Question | Criterion  # what has an order
BLOCK_FIELDS = ("title", "body", "alt_text", "address", "rule", "rule_value")


class Overtaken(ValueError):
    """Somebody else saved this block since its author opened it. `theirs` is the block as it is now."""

    def __init__(self, theirs: Block):
        self.theirs = theirs
        super().__init__(_("Somebody else changed this part meanwhile."))


class HasLearners(ValueError):
    """People have begun what was to be removed; the message says what to do instead."""


class NotReady(ValueError):
    """Something has to be there before this can be published; the message says what."""


@transaction.atomic
def create_course(*, user: User, title: str, summary: str) -> Course:
    """A draft with one empty module and lesson, taught by this person."""
    course = Course.objects.create(title=title, summary=summary, slug=free_slug(title))
    enroll_instructor(user=user, course=course)
    add_lesson(module=add_module(course=course, title=_("First module")), title=_("First lesson"))
    return course


def free_slug(title: str) -> str:
    """The title as the end of an address, numbered if it is taken."""
    wanted = slugify(title)[:70].strip("-") or "course"
    taken = {"new", "import"} | set(Course.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    return next(s for s in (wanted, *(f"{wanted}-{n}" for n in range(2, len(taken) + 3))) if s not in taken)


@transaction.atomic
def add_module(*, course: Course, title: str) -> Module:
    lock(course)
    return Module.objects.create(course=course, title=title, position=last_position(course.modules.all()) + 1)


@transaction.atomic
def add_lesson(*, module: Module, title: str) -> Lesson:
    lock(module.course)
    return Lesson.objects.create(module=module, title=title, position=last_position(module.lessons.all()) + 1)


@transaction.atomic
def add_block(*, lesson: Lesson, kind: str, author: User) -> Block:
    """A new block at the end, with what its kind keeps beside it (a quiz, an assignment)."""
    lock(lesson.course)
    type_, position = blocks.type_of(kind), last_position(lesson.blocks.all()) + 1
    title = _("Part %(position)s") % {"position": position} if kind == Block.Kind.TEXT else type_.label
    block = Block.objects.create(lesson=lesson, kind=kind, title=title, position=position)
    type_.made(block)
    record_revision(lesson=lesson, author=author)
    return block


@transaction.atomic
def save_block(*, block: Block, author: User, version: int, changes: dict[str, Any], follows: int = 0) -> Block:
    """Save the given fields over `version`, the one its author read. So many of the author's saves before this one had
    no answer yet and may have arrived: `follows`. Raises Overtaken if there is a newer one."""
    known = Block.objects.select_for_update().get(pk=block.pk)
    if known.version != version and not _are_own(known, author, since=version, most=follows):
        raise Overtaken(known)
    keep_former(lesson=known.lesson, author=author)
    for field in BLOCK_FIELDS:
        if field in changes:
            setattr(known, field, changes[field])
    known.version += 1
    known.save(update_fields=[*BLOCK_FIELDS, "version"])
    record_revision(lesson=known.lesson, author=author)
    return known


def _are_own(block: Block, author: User, *, since: int, most: int) -> bool:
    """Whether what moved the block on from version `since` can be this author's unanswered saves alone: as many, and
    nobody else wrote in the lesson after them."""
    if not since <= block.version <= since + most:
        return False
    latest = block.lesson.revisions.first()
    return latest is not None and latest.author_id == author.pk


@transaction.atomic
def attach_file(*, block: Block, author: User, upload: File, use: str) -> Block:
    """Give a block its picture, video or file, or a video its captions. Raises assets.RefusedFile."""
    asset = assets.keep(course=block.course, upload=upload, use=use)
    field = "captions" if use == "captions" else "asset"
    Block.objects.filter(pk=block.pk).update(**{f"{field}_id": asset.pk, "version": F("version") + 1})
    block.refresh_from_db()
    record_revision(lesson=block.lesson, author=author)
    return block


@transaction.atomic
def remove_block(*, block: Block, author: User) -> None:
    """Take a block out of its lesson. What students did there is kept, and the lesson's history can bring it back."""
    lock(block.course)
    keep_former(lesson=block.lesson, author=author)
    Block.objects.filter(pk=block.pk).update(removed_at=timezone.now(), version=F("version") + 1)
    number_rows(block.lesson.blocks.all())
    record_revision(lesson=block.lesson, author=author)


@transaction.atomic
def remove_lesson(*, lesson: Lesson) -> None:
    """Raises HasLearners once somebody has opened it."""
    lock(lesson.course)
    if Progress.objects.filter(lesson=lesson).exists():
        raise HasLearners(
            _("Students have opened this lesson, so it stays. Make it a draft to take it out of the course.")
        )
    module = lesson.module
    lesson.delete()
    number_rows(module.lessons.all())
    look_for_completed(module.course)


@transaction.atomic
def remove_module(*, module: Module) -> None:
    """Raises HasLearners while it holds lessons."""
    lock(module.course)
    if module.lessons.exists():
        raise HasLearners(_("This module still has lessons. Move or remove them first."))
    course = module.course
    module.delete()
    number_rows(course.modules.all())


@transaction.atomic
def move(*, row: Row, before: int | None, module: Module | None = None) -> None:
    """Put a row before the sibling with that id, or last. A lesson may go to another module of its course."""
    lock(row.course)
    row.refresh_from_db()
    if isinstance(row, Lesson) and module is not None and module.pk != row.module_id:
        if module.course_id != row.module.course_id:
            raise ValueError(_("A lesson stays in its course."))
        former = row.module
        row.module, row.position = module, last_position(module.lessons.all()) + 1
        row.save(update_fields=["module", "position"])
        number_rows(former.lessons.all())
    siblings = list(siblings_of(row).exclude(pk=row.pk).order_by("position", "pk"))
    place = next((i for i, sibling in enumerate(siblings) if sibling.pk == before), len(siblings))
    siblings.insert(place, row)
    number_rows(siblings_of(row), siblings)


def step_before(row: Row, step: str) -> int | None:
    """The id that a row goes before when it moves one step "up" or "down"; None is last (and no step at all)."""
    if not step:
        return None
    ids = list(siblings_of(row).order_by("position", "pk").values_list("pk", flat=True))
    here = ids.index(row.pk)
    wanted = (here - 1 if here else 1) if step == "up" else here + 2  # the first one stays where it is
    return ids[wanted] if wanted < len(ids) else None


def siblings_of(row: Row) -> QuerySet:
    match row:
        case Module():
            return row.course.modules.all()
        case Lesson():
            return row.module.lessons.all()
        case Block():
            return row.lesson.blocks.all()
        case Question():
            return row.home.questions.all()
        case Criterion():
            return row.assignment.criteria.all()
    raise TypeError(f"{row} has no order.")


@transaction.atomic
def set_course_status(*, course: Course, status: str) -> Course:
    """Publish, archive, or take back to draft. Publishing raises NotReady until a lesson is published."""
    if status == Course.Status.PUBLISHED and not Lesson.objects.for_course(course).published().exists():
        raise NotReady(_("Publish a lesson first, so that there is something to read."))
    course.status = status
    course.save(update_fields=["status"])
    return course


@transaction.atomic
def set_lesson_status(*, lesson: Lesson, status: str) -> Lesson:
    """Publishing raises NotReady while no block can be shown."""
    if status == Lesson.Status.PUBLISHED and all(blocks.type_of(b.kind).missing(b) for b in lesson.blocks.all()):
        raise NotReady(_("This lesson has nothing to show yet. Give it a part first."))
    lesson.status = status
    lesson.save(update_fields=["status"])
    if status == Lesson.Status.DRAFT:
        look_for_completed(lesson.course)
    return lesson


def look_for_completed(course: Course) -> None:
    """The course has one lesson less: for whoever had but that one left, it is complete now. Told to their certificate
    and to who listens, once, whatever happens later."""
    counted = Lesson.objects.published().for_course(course).order_by()
    total = counted.count()
    if not total:
        return
    done = (
        Progress.objects.filter(lesson__in=counted.values("pk"), completed_at__isnull=False)
        .filter(user__in=course.enrollments.active().students().values("user"))
        .order_by()
        .values("user")
        .annotate(done=Count("pk"))
        .filter(done=total)
    )
    ids = [row["user"] for row in done]
    for user in User.objects.filter(pk__in=ids):
        record_completed_course(user=user, course=course)
    transaction.on_commit(lambda: course_shortened.send(sender=Course, course=course, user_ids=ids))


def lock(course: Course) -> None:
    """One change of a course's order at a time."""
    Course.objects.select_for_update().get(pk=course.pk)


def last_position(rows: QuerySet) -> int:
    return rows.aggregate(last=Max("position"))["last"] or 0


def number_rows(rows: QuerySet, in_order: list[Model] | None = None) -> None:
    """Positions 1, 2, 3. Parked first, so that no row meets another's old position on its way."""
    in_order = list(rows.order_by("position", "pk")) if in_order is None else in_order
    rows.update(position=F("position") + PARKING)
    for position, row in enumerate(in_order, start=1):
        row.position = position
    rows.model._default_manager.bulk_update(in_order, ["position"])
