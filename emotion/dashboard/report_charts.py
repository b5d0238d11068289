"""What was compared, said, offered and held against answers, as charts to take along."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from courses.charts.chart import Bars, Chart, Interval, Intervals, Line, Series
from courses.models import Course, Lesson
from emotion.comparison import Row, Side
from emotion.course_calibration import Trust
from emotion.dashboard.history_charts import STATE_WEAVES, looked
from emotion.dashboard.rule_form import ACTIONS, STATES
from emotion.models import SupportRule
from emotion.rule_figures import OUTCOME_WORDS, Figures
from emotion.selectors import SMALLEST_GROUP
from emotion.self_reports import Said

# What students say, in the order and colours of what it is held against.
SAID_COLOURS = ("primary", "expr-fear", "expr-anger", "expr-sadness", "expr-happiness", "expr-neutral")


def compared(of: Lesson, first: Side, second: Side, state: str, rows: list[Row]) -> Chart | None:
    """Two editions or cohorts. None where no part has five students on both sides."""
    if not any(row.interval for row in rows):
        return None
    sides = {"first": first.name, "second": second.name}
    shown = [
        Interval(row.title or _("Untitled"), _words(row, sides), row.low, row.high, row.least, row.most) for row in rows
    ]
    return Chart(
        name=f"compare-{of.pk}-{state}",
        title=_("From %(first)s to %(second)s") % sides,
        about=_("%(lesson)s: how many students %(looked)s") % {"lesson": of.title, "looked": looked(state)},
        header=[
            _("Part"),
            *(
                words % {"side": name}
                for name in sides.values()
                for words in (_("looked so, %(side)s"), _("students, %(side)s"))
            ),
            *(_("Difference from"), _("Difference to")),
            # xgettext:no-python-format
            _("95% interval from"),
            # xgettext:no-python-format
            _("95% interval to"),
            _("In words"),
        ],
        rows=[
            [
                row.title or _("Untitled"),
                *_counted(row.first),
                *_counted(row.second),
                *(_points(value) for value in (row.least, row.most, row.low, row.high)),
                row.verdict,
            ]
            for row in rows
        ],
        panels=[Intervals(shown, _ends())],
        notes=[
            _("A bar that touches the middle line can be chance. A side is shown from %(few)s students up.")
            % {"few": SMALLEST_GROUP}
        ],
    )


def said(of: Lesson, together: Said, parts: list[Said], words: list[str]) -> Chart | None:
    """What students said of a lesson; None below five of them."""
    if not together.answers:
        return None
    named = [(_("All parts together"), together), *((part.title or _("Untitled"), part) for part in parts)]
    told = [(name, list(each.states.values()) if each.states else [None] * len(words)) for name, each in named]
    painted = zip(words, SAID_COLOURS, STATE_WEAVES, strict=True)
    return Chart(
        name=f"said-{of.pk}",
        title=_("What students say of “%(lesson)s”") % {"lesson": of.title},
        about=_("%(course)s, %(n)s answers, the first of each student in a part")
        % {
            "course": of.course.title,
            "n": together.answers,
        },
        header=[_("Part"), _("Answers"), *words],
        rows=[[name, each.answers, *(each.told or [None] * len(words))] for name, each in named],
        panels=[Bars([Series(*each) for each in painted], told, stacked=True, unit="")],
        notes=[_("A part is shown from %(few)s students up, and then in fives.") % {"few": SMALLEST_GROUP}],
    )


def rules(of: Course, kept: list[SupportRule], figures: dict[int, Figures]) -> Chart | None:
    """What came of a course's rules of support. None where no rule has figures."""
    told = [(_rule(rule), figures[rule.pk]) for rule in kept if rule.pk in figures]
    if not told:
        return None
    answers = [Series(_("offered"), "expr-neutral"), Series(_("taken up"), "primary", "M0 0L8 8")]
    answers.append(Series(_("dismissed"), "accent", "M4 0V8"))
    effects = [
        Interval(name, line, effect.low, effect.high, effect.difference, effect.difference)
        for name, each in told
        for line, effect in zip(each.told, each.effects.values(), strict=True)
    ]
    bars = Bars(answers, [(name, (each.shown, each.accepted, each.dismissed)) for name, each in told], unit="")
    ends = [
        (_("difference"), "difference"),
        # xgettext:no-python-format
        (_("95% from"), "low"),
        # xgettext:no-python-format
        (_("95% to"), "high"),
    ]
    return Chart(
        name=f"support-rules-{of.slug}",
        title=_("What came of the rules of support"),
        about=of.title,
        header=[
            _("Rule"),
            *(each.name for each in answers),
            *(f"{_(words)}: {end}" for words in OUTCOME_WORDS.values() for end, _field in ends),
        ],
        rows=[
            [
                name,
                *(each.shown, each.accepted, each.dismissed),
                *(_points(getattr(each.effects.get(o), field, None)) for o in OUTCOME_WORDS for _end, field in ends),
            ]
            for name, each in told
        ],
        panels=[bars, *([Intervals(effects, _ends(), _("Whether they helped"))] if effects else [])],
        notes=[
            _(
                "Occasions older than an hour, %(few)s more students at a time. Points of a hundred after an offer, "
                "held against occasions where it was left out by chance."
            )
            % {"few": SMALLEST_GROUP}
        ],
    )


def calibration(course: Course, trust: Trust, report: dict[str, Any] | None) -> Chart | None:
    """What abstaining is worth; None for a course that is not calibrated."""
    if report is None:
        return None
    return Chart(
        name=f"trust-{course.slug}",
        title=_("How far to trust the learning states"),
        about=course.title,
        header=[_("Judged, %"), _("Of these, wrong, %")],
        rows=[list(row) for row in report["risk"]],
        panels=[Line(report["risk"], _("judged, the surest first"), _("of these, wrong"))],
        notes=[_("In this course: %(line)s.") % {"line": trust.line}],
        as_of=trust.fitted_at,
    )


def _words(row: Row, sides: dict[str, str]) -> str:
    if not row.interval:
        return row.verdict
    return _(
        "%(a)s in %(first)s, %(b)s in %(second)s: %(verdict)s; difference %(difference)s points, "
        "95%% interval %(interval)s."
    ) % {
        **sides,
        "a": row.first,
        "b": row.second,
        "verdict": row.verdict,
        "difference": row.difference,
        "interval": row.interval,
    }


def _counted(count) -> tuple[object, object]:
    """How many looked so, in words where it is not told, and of how many."""
    if count is None:
        return None, None
    if count.looked is not None:
        return count.looked, count.judged
    if count.range[0] == 0:
        return _("fewer than %(few)s") % {"few": count.range.stop}, count.judged
    return _("%(n)s or more") % {"n": count.range[0]}, count.judged


def _points(share: float | None) -> int | None:
    return None if share is None else round(100 * share)


def _rule(rule: SupportRule) -> str:
    where = f" · {rule.lesson.title}" if rule.lesson else ""
    return f"{STATES[rule.state]}: {ACTIONS[rule.action]}{where}"


def _ends() -> tuple[str, str, str]:
    return _("100 points fewer"), _("the same"), _("100 points more")
