"""The gate fails closed: what nobody has allowed is off."""

import pytest
from django.core.exceptions import ValidationError

from emotion.models import FeatureGate
from emotion.policy import POLICY, current_gate, features_are_on, judge, state_gate

pytestmark = pytest.mark.django_db


def test_without_a_statement_the_features_are_off():
    assert current_gate() is None
    assert not features_are_on()


@pytest.mark.parametrize(("jurisdiction", "purpose"), [("demonstration", "evaluation"), ("united-states", "education")])
def test_an_allowed_statement_turns_them_on_and_is_kept(jurisdiction, purpose):
    gate = state_gate(jurisdiction=jurisdiction, purpose=purpose, stated_by="Olga Operator")
    assert features_are_on()
    assert current_gate() == gate
    assert (gate.stated_by, str(gate)) == ("Olga Operator", f"{jurisdiction}, {purpose}")


@pytest.mark.parametrize("purpose", ["education", "evaluation"])
def test_the_european_union_is_refused_with_the_article_that_says_so(purpose):
    with pytest.raises(ValidationError) as refused:
        state_gate(jurisdiction="european-union", purpose=purpose, stated_by="Olga Operator")
    assert "Regulation (EU) 2024/1689, Article 5(1)(f)" in refused.value.messages[0]
    assert not FeatureGate.objects.exists()
    assert not features_are_on()


@pytest.mark.parametrize(
    ("jurisdiction", "purpose"),
    [("atlantis", "education"), ("united-states", "marketing"), ("", ""), ("European-Union", "education")],
)
def test_what_is_not_in_the_table_is_refused(jurisdiction, purpose):
    with pytest.raises(ValidationError, match="not in the policy table"):
        state_gate(jurisdiction=jurisdiction, purpose=purpose, stated_by="Olga Operator")
    assert not features_are_on()


def test_a_policy_that_turns_stricter_closes_a_gate_that_was_open(monkeypatch):
    state_gate(jurisdiction="united-states", purpose="education", stated_by="Olga Operator")
    monkeypatch.delitem(POLICY, ("united-states", "education"))
    assert not features_are_on()


def test_the_newest_statement_counts():
    state_gate(jurisdiction="united-states", purpose="education", stated_by="Olga Operator")
    FeatureGate.objects.create(jurisdiction="european-union", purpose="education", stated_by="by hand")
    assert not features_are_on()


def test_every_verdict_says_why():
    assert all(verdict.reason for verdict in POLICY.values())
    assert judge("nowhere", "nothing").reason
