"""The cells of a gradebook. A class's page has thousands, and Django's template language takes longer over one than all
else does over the page: so a row's cells are put together here."""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from courses.gradebook.selectors import Cell, Row
from courses.templatetags.attune import icon, points

register = template.Library()


@register.simple_tag
def grade_cells(row: Row, addresses: Mapping[str, str]) -> SafeString:
    """`addresses` are item's key -> where a mark of it is changed, up to the student's id; empty for those who may not.
    Every part is a constant, a number or escaped."""
    language = get_language() or ""
    cells = []
    for cell in row.cells:
        inside = _figure(cell, language)
        if cell.is_override:
            inside += f" {icon('pencil', _('Set by hand'))}"
        if cell.is_dropped:
            inside += f'<span class="visually-hidden"> {escape(_("left out as the lowest"))}</span>'
        if address := addresses.get(cell.item.key):
            inside = f'<a href="{escape(address)}{int(row.user.pk)}/">{inside}</a>'
        cells.append(f'<td class="dropped">{inside}</td>' if cell.is_dropped else f"<td>{inside}</td>")
    return mark_safe("".join(cells))


def _figure(cell: Cell, language: str) -> str:
    if cell.is_excused:
        return escape(_("excused"))
    if cell.points is None:
        return f'<span aria-label="{escape(_("no mark"))}">\u2013</span>'
    return _points(cell.points, language)


@lru_cache(maxsize=4096)
def _points(value: Decimal, language: str) -> str:
    """As `points` writes them in the language that is active."""
    return escape(points(value))
