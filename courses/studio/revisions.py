"""A lesson's history: what it said, who wrote it, and the way back."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from courses.models import Asset, Block, Lesson, LessonRevision

# Saves of one author closer than this are one revision: autosave would make hundreds of them otherwise.
ONE_SITTING = timedelta(minutes=10)
KEPT = 200  # of each lesson
LESSON_FIELDS = ("title", "summary", "minutes")
BLOCK_FIELDS = ("kind", "title", "body", "alt_text", "address", "rule", "rule_value", "asset_id", "captions_id")


def content_of(lesson: Lesson) -> dict:
    """The lesson as JSON: its own fields and those of its blocks in order, each with its id."""
    return {
        **{field: getattr(lesson, field) for field in LESSON_FIELDS},
        "blocks": list(lesson.blocks.order_by("position", "pk").values("id", *BLOCK_FIELDS)),
    }


def record_revision(*, lesson: Lesson, author: User) -> LessonRevision:
    """Keep how the lesson reads now. It becomes part of the author's latest revision if that is minutes old."""
    lesson.refresh_from_db()
    content, now = content_of(lesson), timezone.now()
    latest = lesson.revisions.first()
    if latest and latest.author_id == author.pk and now - latest.created_at < ONE_SITTING:
        latest.content, latest.updated_at = content, now
        latest.save(update_fields=["content", "updated_at"])
        return latest
    revision = LessonRevision.objects.create(lesson=lesson, author=author, content=content, updated_at=now)
    lesson.revisions.filter(pk__in=list(lesson.revisions.values_list("pk", flat=True)[KEPT:])).delete()
    return revision


@transaction.atomic
def restore(*, revision: LessonRevision, author: User) -> None:
    """Make the lesson read as it did. What is there now is kept as a revision of its own first, and blocks written
    since are taken out as if by hand, so a restore can itself be undone."""
    from courses.studio.services import lock

    lesson = revision.lesson
    lock(lesson.course)
    now = timezone.now()
    LessonRevision.objects.create(lesson=lesson, author=author, content=content_of(lesson), updated_at=now)
    for field in LESSON_FIELDS:
        setattr(lesson, field, revision.content[field])
    lesson.save(update_fields=LESSON_FIELDS)
    lesson.blocks.update(removed_at=now)
    assets = set(Asset.objects.filter(course=lesson.course).values_list("pk", flat=True))
    known = {block.pk: block for block in Block.with_removed.filter(lesson=lesson)}
    for position, kept in enumerate(revision.content["blocks"], start=1):
        block = known.get(kept["id"]) or Block(lesson=lesson)
        for field in BLOCK_FIELDS:
            value = kept[field]
            setattr(block, field, None if field.endswith("_id") and value not in assets else value)
        block.position, block.removed_at, block.version = position, None, block.version + 1
        block.save()
    LessonRevision.objects.create(lesson=lesson, author=author, content=content_of(lesson), updated_at=now)
