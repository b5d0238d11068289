"""Rules of support and what they do, for administrators."""

from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from accounts.admin_base import AdministratorsOnly
from emotion import support
from emotion.core.support import Effect
from emotion.models import SupportRule
from emotion.rule_figures import OUTCOME_WORDS


@admin.register(SupportRule)
class SupportRuleAdmin(AdministratorsOnly, ModelAdmin):
    """A paused rule says why; empty the reason to start it again."""

    list_display = ["state", "action", "course", "lesson", "lasting_seconds", "active", "paused_reason"]
    list_filter = ["state", "active"]
    list_select_related = ["course", "lesson"]
    readonly_fields = ["does_it_help"]

    @admin.display(description=_("Does it help?"))
    def does_it_help(self, rule: SupportRule) -> str:
        if rule.pk is None:
            return gettext("Not used yet")
        row = support.rule_effect(rule)
        parts = [gettext("Shown %(shown)s, accepted %(accepted)s, dismissed %(dismissed)s") % row]
        parts += [f"{gettext(OUTCOME_WORDS[name])}: {_in_words(effect)}" for name, effect in row["effects"].items()]
        told = "; ".join(parts) + "."
        if any(row["effects"].values()):
            told += " " + gettext(
                "The interval in brackets is for one look; a rule is paused by the other bound, which allows for "
                "looking every hour."
            )
        return told


def _in_words(effect: Effect | None) -> str:
    if effect is None:
        return gettext("not known yet")
    figures = {"difference": effect.difference, "low": effect.low, "high": effect.high, "bound": effect.always_high}
    if effect.always_high is None:
        words = gettext("%(difference)s (%(low)s to %(high)s)")
    else:
        words = gettext("%(difference)s (%(low)s to %(high)s), surely below %(bound)s")
    return words % {name: f"{share or 0:+.0%}" for name, share in figures.items()}
