"""A chart as a download, noted in the audit log."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from accounts.spreadsheets import harmless
from courses.charts.chart import Chart
from courses.charts.picture import picture

FORMS = {"csv": "text/csv; charset=utf-8", "svg": "image/svg+xml; charset=utf-8"}


def chart_file(chart: Chart | None, form: str, *, actor: User, subject: User | None = None, **of: Any) -> HttpResponse:
    """A chart in one of FORMS. `subject` is whose it is, None for a class's; `of` says of which lesson or course.

    Raises Http404 for None: what its page does not show is no file either.
    """
    if chart is None:
        raise Http404(_("There is nothing to show yet."))
    action = audit.Action.HISTORY_EXPORTED if subject else audit.Action.CLASS_EXPORTED
    audit.record(action=action, actor=actor, subject=subject, chart=chart.name, form=form, **of)
    return as_file(chart, form)


def as_file(chart: Chart, form: str) -> HttpResponse:
    """The same without a note, for a chart that is about nobody."""
    name = f"attune-{chart.name}-{timezone.localdate():%Y-%m-%d}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return HttpResponse(table(chart) if form == "csv" else picture(chart), content_type=FORMS[form], headers=headers)


def table(chart: Chart) -> str:
    """As CSV, with the mark without which Excel takes it for another encoding."""
    text = io.StringIO("\ufeff")
    text.seek(0, io.SEEK_END)
    csv.writer(text).writerows([harmless(cell) for cell in row] for row in (chart.header, *chart.rows))
    return text.getvalue()


class FormConverter:
    """`<chart:form>` in an address."""

    regex = "|".join(FORMS)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value
