"""Rules of support and what they do, for administrators."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from accounts.admin_base import AdministratorsOnly
from emotion import support
from emotion.models import SupportRule


@admin.register(SupportRule)
class SupportRuleAdmin(AdministratorsOnly, ModelAdmin):
    """A paused rule says why; empty the reason to start it again."""

    list_display = ["state", "action", "course", "lesson", "lasting_seconds", "active", "paused_reason"]
    list_filter = ["state", "active"]
    list_select_related = ["course", "lesson"]
    readonly_fields = ["does_it_help"]

    @admin.display(description="Does it help?")
    def does_it_help(self, rule: SupportRule) -> str:
        if rule.pk is None:
            return "Not used yet"
        row = support.rule_effect(rule)
        parts = [f"Shown {row['shown']}, accepted {row['accepted']}, dismissed {row['dismissed']}"]
        for name, effect in row["effects"].items():
            words = f"{effect.difference:+.0%} ({effect.low:+.0%} to {effect.high:+.0%})" if effect else "not known yet"
            if effect and effect.always_high is not None:
                words += f", surely below {effect.always_high:+.0%}"
            parts.append(f"{name.replace('_', ' ')}: {words}")
        told = "; ".join(parts) + "."
        if any(row["effects"].values()):
            told += (
                " The interval in brackets is for one look; a rule is paused by the other bound, which allows for "
                "looking every hour."
            )
        return told
