"""Who gets into a course. Everything that takes or frees a seat first locks the course's row, so the last seat goes to
one person, and a seat that comes free goes to the next one on the list in the same transaction."""

from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from accounts.models import User
from courses.enrollment.models import Cohort, Invitation
from courses.enrollment.signals import declined, enrolled, requested, students_changed
from courses.events.services import record
from courses.models import Course, Enrollment, EnrollmentMode

Role, Status = Enrollment.Role, Enrollment.Status

WRONG_CODES = 10
WRONG_CODES_WITHIN = 15 * 60


class CourseNotOpen(ValueError):
    """The course takes no students now; the message says why, to the person who wants in."""


class WrongCode(CourseNotOpen):
    """The code typed is not this course's, or too many were tried."""


class LastInstructor(ValueError):
    """Without this person nobody would teach the course."""


class NoSeat(ValueError):
    """All seats are taken."""


def lock_course(course: Course) -> Course:
    """The course as it is now, held until the transaction ends."""
    return Course.objects.select_for_update(no_key=True).get(pk=course.pk)


@transaction.atomic
def enroll_student(
    *, user: User, course: Course, code: str = "", words: str = "", invitation: Invitation | None = None
) -> Enrollment:
    """Join a course, ask to join it, or return to it; the status of the answer tells which came of it: active, waiting
    (no seat is free) or requested. An invitation opens a course whatever its mode. Who takes part already keeps their
    role. Raises CourseNotOpen, WrongCode.
    """
    course = lock_course(course)
    enrollment = Enrollment.objects.select_for_update().filter(user=user, course=course).first()
    if enrollment and enrollment.status == Status.ACTIVE:
        return enrollment
    if not course.is_published:
        raise CourseNotOpen(_("This course takes no new students at the moment."))
    if invitation is not None:
        return _enter_invited(user, course, enrollment, invitation)
    if enrollment and enrollment.status == Status.WAITING:
        return enrollment
    if enrollment and enrollment.status == Status.REQUESTED and course.enrollment == EnrollmentMode.APPROVAL:
        return enrollment
    if enrollment and enrollment.status == Status.DECLINED:
        raise CourseNotOpen(_("Your request was declined. Write to the instructor if that should not be."))
    if course.enrollment == EnrollmentMode.INVITATION:
        raise CourseNotOpen(_("This course is by invitation: ask its instructor for a link."))
    if course.enrollment == EnrollmentMode.CODE:
        _check_code(user, course, code)
    if course.enrollment == EnrollmentMode.APPROVAL:
        return _put(user, course, enrollment, status=Status.REQUESTED, words=words.strip()[:1000])
    return _put(user, course, enrollment, status=_status_by_seats(course))


def _enter_invited(user: User, course: Course, enrollment: Enrollment | None, invitation: Invitation) -> Enrollment:
    invitation = Invitation.objects.select_for_update(of=("self",)).select_related("cohort").get(pk=invitation.pk)
    if invitation.course_id != course.pk:
        raise CourseNotOpen(_("This invitation is for another course."))
    if invitation.why_not:
        raise CourseNotOpen(_(invitation.why_not))
    if invitation.email and invitation.email.casefold() != user.email.casefold():
        raise CourseNotOpen(_("This invitation was sent to another address than that of your account."))
    if enrollment and enrollment.status == Status.WAITING and invitation.role == Role.STUDENT:
        return enrollment  # the link does not jump the queue, and is not used up by trying
    Invitation.objects.filter(pk=invitation.pk).update(uses=F("uses") + 1)
    status = _status_by_seats(course) if invitation.role == Role.STUDENT else Status.ACTIVE
    return _put(user, course, enrollment, status=status, role=invitation.role, cohort=invitation.cohort)


def _check_code(user: User, course: Course, code: str) -> None:
    """Counts the wrong ones, so that nobody finds a code by trying."""
    key = f"enrollment-code:{course.pk}:{user.pk}"
    if cache.get(key, 0) >= WRONG_CODES:
        raise WrongCode(_("That were too many tries. Come back in a quarter of an hour."))
    if constant_time_compare(_plain(code), _plain(course.enrollment_code)):
        cache.delete(key)
        return
    cache.add(key, 0, WRONG_CODES_WITHIN)
    try:
        cache.incr(key)
    except ValueError:  # it ran out between the two
        cache.set(key, 1, WRONG_CODES_WITHIN)
    raise WrongCode(_("This is not the course's code.") if code.strip() else _("Type the code you were given."))


def _plain(code: str) -> str:
    """As people type it: case, spaces and hyphens count for nothing."""
    return code.casefold().replace(" ", "").replace("-", "")


def seats_free(course: Course) -> int | None:
    """None without a limit; never below zero."""
    if course.seats is None:
        return None
    return max(0, course.seats - Enrollment.objects.active().students().for_course(course).count())


def _status_by_seats(course: Course) -> str:
    """Those who wait come first, even in the moment in which a seat is free."""
    free = seats_free(course)
    is_full = free is not None and (free == 0 or Enrollment.objects.waiting().for_course(course).exists())
    return Status.WAITING if is_full else Status.ACTIVE


def _put(
    user: User,
    course: Course,
    enrollment: Enrollment | None,
    *,
    status: str,
    role: str = Role.STUDENT,
    cohort: Cohort | None = None,
    words: str = "",
    by_another: bool = False,
) -> Enrollment:
    """Write the row. The caller holds the course's lock."""
    now = timezone.now()
    if enrollment is None:
        enrollment = Enrollment(user=user, course=course)
    elif enrollment.status != Status.WITHDRAWN:
        enrollment.created_at = now  # they asked or waited; from now on they take part
    enrollment.role, enrollment.status, enrollment.words = role, status, words or enrollment.words
    enrollment.cohort = cohort or enrollment.cohort
    enrollment.queued_at = now if status == Status.WAITING else None
    enrollment.save()
    if status == Status.ACTIVE:
        tell_enrolled(enrollment, by_another=by_another)
    elif status == Status.REQUESTED:
        pk = enrollment.pk
        transaction.on_commit(lambda: requested.send(sender=Enrollment, enrollment_id=pk))
    return enrollment


def tell_enrolled(enrollment: Enrollment, *, by_another: bool) -> None:
    """Those outside who asked to be told of it, and on commit whoever listens to the signal."""
    record(kind="enrolled", user=enrollment.user, course=enrollment.course)
    pk = enrollment.pk
    transaction.on_commit(lambda: enrolled.send(sender=Enrollment, enrollment_id=pk, by_another=by_another))


def fill_seats(course: Course) -> list[Enrollment]:
    """Give free seats to those who wait, the first one first. The caller holds the course's lock."""
    free = seats_free(course)
    waiting = Enrollment.objects.waiting().for_course(course).select_for_update()
    moved = list(waiting if free is None else waiting[:free])
    now = timezone.now()
    for enrollment in moved:
        enrollment.status, enrollment.queued_at, enrollment.created_at = Status.ACTIVE, None, now
        enrollment.save(update_fields=["status", "queued_at", "created_at"])
        tell_enrolled(enrollment, by_another=True)
    return moved


def place_in_line(enrollment: Enrollment) -> int:
    """1 for the next one in."""
    before = Enrollment.objects.waiting().filter(course=enrollment.course_id, queued_at__lt=enrollment.queued_at)
    same = Enrollment.objects.waiting().filter(
        course=enrollment.course_id, queued_at=enrollment.queued_at, pk__lt=enrollment.pk
    )
    return before.count() + same.count() + 1


@transaction.atomic
def enroll_instructor(*, user: User, course: Course) -> Enrollment:
    enrollment, _created = Enrollment.objects.update_or_create(
        user=user,
        course=course,
        defaults={"role": Role.INSTRUCTOR, "status": Status.ACTIVE, "queued_at": None},
    )
    students_changed.send(sender=Enrollment, course=course)
    return enrollment


@transaction.atomic
def withdraw_student(*, user: User, course: Course) -> bool:
    """Leave a course, its waiting list, or take a request back; progress is kept for a return. False if there was
    nothing to leave."""
    course = lock_course(course)
    took_part = Enrollment.objects.active().for_course(course).filter(user=user).exists()
    left = (
        Enrollment.objects.filter(
            user=user, course=course, status__in=[Status.ACTIVE, Status.WAITING, Status.REQUESTED]
        )
        .exclude(role=Role.INSTRUCTOR, status=Status.ACTIVE)
        .update(status=Status.WITHDRAWN, queued_at=None)
    )
    if left and took_part:
        record(kind="left", user=user, course=course)
    if left:
        students_changed.send(sender=Enrollment, course=course)
        fill_seats(course)
    return bool(left)


@transaction.atomic
def answer_request(*, enrollment: Enrollment, accept: bool) -> Enrollment:
    """Let somebody in who asked, or decline. Accepted without a free seat, they wait. One who is declined can still be
    accepted later. A second answer to what was settled meanwhile changes nothing."""
    course = lock_course(enrollment.course)
    enrollment = Enrollment.objects.select_for_update().select_related("user", "course").get(pk=enrollment.pk)
    if enrollment.status not in (Status.REQUESTED, Status.DECLINED):
        return enrollment
    if accept:
        status = _status_by_seats(course)
        return _put(enrollment.user, course, enrollment, status=status, role=enrollment.role, by_another=True)
    if enrollment.status == Status.REQUESTED:
        enrollment.status = Status.DECLINED
        enrollment.save(update_fields=["status"])
        pk = enrollment.pk
        transaction.on_commit(lambda: declined.send(sender=Enrollment, enrollment_id=pk))
    return enrollment


@transaction.atomic
def change_membership(*, enrollment: Enrollment, role: str, cohort: Cohort | None) -> Enrollment:
    """Raises LastInstructor, NoSeat, or ValueError for another course's cohort."""
    if cohort is not None and cohort.course_id != enrollment.course_id:
        raise ValueError(_("This cohort takes another course."))
    course = lock_course(enrollment.course)
    enrollment = Enrollment.objects.select_for_update().get(pk=enrollment.pk)
    if enrollment.status == Status.ACTIVE and role != enrollment.role:
        if enrollment.role == Role.INSTRUCTOR:
            _require_another_instructor(enrollment)
        if role == Role.STUDENT and seats_free(course) == 0:
            raise NoSeat(_("All seats are taken, so nobody can become a student now."))
    enrollment.role, enrollment.cohort = role, cohort
    enrollment.save(update_fields=["role", "cohort"])
    students_changed.send(sender=Enrollment, course=course)
    fill_seats(course)
    return enrollment


@transaction.atomic
def remove_person(*, enrollment: Enrollment) -> Enrollment:
    """Take somebody out; what they did is kept. Raises LastInstructor."""
    course = lock_course(enrollment.course)
    enrollment = Enrollment.objects.select_for_update().get(pk=enrollment.pk)
    if enrollment.status == Status.ACTIVE and enrollment.role == Role.INSTRUCTOR:
        _require_another_instructor(enrollment)
    if enrollment.status == Status.ACTIVE:
        record(kind="left", user=enrollment.user, course=course)
    enrollment.status, enrollment.queued_at = Status.WITHDRAWN, None
    enrollment.save(update_fields=["status", "queued_at"])
    students_changed.send(sender=Enrollment, course=course)
    fill_seats(course)
    return enrollment


def _require_another_instructor(enrollment: Enrollment) -> None:
    others = Enrollment.objects.active().instructors().filter(course=enrollment.course_id).exclude(pk=enrollment.pk)
    if not others.exists():
        raise LastInstructor(_("A course needs someone who teaches it: make another person an instructor first."))


@transaction.atomic
def set_joining(*, course: Course, mode: str, code: str, seats: int | None) -> list[Enrollment]:
    """Who may join, and how many; returns who moved up from the waiting list by it. Nobody loses a seat."""
    course = lock_course(course)
    course.enrollment, course.enrollment_code, course.seats = mode, code, seats
    course.save(update_fields=["enrollment", "enrollment_code", "seats"])
    return fill_seats(course)


def make_invitation(*, course: Course, made_by: User, **fields: Any) -> Invitation:
    return Invitation.objects.create(course=course, made_by=made_by, **fields)


def revoke_invitation(*, invitation: Invitation) -> None:
    """Taking it back twice is taking it back once. Who came by it stays."""
    Invitation.objects.filter(pk=invitation.pk, revoked_at=None).update(revoked_at=timezone.now())


@transaction.atomic
def forget_person(user: User) -> int:
    """Erase somebody's enrollments; their seats go to those who wait. Returns how many rows are gone."""
    removed = 0
    rows = Enrollment.objects.filter(user=user).select_related("course").order_by("course")
    for course in [row.course for row in rows]:
        course = lock_course(course)
        removed += Enrollment.objects.filter(user=user, course=course).delete()[0]
        fill_seats(course)
    for invitation in Invitation.objects.filter(email__iexact=user.email):
        removed += invitation.delete()[0]
    return removed
