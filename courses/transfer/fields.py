"""A row's own fields as JSON and back: everything but relations, ids and what is named. A new plain field travels
without a change here. Coming back, each value is held against its field, since a file may say anything."""

import math
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class NotACourse(ValueError):
    """What came is no course that can be taken in; the message is one sentence for the person who brought it."""


def plain_fields(model: type[models.Model], without: tuple[str, ...] = ()) -> list[models.Field]:
    return [f for f in model._meta.concrete_fields if not (f.primary_key or f.is_relation or f.name in without)]


def plain(row: models.Model, without: tuple[str, ...] = ()) -> dict[str, Any]:
    return {field.name: _as_json(row, field) for field in plain_fields(type(row), without)}


def _as_json(row: models.Model, field: models.Field) -> Any:
    value = field.value_from_object(row)
    if value is None or isinstance(value, bool | int | float | str | list | dict):
        return value
    return field.value_to_string(row)


def filled(row: models.Model, data: dict, where: str, without: tuple[str, ...] = ()) -> models.Model:
    """Set the row's plain fields from what a file says; those that it does not name keep their defaults."""
    for field in plain_fields(type(row), without):
        if field.name in data:
            setattr(row, field.name, _checked(field, data[field.name], f"{where}, {field.name}"))
    return row


def _checked(field: models.Field, value: Any, where: str) -> Any:
    if value is None:
        if field.null:
            return None
        raise NotACourse(_("%(where)s: a value is missing.") % {"where": where})
    check_type(value, _expected(field), where)
    if (
        field.choices
        and value not in [choice for choice, _words in field.flatchoices]
        and not (field.blank and value == "")
    ):
        raise NotACourse(_("%(where)s: “%(value)s” is not known here.") % {"where": where, "value": str(value)[:40]})
    try:
        value = field.to_python(value)
        field.run_validators(value)
    except ValidationError as error:
        raise NotACourse(f"{where}: {error.messages[0]}") from None
    return value


def _expected(field: models.Field) -> type | tuple[type, ...]:
    if isinstance(field, models.BooleanField):
        return bool
    if isinstance(field, models.IntegerField):
        return int
    if isinstance(field, models.FloatField):
        return (int, float)
    if isinstance(field, models.JSONField):
        return (list, dict, str, int, float, bool)
    return str


WORDS = {
    str: gettext_lazy("text"),
    int: gettext_lazy("a whole number"),
    bool: gettext_lazy("true or false"),
    list: gettext_lazy("a list"),
    dict: gettext_lazy("an object"),
}


def check_type(value: Any, expected: type | tuple[type, ...], where: str) -> Any:
    kinds = expected if isinstance(expected, tuple) else (expected,)
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise NotACourse(
            _("%(where)s: this should be %(kind)s.")
            % {"where": where, "kind": WORDS.get(kinds[0], _("something else"))}
        )
    if isinstance(value, float) and not math.isfinite(value):
        raise NotACourse(_("%(where)s: this is not a number that can be kept.") % {"where": where})
    if isinstance(value, str) and ("\x00" in value or any("\ud800" <= c <= "\udfff" for c in value)):
        raise NotACourse(_("%(where)s: the text has characters that cannot be kept.") % {"where": where})
    return value


def rows_of(data: dict, key: str, where: str) -> list[dict]:
    """The list of objects under a key, none if it is not there."""
    rows = check_type(data.get(key, []), list, f"{where}, {key}")
    return [check_type(row, dict, f"{where}, {key} {n}") for n, row in enumerate(rows, start=1)]
