import json

from django.utils.translation import gettext as _

from courses.quizzes.answers import Fields

LARGEST_BODY = 200_000
LARGEST_NUMBER = 2**31 - 1


class NotRead(ValueError):
    """What was sent is no set of answers. The message is one sentence."""


def attempt_number(given: object) -> int | None:
    """The attempt's number from a form; None where none is given, or nonsense."""
    text = str(given if given is not None else "")
    return int(text) if text.isdecimal() and 0 < int(text) <= LARGEST_NUMBER else None


def read_save(body: bytes) -> tuple[int, Fields]:
    """`{"number": 2, "answers": {"q-7": ["31"], "q-8": ["Paris"]}}` -> (2, the fields). Raises NotRead."""
    if len(body) > LARGEST_BODY:
        raise NotRead(_("Answers take %(largest_body)s bytes at most.") % {"largest_body": LARGEST_BODY})
    try:
        sent = json.loads(body)
    except ValueError as error:
        raise NotRead(_("Answers are sent as JSON.")) from error
    number = attempt_number(sent.get("number")) if isinstance(sent, dict) else None
    fields = sent.get("answers") if isinstance(sent, dict) else None
    if number is None or not isinstance(fields, dict):
        raise NotRead(_('Send {"number": 1, "answers": {"q-7": ["31"]}}.'))
    if not all(isinstance(v, list) and all(isinstance(text, str) for text in v) for v in fields.values()):
        raise NotRead(_('An answer is a list of texts, as in {"q-7": ["31"]}.'))
    return number, fields
