"""Where the emotion features may run: a table that fails closed, and the gate an operator opens.

Article 5(1)(f) of the EU AI Act (Regulation (EU) 2024/1689, applied since 2 February 2025) prohibits inferring emotions
in education institutions except for medical or safety reasons; consent does not lift it.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import audit
from emotion.models import FeatureGate

EU_AI_ACT = "Regulation (EU) 2024/1689, Article 5(1)(f)"


@dataclass(frozen=True)
class Verdict:
    allowed: bool
    reason: str


# (jurisdiction, purpose) -> verdict. What is not in the table is not allowed.
POLICY: dict[tuple[str, str], Verdict] = {
    ("demonstration", "evaluation"): Verdict(True, "A demonstration on one's own machine, with one's own face."),
    ("european-union", "education"): Verdict(False, f"{EU_AI_ACT} prohibits this; consent does not lift it."),
    ("european-union", "evaluation"): Verdict(False, f"{EU_AI_ACT} covers trials in education institutions too."),
    ("united-states", "education"): Verdict(
        True, "Opt-in consent per student; FERPA and, under 13, COPPA apply to the operator."
    ),
}


def judge(jurisdiction: str, purpose: str) -> Verdict:
    known = POLICY.get((jurisdiction, purpose))
    return known or Verdict(False, "This jurisdiction and purpose are not in the policy table.")


def state_gate(*, jurisdiction: str, purpose: str, stated_by: str) -> FeatureGate:
    """Record an operator's statement. Raises ValidationError, naming the rule, where the policy says no."""
    verdict = judge(jurisdiction, purpose)
    if not verdict.allowed:
        raise ValidationError(f"The emotion features stay off for '{jurisdiction}', '{purpose}': {verdict.reason}")
    with transaction.atomic():
        audit.record(action=audit.Action.GATE_STATED, jurisdiction=jurisdiction, purpose=purpose)
        return FeatureGate.objects.create(jurisdiction=jurisdiction, purpose=purpose, stated_by=stated_by)


def current_gate() -> FeatureGate | None:
    return FeatureGate.objects.first()


def features_are_on() -> bool:
    """Whether an operator's statement is in force and the policy still allows it."""
    gate = current_gate()
    return gate is not None and judge(gate.jurisdiction, gate.purpose).allowed
