"""When a block and a lesson count as done. Each write may come twice, late, or from two devices at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from courses import blocks
from courses.events.services import record, record_completed_course
from courses.models import Block, BlockProgress, Lesson, Progress
from courses.release.locks import require_open
from courses.signals import lesson_completed

HUNDREDTHS = 100
LONGEST_SEEN = 24 * 3600
SLACK = 3  # seconds that clocks and networks may be off
FASTEST = 2  # how many seconds of a video run in one
SHORTEST_VIDEO, UNSAID_VIDEO = 10, 600  # seconds; how long one is taken to be that says less, or nothing


@dataclass(frozen=True)
class Remaining:
    """A block that still has something to do, and what in words."""

    block: Block
    words: str


def progress_of(user, blocks_of_page: list[Block]) -> dict[int, BlockProgress]:
    """Block id -> what this person did there. One query."""
    found = BlockProgress.objects.filter(user_id=user.pk, block__in=blocks_of_page) if user.pk else ()
    return {row.block_id: row for row in found}


def remaining(user, lesson: Lesson) -> list[Remaining]:
    """What is left to do in a lesson, in its order. Two queries. Blocks students do not see ask nothing of them."""
    asked = [
        block
        for block in lesson.blocks.exclude(rule=Block.Rule.NONE)
        if block.kind in {t.kind for t in blocks.all_types()} and not blocks.type_of(block.kind).missing(block)
    ]
    return remaining_of(asked, progress_of(user, asked))


def remaining_of(shown: Iterable[Block], done: Mapping[int, BlockProgress]) -> list[Remaining]:
    """The same for a page that has its blocks, and what this person did there, at hand. No query."""
    return [
        Remaining(block, words_left(block, done.get(block.pk)))
        for block in shown
        if block.rule != Block.Rule.NONE and not (done.get(block.pk) and done[block.pk].completed_at)
    ]


def words_left(block: Block, progress: BlockProgress | None) -> str:
    if block.rule == Block.Rule.SEEN:
        left = max(1, block.rule_value - (progress.seen_seconds if progress else 0))
        return ngettext("%(n)s more second here", "%(n)s more seconds here", left) % {"n": left}
    if block.rule == Block.Rule.WATCHED:
        seen = progress.watched_percent if progress else 0
        return _("watched %(seen)s of %(asked)s%%") % {"seen": seen, "asked": block.rule_value}
    return {
        Block.Rule.SUBMITTED: _("to be answered") if block.kind == Block.Kind.QUIZ else _("to be handed in"),
        Block.Rule.PASSED: _("to be passed"),
    }[Block.Rule(block.rule)]


def _row(user: User, block: Block) -> BlockProgress:
    return BlockProgress.objects.get_or_create(user=user, block=block)[0]


def _seconds_open(user: User, lesson: Lesson) -> float:
    """Since this person first opened the lesson, and a little more. Not since their last report: one that was kept
    while there was no network tells of all the time until now. Who never opened it does so by reporting."""
    now = timezone.now()
    row, made = Progress.objects.get_or_create(
        user=user, lesson=lesson, defaults={"started_at": now, "last_seen_at": now}
    )
    if made:
        record(kind="lesson_started", user=user, lesson=lesson, key=f"{user.pk}:{lesson.pk}")
    return (now - row.started_at).total_seconds() + SLACK


@transaction.atomic
def note_seen(*, user: User, block: Block, seconds: int) -> BlockProgress:
    """The block was in view for `seconds` altogether; more than the lesson is open do not count. A smaller number than
    the known one changes nothing. Raises Locked."""
    require_open(user=user, lesson=block.lesson)
    row = _row(user, block)
    seen = min(seconds, int(_seconds_open(user, block.lesson)), LONGEST_SEEN)
    BlockProgress.objects.filter(pk=row.pk).update(
        seen_seconds=Greatest("seen_seconds", seen), updated_at=timezone.now()
    )
    row.refresh_from_db()
    if block.rule == Block.Rule.SEEN and row.seen_seconds >= block.rule_value:
        row = complete_block(user=user, block=block)
    return row


@transaction.atomic
def note_watched(*, user: User, block: Block, hundredths: int, second: int, length: int | None = None) -> BlockProgress:
    """A video of `length` seconds ran through `hundredths` (bit n set: its n-th hundredth ran) and is now at `second`.
    What ran is added to what is known, so skipping ahead does not count as watching; nor does more than can have run
    since the lesson was opened. The length is the player's word: who makes one up still waits for some of it.
    Raises Locked."""
    require_open(user=user, lesson=block.lesson)
    row = BlockProgress.objects.select_for_update().get(pk=_row(user, block).pk)
    long = max(length or UNSAID_VIDEO, second, SHORTEST_VIDEO)
    most = 1 + int(HUNDREDTHS * FASTEST * _seconds_open(user, block.lesson) / long)
    ran = _with_at_most(int(row.watched or "0", 16), hundredths & ((1 << HUNDREDTHS) - 1), most)
    row.watched, row.video_second, row.updated_at = f"{ran:x}", second, timezone.now()
    row.save(update_fields=["watched", "video_second", "updated_at"])
    if block.rule == Block.Rule.WATCHED and row.watched_percent >= block.rule_value:
        row = complete_block(user=user, block=block)
    return row


def _with_at_most(known: int, ran: int, most: int) -> int:
    """The bits known and those that ran, the first ones until there are `most`."""
    for bit in range(HUNDREDTHS):
        if known.bit_count() >= most:
            break
        known |= ran & (1 << bit)
    return known


@transaction.atomic
def complete_block(*, user: User, block: Block) -> BlockProgress:
    """Tick the block, once, and its lesson with it when nothing else is left there."""
    row = _row(user, block)
    if BlockProgress.objects.filter(pk=row.pk, completed_at=None).update(completed_at=timezone.now()):
        record(kind="block_completed", user=user, block=block, key=f"{user.pk}:{block.pk}")
    row.refresh_from_db()
    if not remaining(user, block.lesson):
        tick_lesson(user=user, lesson=block.lesson)
    return row


def submitted(*, user: User, block: Block, passed: bool) -> None:
    """Somebody handed in a quiz, an assignment or a reflection; `passed` tells whether it was enough."""
    if block.rule == Block.Rule.SUBMITTED or (block.rule == Block.Rule.PASSED and passed):
        complete_block(user=user, block=block)


@transaction.atomic
def tick_lesson(*, user: User, lesson: Lesson) -> Progress:
    """The lesson is done. The first time counts and is told to who listens; later calls leave it as it was."""
    now = timezone.now()
    row, _ = Progress.objects.get_or_create(user=user, lesson=lesson, defaults={"started_at": now, "last_seen_at": now})
    # Conditional, so that of two calls at once the earlier time stays, and one of them tells.
    if Progress.objects.filter(pk=row.pk, completed_at=None).update(completed_at=now):
        record(kind="lesson_completed", user=user, lesson=lesson, key=f"{user.pk}:{lesson.pk}")
        record_completed_course(user=user, course=lesson.course)
        transaction.on_commit(lambda: lesson_completed.send(sender=Lesson, user_id=user.pk, lesson_id=lesson.pk))
    row.refresh_from_db()
    return row
