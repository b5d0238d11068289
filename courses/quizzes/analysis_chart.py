"""How a quiz's questions work, as a chart to take along."""

from __future__ import annotations

from django.utils.translation import gettext as _

from courses.charts.chart import Bars, Chart, Series
from courses.quizzes.analysis import Analysis, Item
from courses.quizzes.models import Quiz


def analysis_chart(quiz: Quiz, analysis: Analysis) -> Chart | None:
    """None while too few students have handed it in."""
    if not analysis.items:
        return None
    named = [(f"{number}. {item.question}", item) for number, item in enumerate(analysis.items, 1)]
    difficulty = [(name, [item.difficulty_percent]) for name, item in named]
    return Chart(
        name=f"quiz-{quiz.pk}",
        title=_("%(quiz)s: how its questions work") % {"quiz": quiz},
        about=_("First attempts of %(n)s students, who reached %(mean)s%% on average")
        % {"n": analysis.students, "mean": round(analysis.mean_percent or 0)},
        header=[
            *(_("Question"), _("Students"), _("Difficulty, %"), _("Discrimination"), _("Choice"), _("Right")),
            *(_("Upper half, picked it"), _("Upper half"), _("Lower half, picked it"), _("Lower half")),
        ],
        rows=[row for name, item in named for row in _rows(name, item)],
        panels=[
            Bars([Series(_("Difficulty"), "primary")], difficulty, title=_("Difficulty")),
            *(_choices(name, item) for name, item in named if item.choices and item.upper_n and item.lower_n),
        ],
        # xgettext:no-python-format
        notes=[_("Difficulty is the share of a question's points that was reached on average: 100% is easy.")],
    )


def _rows(name: str, item: Item) -> list[list[object]]:
    known = None if item.discrimination is None else round(item.discrimination, 2)
    told = [name, item.n, item.difficulty_percent, known]
    if not item.choices:
        return [[*told, *[None] * 6]]
    return [
        [
            *told,
            shown.choice.text,
            int(shown.choice.is_correct),
            *(shown.upper, item.upper_n, shown.lower, item.lower_n),
        ]
        for shown in item.choices
    ]


def _choices(name: str, item: Item) -> Bars:
    halves = [
        Series(_("Upper half (%(n)s)") % {"n": item.upper_n}, "primary"),
        Series(_("Lower half (%(n)s)") % {"n": item.lower_n}, "accent", "M0 0L8 8"),
    ]
    rows = []
    for shown in item.choices:
        label = f"✓ {shown.choice.text}" if shown.choice.is_correct else shown.choice.text
        shares = (shown.upper / item.upper_n, shown.lower / item.lower_n)
        rows.append((label, [round(100 * share) for share in shares]))
    return Bars(halves, rows, title=name)
