"""Answers: what a form sends, made into what an attempt keeps.

| kind                          | kept                               | fields                                          |
|-------------------------------|------------------------------------|-------------------------------------------------|
| single, multiple, true_false  | [choice ids]                       | q-7=31&q-7=32                                   |
| text, numeric                 | "as typed"                         | q-7=Paris                                       |
| matching                      | {"choice id": "its match"}         | q-7-0=Paris: the match of the first one shown   |
| ordering                      | {"choice id": place from 1}        | q-7-0=3: the place of the first one shown       |
| fill                          | ["first gap", "second gap"]        | q-7-0=Paris: the first gap                      |

Ordering fields count what is shown, because the ids of the items would tell their order.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from courses.quizzes.layouts import Kind, Slot
from courses.quizzes.scoring import parse_number

Answer = list | str | dict
Fields = Mapping[str, Sequence[str]]  # a form's lists: name -> values
LONGEST_TEXT = 1000
CHOOSING = (Kind.SINGLE, Kind.MULTIPLE, Kind.TRUE_FALSE)


def read(slots: Iterable[Slot], fields: Fields, *, only_sent: bool = False) -> dict[int, Answer]:
    """Question id -> answer. A question without fields has an empty answer or, with `only_sent`, none at all."""
    return {
        slot.question.pk: _read_one(slot, fields)
        for slot in slots
        if not only_sent or any(name in fields for name in names(slot))
    }


def names(slot: Slot) -> list[str]:
    """The names of a question's fields."""
    base = f"q-{slot.question.pk}"
    return [f"{base}-{i}" for i in range(slot.parts)] if slot.parts else [base]


def _read_one(slot: Slot, fields: Fields) -> Answer:
    sent = [list(fields.get(name, ())) for name in names(slot)]
    texts = [str(values[0]) if values else "" for values in sent]
    match slot.question.kind:
        case Kind.MATCHING:
            return {str(left.pk): text for left, text in zip(slot.lefts, texts, strict=True) if text}
        case Kind.ORDERING:
            places = zip(slot.choices, texts, strict=True)
            return {str(item.pk): int(text) for item, text in places if text.isdecimal() and len(text) < 4}
        case Kind.FILL:
            return texts
        case Kind.TEXT | Kind.NUMERIC:
            return texts[0]
    return [int(value) for value in sent[0] if str(value).isdecimal()]


def clean(slot: Slot, answer: Any) -> Answer | None:
    """The answer with only what the question offers; None where nothing is left."""
    ids = {choice.pk for choice in slot.choices}
    match slot.question.kind:
        case Kind.MATCHING:
            matches = set(slot.matches)
            return {pk: text for pk, text in answer.items() if int(pk) in ids and text in matches} or None
        case Kind.ORDERING:
            places = range(1, len(ids) + 1)
            return {pk: place for pk, place in answer.items() if int(pk) in ids and place in places} or None
        case Kind.FILL:
            texts = [text[:LONGEST_TEXT] for text in answer[: slot.parts]]
            return texts if any(text.strip() for text in texts) else None
        case Kind.TEXT | Kind.NUMERIC:
            return answer[:LONGEST_TEXT] if answer.strip() else None
    picked = sorted(ids & set(answer))
    return (picked if slot.question.kind == Kind.MULTIPLE else picked[:1]) or None


def merge(slots: Iterable[Slot], kept: Mapping[str, Answer], given: Mapping[int, Any]) -> dict[str, Answer]:
    """The kept answers with those given in their place; an emptied one is taken out."""
    merged = dict(kept)
    for slot in slots:
        if slot.question.pk in given:
            answer = clean(slot, given[slot.question.pk])
            merged.pop(str(slot.question.pk), None)
            if answer is not None:
                merged[str(slot.question.pk)] = answer
    return merged


def problem(slot: Slot, answer: Answer | None) -> str:
    """What is missing, in words for the student; "" when the answer is whole."""
    if answer is None:
        return _("has no answer yet.")
    match slot.question.kind:
        case Kind.NUMERIC if parse_number(answer) is None:
            return _("wants a number, such as 3.5.")
        case Kind.MATCHING if len(answer) < slot.parts:
            return _("has a part without a match.")
        case Kind.ORDERING if sorted(answer.values()) != list(range(1, slot.parts + 1)):
            return _("wants each place once.")
        case Kind.FILL if any(not text.strip() for text in answer):
            return _("has an empty gap.")
    return ""


def problems(slots: Iterable[Slot], answers: Mapping[str, Answer]) -> dict[int, str]:
    """Question id -> what is missing there, in the order shown."""
    found = {slot.question.pk: problem(slot, answers.get(str(slot.question.pk))) for slot in slots}
    return {pk: words for pk, words in found.items() if words}


def in_words(slot: Slot, answer: Answer | None) -> str:
    """For an export: what was answered, as a person would say it."""
    if answer is None:
        return ""
    texts = {str(choice.pk): choice.text for choice in slot.choices}
    match slot.question.kind:
        case Kind.TEXT | Kind.NUMERIC:
            return answer
        case Kind.FILL:
            return "; ".join(answer)
        case Kind.MATCHING:
            return "; ".join(f"{texts.get(pk, pk)}: {match}" for pk, match in answer.items())
        case Kind.ORDERING:
            return ", ".join(texts.get(pk, pk) for pk, _place in sorted(answer.items(), key=lambda item: item[1]))
    return ", ".join(texts.get(str(pk), str(pk)) for pk in answer)
