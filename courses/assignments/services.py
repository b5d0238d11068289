"""Handing in and marking. A draft is handed in once, however often the button is pressed and in however many tabs."""

from django.core.files.base import File
from django.db import transaction
from django.db.models import Max
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from courses import completion
from courses.assets import clean_name, type_of
from courses.assignments.models import Assignment, Criterion, Mark, Submission, SubmissionFile
from courses.assignments.signals import marks_released
from courses.events.services import record
from courses.release.locks import require_open

LONGEST_TEXT = 200_000
# What these endings promise can be seen in a file's first bytes.
PROMISED = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}


class MarkedMeanwhile(ValueError):
    """Somebody else marked this submission since its marker opened it; `theirs` is their mark."""

    def __init__(self, theirs: Mark):
        self.theirs = theirs
        words = _("%(who)s marked this meanwhile, with %(points)s points. Keep yours again to replace that mark.")
        super().__init__(words % {"who": theirs.marker or _("Somebody"), "points": f"{theirs.points:g}"})


class NotTaken(ValueError):
    """The work, or a file of it, is not taken; the message says why, to the person who hands it in."""


@transaction.atomic
def open_draft(*, user: User, assignment: Assignment) -> Submission:
    """The draft somebody writes in, begun if there is none. Raises NotTaken when no further one is allowed,
    and Locked."""
    require_open(user=user, lesson=assignment.lesson)
    User.objects.select_for_update().get(pk=user.pk)  # two tabs at once
    draft = Submission.objects.drafts().filter(user=user, assignment=assignment).first()
    if draft:
        return draft
    _check_open(assignment)
    done = Submission.objects.filter(user=user, assignment=assignment).aggregate(last=Max("number"))["last"] or 0
    if done > assignment.resubmissions:
        raise NotTaken(_("You have handed this in as often as it is taken."))
    return Submission.objects.create(user=user, assignment=assignment, number=done + 1)


@transaction.atomic
def save_draft(*, user: User, assignment: Assignment, text: str) -> Submission:
    draft = open_draft(user=user, assignment=assignment)
    draft.text, draft.saved_at = text[:LONGEST_TEXT], timezone.now()
    draft.save(update_fields=["text", "saved_at"])
    return draft


@transaction.atomic
def add_file(*, user: User, assignment: Assignment, upload: File) -> SubmissionFile:
    """Put a file to the draft. Raises NotTaken."""
    draft = open_draft(user=user, assignment=assignment)
    if draft.files.count() >= assignment.most_files:
        raise NotTaken(_("%(most_files)s files are the most here.") % {"most_files": assignment.most_files})
    _check_file(assignment, upload)
    kept = SubmissionFile(submission=draft, name=clean_name(upload.name or ""), size=upload.size)
    kept.file.save(kept.name, upload, save=True)
    return kept


def remove_file(*, user: User, file_id: int) -> bool:
    """Take a file out of one's own draft. False if there is no such file in a draft of theirs."""
    kept = SubmissionFile.objects.filter(pk=file_id, submission__user=user, submission__submitted_at=None).first()
    if kept is None:
        return False
    kept.delete()
    return True


@transaction.atomic
def hand_in(*, user: User, assignment: Assignment, text: str | None = None) -> Submission:
    """Hand the draft in. A second press finds it handed in and changes nothing. Raises NotTaken and Locked."""
    require_open(user=user, lesson=assignment.lesson)
    User.objects.select_for_update().get(pk=user.pk)
    draft = Submission.objects.drafts().filter(user=user, assignment=assignment).first()
    if draft is None:
        latest = Submission.objects.filter(user=user, assignment=assignment).first()
        if latest and not (text or "").strip():
            return latest
        draft = open_draft(user=user, assignment=assignment)
    if text is not None and assignment.takes_text:
        draft.text = text[:LONGEST_TEXT]
    if not draft.text.strip() and not draft.files.exists():
        raise NotTaken(_("There is nothing to hand in yet."))
    _check_open(assignment)
    draft.submitted_at = draft.saved_at = timezone.now()
    draft.save(update_fields=["text", "submitted_at", "saved_at"])
    record(kind="assignment_submitted", user=user, block=assignment.block, key=draft.pk)
    completion.submitted(user=user, block=assignment.block, passed=False)
    return draft


@transaction.atomic
def mark_submission(
    *,
    submission: Submission,
    marker: User,
    points: float | None,
    levels: dict[int, int],
    comment: str,
    over: str = "",
) -> Mark:
    """Keep a mark for release. With a rubric its levels make the points; one level for each criterion, or NotTaken.
    A released mark that is changed stays released: its student sees the new one. `over` is the `version` of the mark
    that the marker read (none, if left out): raises MarkedMeanwhile if somebody else's is there by now."""
    criteria = list(submission.assignment.criteria.all())
    if criteria:
        if any(levels.get(c.pk) not in range(len(c.levels)) for c in criteria):
            raise NotTaken(_("Choose a level in each row."))
        points = sum(c.levels[levels[c.pk]]["points"] for c in criteria)
    if points is None or not 0 <= points <= most_points(submission.assignment, criteria):
        most = f"{most_points(submission.assignment, criteria):g}"
        raise NotTaken(_("Points go from 0 to %(most)s.") % {"most": most})
    # The submission is locked, not its mark: two markers may both be about to make the first one.
    Submission.objects.select_for_update().get(pk=submission.pk)
    known = Mark.objects.select_related("marker").filter(submission=submission).first()
    if known and known.version != over and known.marker_id != marker.pk:
        raise MarkedMeanwhile(known)
    mark, _made = Mark.objects.update_or_create(
        submission=submission,
        defaults={
            "points": points,
            "levels": {str(c.pk): levels[c.pk] for c in criteria},
            "comment": comment,
            "marker": marker,
            "updated_at": timezone.now(),
        },
    )
    if mark.released_at:
        _note_passed(mark)
    return mark


@transaction.atomic
def release_marks(*, assignment: Assignment) -> int:
    """Show all marks of an assignment that wait, together; how many they were. One signal for all of them."""
    waiting = Mark.objects.select_for_update().filter(submission__assignment=assignment, released_at=None)
    marks = list(waiting.select_related("submission__user", "submission__assignment__block__lesson"))
    Mark.objects.filter(pk__in=[mark.pk for mark in marks]).update(released_at=timezone.now())
    for mark in marks:
        _note_passed(mark)
    user_ids = sorted({mark.submission.user_id for mark in marks})
    if user_ids:
        transaction.on_commit(
            lambda: marks_released.send(sender=Assignment, assignment_id=assignment.pk, user_ids=user_ids)
        )
    return len(marks)


def most_points(assignment: Assignment, criteria: list[Criterion] | None = None) -> float:
    """What the best work gets: the rubric's best levels, or the points of the assignment without one."""
    criteria = list(assignment.criteria.all()) if criteria is None else criteria
    return sum(criterion.points for criterion in criteria) or assignment.points


def _note_passed(mark: Mark) -> None:
    assignment = mark.submission.assignment
    most = most_points(assignment)
    passed = 100 * mark.final_points >= assignment.pass_percent * most
    result = {"score": min(1, mark.final_points / most) if most else None, "passed": passed}
    record(kind="graded", user=mark.submission.user, block=assignment.block, data=result)
    completion.submitted(user=mark.submission.user, block=assignment.block, passed=passed)


def _check_open(assignment: Assignment) -> None:
    if assignment.is_closed(timezone.now()):
        raise NotTaken(_("This is no longer taken. Write to your instructor if something kept you."))


def _check_file(assignment: Assignment, upload: File) -> None:
    name = upload.name or ""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if not upload.size:
        raise NotTaken(_("This file is empty."))
    if upload.size > assignment.largest_mb * 1024 * 1024:
        raise NotTaken(
            _("This file has %(size)s; %(largest_mb)s MB is the most here.")
            % {"size": filesizeformat(upload.size), "largest_mb": assignment.largest_mb}
        )
    if assignment.endings and ending not in assignment.endings:
        raise NotTaken(_("Files of these kinds are taken: %(endings)s.") % {"endings": ", ".join(assignment.endings)})
    upload.seek(0)
    head = upload.read(64)
    upload.seek(0)
    if (ending in PROMISED and type_of(head) != PROMISED[ending]) or (ending == "pdf" and not head.startswith(b"%PDF")):
        raise NotTaken(_("This is not a %(upper)s file, although its name says so.") % {"upper": ending.upper()})
