"""How much of a question an answer gets right: pure functions, each a share in 0..1.

Partial credit is given where it is customary: for several choices, for pairs and for gaps. All else is right or wrong.
"""

import math
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

GAP = re.compile(r"\{\{(.+?)\}\}", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?", re.IGNORECASE)
LONGEST_NUMBER = 40


def share_of_one(picked: Collection[int], right: Collection[int]) -> float:
    """One choice, true or false: all or nothing."""
    return float(len(picked) == 1 and set(picked) == set(right))


def share_of_several(picked: Collection[int], right: Collection[int], wrong: Collection[int]) -> float:
    """The share of right choices picked minus the share of wrong ones picked, and never below 0.

    Picking exactly the right ones gives 1; picking everything, or nothing, gives 0 (with no wrong choice on offer there
    is nothing to take off).
    """
    picked, right, wrong = set(picked), set(right), set(wrong)
    if not right:
        return 0.0
    taken_off = len(picked & wrong) / len(wrong) if wrong else 0.0
    return max(0.0, len(picked & right) / len(right) - taken_off)


def normal_form(text: str, *, exact: bool) -> str:
    """What two texts are compared by. Unless `exact`, capitals and the number of spaces make no difference."""
    text = unicodedata.normalize("NFC", text).strip()
    return text if exact else " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def share_of_text(given: str, accepted: Sequence[str], *, exact: bool = False) -> float:
    form = normal_form(given, exact=exact)
    return float(bool(form) and form in {normal_form(text, exact=exact) for text in accepted})


def parse_number(text: str) -> Decimal | None:
    """The number somebody wrote: a decimal comma counts as a point, spaces and underscores group digits, and of comma
    and point the last one is the decimal sign. None for what is no number."""
    text = re.sub("[\\s_'\u2019]", "", unicodedata.normalize("NFKC", text)).replace("\N{MINUS SIGN}", "-")
    if len(text) > LONGEST_NUMBER:
        return None
    if "," in text and "." in text:
        thousands = "," if text.rfind(",") < text.rfind(".") else "."
        text = text.replace(thousands, "")
    text = text.replace(",", ".")
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        return None
    return Decimal(text)


def share_of_number(given: str, number: float, tolerance: float = 0.0) -> float:
    """Right within `tolerance`, its ends included. Compared as decimals: 0.3 is within 0.1 of 0.2."""
    value = parse_number(given)
    if value is None:
        return 0.0
    return float(abs(value - Decimal(repr(number))) <= Decimal(repr(tolerance)))


def share_of_pairs(given: Mapping[int, str], pairs: Mapping[int, str]) -> float:
    """The share of pairs put together rightly. Two pairs with the same right half take it from either."""
    if not pairs:
        return 0.0
    return sum(given.get(left) == match for left, match in pairs.items()) / len(pairs)


def share_of_order(places: Mapping[int, int], order: Sequence[int]) -> float:
    """All or nothing: `places` is item -> place from 1, `order` the items as they belong."""
    return float(len(order) > 0 and dict(places) == {item: place for place, item in enumerate(order, start=1)})


def gaps_of(prompt: str) -> list[list[str]]:
    """`Bread in {{Paris|the capital}}` -> [["Paris", "the capital"]]"""
    return [[form.strip() for form in found.split("|") if form.strip()] for found in GAP.findall(prompt)]


def share_of_gaps(given: Sequence[str], gaps: Sequence[Sequence[str]], *, exact: bool = False) -> float:
    """The share of gaps filled rightly."""
    if not gaps:
        return 0.0
    filled = [*given, *[""] * len(gaps)]
    return sum(share_of_text(text, gap, exact=exact) for text, gap in zip(filled, gaps, strict=False)) / len(gaps)


def share(question, choices, answer) -> float:
    """`answer` in its kind's form (see `answers.py`), None for none. `choices` are the question's, in their order."""
    if answer is None:
        return 0.0
    match question.kind:
        case "single" | "true_false":
            return share_of_one(answer, [c.pk for c in choices if c.is_correct])
        case "multiple":
            right, wrong = ([c.pk for c in choices if c.is_correct is value] for value in (True, False))
            return share_of_several(answer, right, wrong)
        case "text":
            return share_of_text(answer, question.accepted_forms, exact=question.exact)
        case "numeric":
            return share_of_number(answer, question.number, question.tolerance)
        case "matching":
            given = {int(pk): match for pk, match in answer.items()}
            return share_of_pairs(given, {c.pk: c.match for c in choices if c.text})
        case "ordering":
            return share_of_order({int(pk): place for pk, place in answer.items()}, [c.pk for c in choices])
        case "fill":
            return share_of_gaps(answer, gaps_of(question.prompt), exact=question.exact)
    raise ValueError(f"There is no kind of question called {question.kind!r}.")


def percent(points: float, max_points: float) -> int:
    """Whole percent. A quiz that asks nothing is passed by looking at it."""
    return round(100 * points / max_points) if max_points else 100
