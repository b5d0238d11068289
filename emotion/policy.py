"""Where the emotion features may run: a table that fails closed, and the gate an operator opens.

Article 5(1)(f) of the EU AI Act (Regulation (EU) 2024/1689, applied since 2 February 2025) prohibits inferring emotions
in workplaces and education institutions except for medical or safety reasons; consent does not lift it. The table is a
default, not legal advice; an operator who knows better overrides it in the settings, with a reason that is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from emotion.models import FeatureGate

EU_AI_ACT = "Regulation (EU) 2024/1689, Article 5(1)(f)"
AI_ACT_SCOPE = "Regulation (EU) 2024/1689, Article 2(10)"
HIGH_RISK = "Regulation (EU) 2024/1689, Article 6(2) and Annex III(1)(c)"
US_PRIVACY = "20 U.S.C. § 1232g (FERPA); 15 U.S.C. §§ 6501 to 6506 (COPPA)"
NOTICE_VERSION = "2026-11"  # of templates/admin/emotion/_gate_notice.html, which an administrator acknowledges

JURISDICTIONS = {
    "demonstration": _("Nowhere: a demonstration on one's own machine"),
    "european-union": _("European Union or European Economic Area"),
    "united-states": _("United States"),
}
INSTITUTIONS = {
    "own-machine": _("One person on their own machine"),
    "education": _("An education institution: school, university, training provider"),
    "workplace": _("A workplace: an employer who trains their people"),
}
PURPOSES = {
    "evaluation": _("Trying the software out"),
    "education": _("Supporting people who learn"),
    "medical-safety": _("Medical or safety reasons"),
}


def use_in_words(jurisdiction: str, institution: str, purpose: str) -> tuple[str, str, str]:
    """As the form offers them; what an earlier version knew by another name stays as it was stated."""
    return (
        JURISDICTIONS.get(jurisdiction, jurisdiction),
        INSTITUTIONS.get(institution, institution or "?"),
        PURPOSES.get(purpose, purpose),
    )


@dataclass(frozen=True)
class Verdict:
    allowed: bool
    reason: str
    citation: str = ""


def _table() -> dict[tuple[str, str, str], Verdict]:
    """(jurisdiction, institution, purpose) -> verdict. What is not in it is not allowed."""
    rows = {
        ("demonstration", "own-machine", "evaluation"): Verdict(
            True, _("A demonstration on one's own machine, with one's own face."), AI_ACT_SCOPE
        ),
        ("european-union", "own-machine", "evaluation"): Verdict(
            True, _("Somebody who tries it on themselves, in private, is no institution."), AI_ACT_SCOPE
        ),
        ("united-states", "education", "evaluation"): Verdict(
            True, _("Opt-in per student; under 13 with a parent's consent. State law may ask for more."), US_PRIVACY
        ),
        ("united-states", "education", "education"): Verdict(
            True, _("Opt-in per student; under 13 with a parent's consent. State law may ask for more."), US_PRIVACY
        ),
    }
    for institution in ("education", "workplace"):
        for purpose in ("evaluation", "education"):
            rows["european-union", institution, purpose] = Verdict(
                False, _("Inferring emotions is prohibited here, trials included; consent does not lift it."), EU_AI_ACT
            )
        rows["european-union", institution, "medical-safety"] = Verdict(
            False,
            _(
                "The prohibition excepts medical and safety reasons, but this software is not made or assessed for "
                "them, and such a use is high-risk."
            ),
            f"{EU_AI_ACT}; {HIGH_RISK}",
        )
    return rows


POLICY = _table()
NOT_IN_THE_TABLE = Verdict(
    False, _("This jurisdiction, kind of institution and purpose are not in the policy table."), "emotion/policy.py"
)


def judge(jurisdiction: str, institution: str, purpose: str) -> Verdict:
    return POLICY.get((jurisdiction, institution, purpose), NOT_IN_THE_TABLE)


def state_gate(
    *, jurisdiction: str, institution: str, purpose: str, by: User | None = None, stated_by: str = ""
) -> FeatureGate:
    """Turn the features on for a stated use. `by` has acknowledged the present notice; a command says in `stated_by`
    what it is. Raises ValidationError, naming the rule, where the policy says no and the settings override nothing."""
    verdict = judge(jurisdiction, institution, purpose)
    override = "" if verdict.allowed else settings.ATTUNE_POLICY_OVERRIDE
    if not verdict.allowed and not override:
        stated = f"'{jurisdiction}', '{institution}', '{purpose}'"
        raise ValidationError(
            _("The emotion features stay off for %(stated)s: %(reason)s (%(citation)s)")
            % {"stated": stated, "reason": verdict.reason, "citation": verdict.citation}
        )
    use = {"jurisdiction": jurisdiction, "institution": institution, "purpose": purpose}
    with transaction.atomic():
        kept = {"notice": NOTICE_VERSION if by else "", "override": override}
        audit.record(action=audit.Action.GATE_STATED, actor=by, **use, **kept)
        return FeatureGate.objects.create(**use, **kept, by=by, stated_by=stated_by)


def current_gate() -> FeatureGate | None:
    return FeatureGate.objects.first()


def features_are_on() -> bool:
    """Whether an operator's statement is in force, and the policy, or the very override it was made under, allows it
    still. One query."""
    gate = current_gate()
    if gate is None or not gate.is_open:
        return False
    if judge(gate.jurisdiction, gate.institution, gate.purpose).allowed:
        return True
    return bool(gate.override) and gate.override == settings.ATTUNE_POLICY_OVERRIDE
