"""Accounts from a table: `email, name, role`, a person a line. Looked at first, made after a second yes.

There are no passwords in the file. Those who are to get one are mailed a link by which they set it themselves.
"""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass

from allauth.account.utils import user_pk_to_url_str
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.validators import validate_email
from django.db import transaction
from django.db.models.functions import Lower
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User

COLUMNS = ("email", "name", "role")
ROLES = ("student", "instructor")
MOST_LINES = 500
LONGEST_FILE = 256 * 1024
NAME_LENGTH = 80
EMAIL_LENGTH = 254


class UnreadableTable(ValueError):
    """The table as a whole cannot be read; the message says why."""


@dataclass
class Line:
    number: int  # as in the file, its heading being 1
    email: str
    name: str
    role: str
    problem: str = ""  # why no account comes of it
    is_there: bool = False  # it has an account already, which stays as it is

    @property
    def is_new(self) -> bool:
        return not self.problem and not self.is_there


def decode(data: bytes) -> str:
    """UTF-8, with or without a mark, or what older spreadsheets write."""
    if len(data) > LONGEST_FILE:
        raise UnreadableTable(
            _("The table is larger than %(longest_file)s KB. Split it.") % {"longest_file": LONGEST_FILE // 1024}
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def read_lines(text: str) -> list[Line]:
    """What each line would do. One query. Raises UnreadableTable."""
    text = text.removeprefix("\ufeff").replace("\0", "")
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)
    reader.fieldnames = [(name or "").strip().lower() for name in reader.fieldnames or []]
    if missing := [name for name in COLUMNS if name not in reader.fieldnames]:
        raise UnreadableTable(
            _("The first line has to name the columns email, name and role; %(missing)s is missing.")
            % {"missing": missing[0]}
        )
    lines = []
    try:
        for row in reader:
            values = [(row[name] or "").strip() for name in COLUMNS]
            if any(values):
                lines.append(Line(reader.line_num, values[0].lower(), values[1], values[2].lower() or ROLES[0]))
    except csv.Error as error:
        raise UnreadableTable(
            _("Line %(line_num)s cannot be read: %(error)s.") % {"line_num": reader.line_num, "error": error}
        ) from None
    if not lines:
        raise UnreadableTable(_("There is nobody in this table."))
    if len(lines) > MOST_LINES:
        raise UnreadableTable(
            _("%(lines)s people are more than %(most_lines)s at once. Split the table.")
            % {"lines": len(lines), "most_lines": MOST_LINES}
        )
    _judge(lines)
    return lines


def _judge(lines: list[Line]) -> None:
    emails = [line.email for line in lines]
    there = set(User.objects.annotate(lower=Lower("email")).filter(lower__in=emails).values_list("lower", flat=True))
    seen: dict[str, int] = {}
    for line in lines:
        line.problem = _problem(line)
        if not line.problem and (first := seen.setdefault(line.email, line.number)) != line.number:
            line.problem = _("The same address as in line %(first)s.") % {"first": first}
        line.is_there = line.email in there


def _problem(line: Line) -> str:
    try:
        validate_email(line.email)
    except ValidationError:
        return _("This is no e-mail address.") if line.email else _("The address is missing.")
    if len(line.email) > EMAIL_LENGTH:
        return _("The address is too long.")
    if len(line.name) > NAME_LENGTH:
        return _("The name is longer than %(name_length)s letters.") % {"name_length": NAME_LENGTH}
    if line.role not in ROLES:
        return _("“%(role)s” is neither student nor instructor.") % {"role": line.role}
    return ""


def make_accounts(*, lines: list[Line]) -> list[User]:
    """Accounts for the new ones, all or none. Somebody who came meanwhile is left as they are."""
    with transaction.atomic():
        made = []
        for line in lines:
            if line.is_new and not User.objects.filter(email__iexact=line.email).exists():
                made.append(
                    User.objects.create_user(
                        line.email, None, display_name=line.name, is_staff=line.role == "instructor"
                    )
                )
    return made


def mail_password_links(*, users: list[User], absolute: Callable[[str], str]) -> int:
    """Each person a mail of their own. How many the mail server took."""
    from allauth.account.forms import default_token_generator  # it imports our own forms, and these import this

    letters = []
    for user in users:
        key = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
        url = absolute(reverse("account_reset_password_from_key", kwargs=key))
        text = render_to_string("accounts/email/set_password.txt", {"user": user, "url": url})
        letters.append(EmailMessage(_("[Attune] Your account is ready"), text, None, [user.email]))
    return get_connection().send_messages(letters) or 0
