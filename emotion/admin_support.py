"""Rules of support and what they do, for administrators: by course and from five students up, as those who teach it
see it."""

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from accounts.admin_base import UnseenByOthers
from courses.models import Course
from emotion.core.support import Effect
from emotion.models import SupportRule
from emotion.rule_figures import OUTCOME_WORDS, Figures, rule_figures


@admin.register(SupportRule)
class SupportRuleAdmin(UnseenByOthers, ModelAdmin):
    """A paused rule says why; empty the reason to start it again."""

    list_display = ["state", "action", "course", "lesson", "lasting_seconds", "active", "paused_reason"]
    list_filter = ["state", "active"]
    list_select_related = ["course", "lesson"]
    readonly_fields = ["does_it_help"]

    @admin.display(description=_("Does it help?"))
    def does_it_help(self, rule: SupportRule) -> str:
        if rule.pk is None:
            return gettext("Not used yet")
        used_in = Course.objects.filter(pk__in=rule.events.values("lesson__module__course")).order_by("title", "pk")
        told = [(course, figures) for course in used_in if (figures := rule_figures(course).get(rule.pk))]
        if not told:
            return gettext("Not known yet: fewer than five students of a course were offered it.")
        lines = [(f"{course}: {_of_course(figures)}",) for course, figures in told]
        if any(figures.effects for _course, figures in told):
            bound = gettext(
                "The interval in brackets is for one look; a rule is paused by the other bound, which allows for "
                "looking every hour."
            )
            lines.append((bound,))
        return format_html_join(mark_safe("<br>"), "{}", lines)


def _of_course(figures: Figures) -> str:
    counts = {"shown": figures.shown, "accepted": figures.accepted, "dismissed": figures.dismissed}
    parts = [gettext("Shown %(shown)s, accepted %(accepted)s, dismissed %(dismissed)s") % counts]
    parts += [f"{gettext(words)}: {_in_words(figures.effects.get(name))}" for name, words in OUTCOME_WORDS.items()]
    return "; ".join(parts) + "."


def _in_words(effect: Effect | None) -> str:
    if effect is None:
        return gettext("not known yet")
    figures = {"difference": effect.difference, "low": effect.low, "high": effect.high, "bound": effect.always_high}
    if effect.always_high is None:
        words = gettext("%(difference)s (%(low)s to %(high)s)")
    else:
        words = gettext("%(difference)s (%(low)s to %(high)s), surely below %(bound)s")
    return words % {name: f"{share or 0:+.0%}" for name, share in figures.items()}
