"""Enrollments from a CSV file: first a plan that tells of each line what would happen, then all of it or nothing."""

import csv
import io
from dataclasses import dataclass, field

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from courses.enrollment.models import INVITED_ROLES, Cohort, Invitation
from courses.enrollment.services import fill_seats, lock_course, seats_free, tell_enrolled
from courses.enrollment.signals import students_changed
from courses.models import Course, Enrollment

MOST_LINES = 5000
COLUMNS = ("email", "name", "role", "cohort")
ENROLL, CHANGE, NOTHING, INVITE = "enroll", "change", "nothing", "invite"


class Unreadable(ValueError):
    """The file is no list of people; the message says what is wrong with it."""


class NotAsPlanned(ValueError):
    """Some lines have errors, so nothing was done. `plan` tells which."""

    def __init__(self, plan: "Plan"):
        self.plan = plan
        super().__init__(f"{len(plan.errors)} lines have errors.")


@dataclass
class Line:
    number: int  # in the file, the heading being line 1
    email: str
    name: str
    role: str
    cohort: Cohort | None
    action: str = ""
    words: str = ""
    error: str = ""
    user: User | None = None


@dataclass
class Plan:
    lines: list[Line] = field(default_factory=list)

    @property
    def errors(self) -> list[Line]:
        return [line for line in self.lines if line.error]

    @property
    def work(self) -> list[Line]:
        return [line for line in self.lines if not line.error and line.action != NOTHING]

    def count(self, action: str) -> int:
        return sum(line.action == action and not line.error for line in self.lines)

    @property
    def summary(self) -> dict[str, int]:
        return {action: self.count(action) for action in (ENROLL, CHANGE, INVITE, NOTHING)}


def decode(content: bytes) -> str:
    """UTF-8 with or without a byte order mark. Raises Unreadable."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable(_("This file is not in UTF-8. Save it as “CSV UTF-8” and try again.")) from None


def rows_of(text: str) -> list[tuple[int, dict[str, str]]]:
    """(line number, {column: value}) of each line with something in it; commas, semicolons or tabs. Raises
    Unreadable."""
    text = text.removeprefix("\ufeff")
    heading = text.partition("\n")[0]
    delimiter = max(",;\t", key=heading.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, dict[str, str]]] = []
    columns: list[str] = []
    begins = 1
    try:
        for row in reader:
            line, begins = begins, reader.line_num + 1
            values = [value.strip() for value in row]
            if not any(values):
                continue
            if not columns:
                columns = _columns(values)
                continue
            if len(rows) == MOST_LINES:
                raise Unreadable(_("%(most)d people at once are the most. Split the file.") % {"most": MOST_LINES})
            rows.append((line, dict(zip(columns, values, strict=False))))
    except csv.Error as error:
        raise Unreadable(
            _("Line %(line)d cannot be read: %(why)s.") % {"line": reader.line_num, "why": error}
        ) from None
    if not rows:
        raise Unreadable(_("There is nobody in this file: below the heading, each line is a person."))
    return rows


def _columns(values: list[str]) -> list[str]:
    columns = [{"e-mail": "email"}.get(value.casefold(), value.casefold()) for value in values]
    if "email" not in columns:
        raise Unreadable(_("The first line names the columns: email, and where you like name, role and cohort."))
    for column in columns:
        if column and column not in COLUMNS:
            known = ", ".join(COLUMNS)
            raise Unreadable(
                _("There is no column “%(column)s”; the columns are %(known)s.") % {"column": column, "known": known}
            )
        if column and columns.count(column) > 1:
            raise Unreadable(_("The column “%(column)s” is there twice.") % {"column": column})
    return columns


def plan_import(*, course: Course, text: str, invite: bool) -> Plan:
    """What importing would do. Five queries for any number of lines. Raises Unreadable."""
    cohorts = {cohort.name.casefold(): cohort for cohort in course.cohorts.all()}
    lines = [_line(number, row, cohorts) for number, row in rows_of(text)]
    emails = {line.email for line in lines if not line.error}
    users = _users(emails)
    members = {e.user_id: e for e in Enrollment.objects.for_course(course).filter(user__in=users.values())}
    invited = set(_open_invitations(course))
    free = seats_free(course)
    others_wait = Enrollment.objects.waiting().for_course(course).exists()
    seen: dict[str, int] = {}
    for line in lines:
        if line.error:
            continue
        if first := seen.get(line.email):
            line.error = _("This address is in line %(line)d already.") % {"line": first}
            continue
        seen[line.email] = line.number
        line.user = users.get(line.email)
        if line.user is None:
            _plan_stranger(line, invite=invite, is_invited=line.email in invited)
            continue
        member = members.get(line.user.pk)
        if _needs_proof(line, member):
            _plan_unproven(line, member, invite=invite, is_invited=line.email in invited)
        else:
            free = _plan_known(line, member, 0 if others_wait else free)
    return Plan(lines)


def _line(number: int, row: dict[str, str], cohorts: dict[str, Cohort]) -> Line:
    role = (row.get("role") or Enrollment.Role.STUDENT).casefold()
    named = row.get("cohort", "")
    line = Line(number, row.get("email", "").casefold(), row.get("name", "")[:80], role, cohorts.get(named.casefold()))
    try:
        validate_email(line.email)
    except ValidationError:
        line.error = _("“%(email)s” is not an e-mail address.") % {"email": row.get("email", "")[:100]}
    if not line.error and role not in Enrollment.Role.values:
        known = ", ".join(Enrollment.Role.values)
        line.error = _("“%(role)s” is no role; the roles are %(known)s.") % {"role": role[:40], "known": known}
    if not line.error and named and line.cohort is None:
        line.error = _("This course has no cohort “%(name)s”. Make it first, or correct the line.") % {
            "name": named[:80]
        }
    return line


def _users(emails: set[str]) -> dict[str, User]:
    """By address in lower case; each `owns_address` or not. In portions, because SQLite takes a limited
    number of values."""
    confirmed = EmailAddress.objects.filter(user=OuterRef("pk"), email__iexact=OuterRef("email"), verified=True)
    found: dict[str, User] = {}
    wanted = sorted(emails)
    for start in range(0, len(wanted), 5000):
        rows = User.objects.annotate(address=Lower("email"), owns_address=Exists(confirmed))
        rows = rows.filter(address__in=wanted[start : start + 5000])
        found |= {user.email.casefold(): user for user in rows}
    return found


def _open_invitations(course: Course) -> list[str]:
    rows = Invitation.objects.usable().for_course(course).exclude(email="").values_list("email", flat=True)
    return [email.casefold() for email in rows]


def _plan_stranger(line: Line, *, invite: bool, is_invited: bool) -> None:
    if is_invited:
        line.action, line.words = NOTHING, _("Was invited before; no second mail is sent.")
    elif not invite:
        line.error = _("Nobody here has this address. Tick “invite” to send them a mail, or correct the line.")
    elif line.role not in INVITED_ROLES:
        line.error = _("Instructors are not invited by mail: they need an account first.")
    else:
        line.action, line.words = INVITE, _("Has no account: gets an invitation by e-mail.")


def _needs_proof(line: Line, member: Enrollment | None) -> bool:
    """Anybody can sign up with the address of somebody else, so an address alone makes nobody more than a student; who
    may teach was looked at by the administrator."""
    if not line.user.is_active or line.role == Enrollment.Role.STUDENT or line.user.owns_address or line.user.is_staff:
        return False
    return not (member and member.status == Enrollment.Status.ACTIVE and member.role == line.role)


def _plan_unproven(line: Line, member: Enrollment | None, *, invite: bool, is_invited: bool) -> None:
    """Who has the account never showed that its address is theirs; who can read the invitation shows it."""
    if member and member.status == Enrollment.Status.ACTIVE:
        line.error = _("This account never confirmed its address; change its role on the page of people.")
    elif not is_invited and not invite:
        line.error = _("This account never confirmed its address. Tick “invite” to send a mail there.")
    else:
        _plan_stranger(line, invite=invite, is_invited=is_invited)
        if line.action == INVITE:
            line.words = _("Never confirmed this address: an invitation goes there by e-mail.")
        elif line.error:
            line.error = _("Instructors are not invited by mail: this account has to confirm its address first.")


def _plan_known(line: Line, member: Enrollment | None, free: int | None) -> int | None:
    """Says what would happen with somebody who has an account; returns how many seats are free after it."""
    status = Enrollment.Status
    if not line.user.is_active:
        line.error = _("This account is switched off.")
    elif member and member.status == status.ACTIVE:
        keeps_cohort = line.cohort is None or line.cohort.pk == member.cohort_id
        if member.role == Enrollment.Role.INSTRUCTOR and line.role != member.role:
            line.error = _("Teaches this course; change their role on the page of people.")
        elif member.role == line.role and keeps_cohort:
            line.action, line.words = NOTHING, _("Is in the course like this already.")
        elif line.role == Enrollment.Role.STUDENT and member.role != line.role and free == 0:
            line.error = _("All seats are taken, so nobody can become a student now.")
        else:
            line.action, line.words = CHANGE, _("Is in the course; the role or cohort changes.")
            if line.role != member.role and free is not None:
                free += (member.role == Enrollment.Role.STUDENT) - (line.role == Enrollment.Role.STUDENT)
    elif member and member.status == status.WAITING and line.role == Enrollment.Role.STUDENT:
        line.action, line.words = NOTHING, _("Is on the waiting list and stays there.")
    elif line.role == Enrollment.Role.STUDENT and free == 0:
        line.action, line.words = ENROLL, _("Goes on the waiting list: all seats are taken.")
    else:
        line.action, line.words = ENROLL, _("Is enrolled.")
        if line.role == Enrollment.Role.STUDENT and free is not None:
            free -= 1
    return free


@transaction.atomic
def carry_out(*, course: Course, text: str, invite: bool, made_by: User, site: str) -> Plan:
    """Do what the plan says, as things are now: all of it or nothing (NotAsPlanned). `site` begins the mails' links."""
    course = lock_course(course)
    plan = plan_import(course=course, text=text, invite=invite)
    if plan.errors:
        raise NotAsPlanned(plan)
    now, free = timezone.now(), seats_free(course)
    others_wait = Enrollment.objects.waiting().for_course(course).exists()
    known = [line for line in plan.work if line.action in (ENROLL, CHANGE)]
    members = {e.user_id: e for e in Enrollment.objects.for_course(course).filter(user__in=[x.user for x in known])}
    made, changed, joined = [], [], []
    for line in known:
        member = members.get(line.user.pk) or Enrollment(user=line.user, course=course)
        was_student = member.pk and member.status == member.Status.ACTIVE and member.role == member.Role.STUDENT
        was_active = member.pk and member.status == member.Status.ACTIVE
        is_student = line.role == member.Role.STUDENT
        waits = is_student and not was_active and (others_wait or free == 0)
        if free is not None and not waits:
            free += bool(was_student) - is_student
        if not was_active:
            if member.status != member.Status.WITHDRAWN:
                member.created_at = now  # they asked or waited; from now on they take part
            member.status = member.Status.WAITING if waits else member.Status.ACTIVE
            member.queued_at = now if waits else None
            if not waits:
                joined.append(member)
        member.role, member.cohort = line.role, line.cohort or member.cohort
        (changed if member.pk else made).append(member)
    Enrollment.objects.bulk_create(made, batch_size=500)
    Enrollment.objects.bulk_update(changed, ["role", "cohort", "status", "queued_at", "created_at"], batch_size=200)
    students_changed.send(sender=Enrollment, course=course)
    fill_seats(course)
    Invitation.objects.bulk_create(
        [
            Invitation(
                course=course,
                email=line.email,
                name=line.name,
                role=line.role,
                cohort=line.cohort,
                most_uses=1,
                made_by=made_by,
                site=site,
            )
            for line in plan.work
            if line.action == INVITE
        ],
        batch_size=500,
    )
    for member in joined:
        tell_enrolled(member, by_another=True)
    return plan
