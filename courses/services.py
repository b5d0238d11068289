"""Everything that writes what a learner does. Each call may be repeated and may meet its own twin."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from courses import completion
from courses.enrollment.services import (  # noqa: F401  (the one way into a course and out of it)
    CourseNotOpen,
    WrongCode,
    enroll_instructor,
    enroll_student,
    forget_person,
    withdraw_student,
)
from courses.events.services import export_events, record
from courses.models import (
    Block,
    BlockProgress,
    CalendarFeed,
    Certificate,
    Enrollment,
    GradeChange,
    GradeOverride,
    LearningEvent,
    Lesson,
    Progress,
    QuizAccommodation,
    QuizAttempt,
    Reflection,
    Submission,
)
from courses.quizzes import personal_data as quiz_data
from courses.release.locks import require_open

LONGEST_REFLECTION = 20_000

# What somebody did in courses: all of it is theirs to take along and to erase.
LEARNING = (
    LearningEvent,
    Certificate,
    GradeOverride,
    GradeChange,
    QuizAttempt,
    QuizAccommodation,
    Submission,
    BlockProgress,
    Reflection,
    CalendarFeed,
    Progress,
)


class StillOpen(ValueError):
    """Some blocks of the lesson ask for something that was not done yet. `remaining` tells which, in order."""

    def __init__(self, remaining: list[completion.Remaining]):
        self.remaining = remaining
        super().__init__("; ".join(f"{item.block.title}: {item.words}" for item in remaining))


@transaction.atomic
def record_lesson_progress(*, user: User, lesson: Lesson, block: Block | None = None) -> Progress:
    """Remember that the lesson was opened and, where given, the block it was left at. Raises Locked."""
    require_open(user=user, lesson=lesson)
    if block is not None and block.lesson_id != lesson.pk:
        raise ValueError(_("The block belongs to another lesson."))
    now = timezone.now()
    progress, created = Progress.objects.get_or_create(
        user=user, lesson=lesson, defaults={"last_block": block, "started_at": now, "last_seen_at": now}
    )
    if created:
        record(kind="lesson_started", user=user, lesson=lesson, key=f"{user.pk}:{lesson.pk}")
    else:
        progress.last_seen_at = now
        progress.last_block = block or progress.last_block
        progress.save(update_fields=["last_seen_at", "last_block"])
    return progress


@transaction.atomic
def complete_lesson(*, user: User, lesson: Lesson) -> Progress:
    """Tick the lesson. The first time counts; later calls leave it as it was. Raises Locked, StillOpen."""
    require_open(user=user, lesson=lesson)
    if left := completion.remaining(user, lesson):
        raise StillOpen(left)
    record_lesson_progress(user=user, lesson=lesson)
    return completion.tick_lesson(user=user, lesson=lesson)


class WrittenElsewhere(ValueError):
    """Another page or device kept words here since this one was opened; `theirs` is what stands there."""

    def __init__(self, theirs: Reflection):
        self.theirs = theirs
        super().__init__(_("You wrote one reflection on two pages or devices; both texts are kept until you choose."))


@transaction.atomic
def save_reflection(*, user: User, block: Block, text: str, over: str | None = None, page: str = "") -> Reflection:
    """Keep what somebody wrote for themselves. An empty text is kept too, but hands nothing in. `over` is the `version`
    that was there when they began to write ("" for none), `page` what `Reflection.page` says. Raises Locked, and
    WrittenElsewhere where other words stand there by now."""
    require_open(user=user, lesson=block.lesson)
    text, page = text[:LONGEST_REFLECTION], page[:32]
    if over is not None:
        User.objects.select_for_update().get(pk=user.pk)  # two devices at once
        known = Reflection.objects.filter(user=user, block=block).first()
        is_theirs = known and known.version != over and not (page and known.page == page)
        if known and is_theirs and known.text.strip() and known.text != text:
            raise WrittenElsewhere(known)
    reflection, _made = Reflection.objects.update_or_create(
        user=user, block=block, defaults={"text": text, "page": page, "updated_at": timezone.now()}
    )
    if text.strip():
        completion.submitted(user=user, block=block, passed=True)
    return reflection


def export_learning(user: User) -> dict[str, Any]:
    return {
        "events": export_events(user),
        "enrollments": [
            {
                "course": e.course.title,
                "role": e.role,
                "status": e.status,
                "cohort": e.cohort.name if e.cohort else None,
                "since": e.created_at.isoformat(),
                "words": e.words,
            }
            for e in Enrollment.objects.filter(user=user).select_related("course", "cohort")
        ],
        "progress": [
            {
                "lesson": p.lesson.title,
                "started_at": p.started_at.isoformat(),
                "last_seen_at": p.last_seen_at.isoformat(),
                "completed_at": p.completed_at and p.completed_at.isoformat(),
            }
            for p in Progress.objects.filter(user=user).select_related("lesson")
        ],
        "quiz_attempts": quiz_data.export_attempts(user),
        "quiz_accommodations": quiz_data.export_accommodations(user),
        "certificates": [
            {"course": c.title, "name": c.name, "code": c.code, "issued_at": c.issued_at.isoformat()}
            for c in Certificate.objects.filter(user=user)
        ],
        "grade_changes": [
            {"item": c.key, "before": c.before, "after": c.after, "reason": c.reason, "at": c.at.isoformat()}
            for c in GradeChange.objects.filter(user=user)
        ],
        "submissions": [
            {
                "assignment": s.assignment.block.title,
                "number": s.number,
                "text": s.text,
                "files": [file.name for file in s.files.all()],
                "submitted_at": s.submitted_at and s.submitted_at.isoformat(),
                "points": s.mark.final_points if hasattr(s, "mark") and s.mark.released_at else None,
                "comment": s.mark.comment if hasattr(s, "mark") and s.mark.released_at else "",
            }
            for s in Submission.objects.filter(user=user)
            .select_related("assignment__block", "mark")
            .prefetch_related("files")
        ],
        "blocks": [
            {
                "block": p.block.title,
                "seen_seconds": p.seen_seconds,
                "watched_percent": p.watched_percent,
                "video_second": p.video_second,
                "completed_at": p.completed_at and p.completed_at.isoformat(),
            }
            for p in BlockProgress.objects.filter(user=user).select_related("block")
        ],
        "reflections": [
            {"block": r.block.title, "text": r.text, "updated_at": r.updated_at.isoformat()}
            for r in Reflection.objects.filter(user=user).select_related("block")
        ],
        "calendar_address": [{"since": feed.created_at.isoformat()} for feed in CalendarFeed.objects.filter(user=user)],
    }


@transaction.atomic
def erase_learning(user: User) -> int:
    return sum(model.objects.filter(user=user).delete()[0] for model in LEARNING) + forget_person(user)
