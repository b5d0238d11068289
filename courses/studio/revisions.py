"""A lesson's history: what it said, who wrote it, and the way back."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from courses.models import Asset, Assignment, Block, Choice, Criterion, Lesson, LessonRevision, Question, Quiz

# Saves of one author closer than this are one revision: autosave would make hundreds of them otherwise.
ONE_SITTING = timedelta(minutes=10)
KEPT = 200  # of each lesson
LESSON_FIELDS = ("title", "summary", "minutes")
BLOCK_FIELDS = ("kind", "title", "body", "alt_text", "address", "rule", "rule_value", "asset_id", "captions_id")
QUESTION_FIELDS = ("kind", "prompt", "explanation", "points", "accepted", "exact", "number", "tolerance")
CHOICE_FIELDS = ("text", "match", "is_correct", "feedback")
ASSIGNMENT_FIELDS = (
    *("points", "pass_percent", "takes_text", "most_files", "file_types", "largest_mb"),
    *("late_percent", "resubmissions"),
)
CRITERION_FIELDS = ("title", "levels")


def content_of(lesson: Lesson) -> dict:
    """The lesson as JSON: its own fields and those of its blocks in order, each with its id; quizzes with their own
    questions and choices, assignments with their settings and rubric, likewise."""
    blocks = list(lesson.blocks.order_by("position", "pk").values("id", *BLOCK_FIELDS))
    quizzes = [block for block in blocks if block["kind"] == Block.Kind.QUIZ]
    if quizzes:
        questions = _questions_of(lesson)
        for block in quizzes:
            block["questions"] = questions.get(block["id"], [])
    if any(block["kind"] == Block.Kind.ASSIGNMENT for block in blocks):
        assignments = _assignments_of(lesson)
        for block in blocks:
            if block["id"] in assignments:
                block["assignment"] = assignments[block["id"]]
    return {**{field: getattr(lesson, field) for field in LESSON_FIELDS}, "blocks": blocks}


def _questions_of(lesson: Lesson) -> dict[int, list[dict]]:
    """By block. Two queries."""
    choices: dict[int, list[dict]] = {}
    kept = Choice.objects.filter(question__quiz__block__lesson=lesson).order_by("position", "pk")
    for choice in kept.values("id", "question_id", *CHOICE_FIELDS):
        choices.setdefault(choice.pop("question_id"), []).append(choice)
    questions: dict[int, list[dict]] = {}
    asked = Question.objects.filter(quiz__block__lesson=lesson).order_by("position", "pk")
    for question in asked.values("id", "quiz__block_id", *QUESTION_FIELDS):
        block_id = question.pop("quiz__block_id")
        questions.setdefault(block_id, []).append({**question, "choices": choices.get(question["id"], [])})
    return questions


def _assignments_of(lesson: Lesson) -> dict[int, dict]:
    """By block. Two queries."""
    criteria: dict[int, list[dict]] = {}
    rows = Criterion.objects.filter(assignment__block__lesson=lesson).order_by("position", "pk")
    for row in rows.values("id", "assignment__block_id", *CRITERION_FIELDS):
        criteria.setdefault(row.pop("assignment__block_id"), []).append(row)
    found = {}
    for settings in Assignment.objects.filter(block__lesson=lesson).values("block_id", *ASSIGNMENT_FIELDS):
        block_id = settings.pop("block_id")
        found[block_id] = {"settings": settings, "criteria": criteria.get(block_id, [])}
    return found


def keep_former(*, lesson: Lesson, author: User) -> None:
    """Before a change: keep what no revision says yet, such as what came by import. Looked at once a sitting."""
    latest, now = lesson.revisions.first(), timezone.now()
    if _is_sitting(latest, author):
        return
    content = content_of(lesson)
    if latest is None or latest.content != content:
        LessonRevision.objects.create(lesson=lesson, author=None, content=content, updated_at=now)


def _is_sitting(latest: LessonRevision | None, author: User) -> bool:
    return bool(latest and latest.author_id == author.pk and timezone.now() - latest.created_at < ONE_SITTING)


def record_revision(*, lesson: Lesson, author: User, apart: bool = False) -> LessonRevision:
    """Keep how the lesson reads now. It becomes part of the author's latest revision if that is minutes old; `apart`
    keeps that one as it is, for what was taken out."""
    lesson.refresh_from_db()
    content, now = content_of(lesson), timezone.now()
    latest = lesson.revisions.first()
    if latest and _is_sitting(latest, author) and not apart:
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
    from courses.studio.questions import restore_questions
    from courses.studio.rubrics import restore_assignment
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
        if "questions" in kept:  # revisions from before questions were kept have none
            restore_questions(quiz=Quiz.objects.get_or_create(block=block)[0], rows=kept["questions"])
        if "assignment" in kept:
            restore_assignment(assignment=Assignment.objects.get_or_create(block=block)[0], row=kept["assignment"])
    LessonRevision.objects.create(lesson=lesson, author=author, content=content_of(lesson), updated_at=now)
