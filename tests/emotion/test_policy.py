"""The gate fails closed: what nobody has allowed is off."""

import itertools

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import AuditEntry
from emotion.models import FeatureGate
from emotion.policy import (
    INSTITUTIONS,
    JURISDICTIONS,
    POLICY,
    PURPOSES,
    current_gate,
    features_are_on,
    judge,
    state_gate,
)
from lms import env
from tests.factories import make_admin

EU_SCHOOL = {"jurisdiction": "european-union", "institution": "education", "purpose": "education"}
US_SCHOOL = {"jurisdiction": "united-states", "institution": "education", "purpose": "education"}
DEMONSTRATION = {"jurisdiction": "demonstration", "institution": "own-machine", "purpose": "evaluation"}
PRODUCT = list(
    itertools.product(["", "atlantis", *JURISDICTIONS], ["", "circus", *INSTITUTIONS], ["", "fun", *PURPOSES])
)

# The table itself


@pytest.mark.parametrize("use", PRODUCT, ids="-".join)
def test_only_what_the_table_allows_is_allowed_and_every_verdict_cites_its_rule(use):
    verdict = judge(*use)
    assert verdict.allowed == (use in POLICY and POLICY[use].allowed)
    assert verdict.reason and verdict.citation


@given(st.tuples(st.text(), st.text(), st.text()).filter(lambda use: use not in POLICY))
def test_whatever_else_somebody_states_is_refused(use):
    assert not judge(*use).allowed


@given(st.sampled_from(["education", "workplace"]), st.sampled_from(list(PURPOSES)) | st.text())
def test_no_purpose_opens_an_institution_in_the_european_union(institution, purpose):
    assert not judge("european-union", institution, purpose).allowed


@given(
    st.sampled_from(sorted(POLICY)), st.integers(0, 2), st.sampled_from([str.upper, str.title, lambda text: f"{text} "])
)
def test_what_is_nearly_in_the_table_is_not(use, part, spoil):
    nearly = tuple(spoil(text) if number == part else text for number, text in enumerate(use))
    assert not judge(*nearly).allowed


def test_the_table_names_only_what_an_operator_can_choose():
    for jurisdiction, institution, purpose in POLICY:
        assert jurisdiction in JURISDICTIONS and institution in INSTITUTIONS and purpose in PURPOSES


# The gate


@pytest.mark.django_db
class TestGate:
    def test_without_a_statement_the_features_are_off(self):
        assert current_gate() is None
        assert not features_are_on()

    @pytest.mark.parametrize("use", PRODUCT, ids="-".join)
    def test_a_statement_opens_it_as_far_as_the_table_says(self, use):
        jurisdiction, institution, purpose = use
        stated = {"jurisdiction": jurisdiction, "institution": institution, "purpose": purpose}
        if judge(*use).allowed:
            gate = state_gate(**stated, stated_by="a command")
            assert features_are_on() and current_gate() == gate
        else:
            with pytest.raises(ValidationError):
                state_gate(**stated, stated_by="a command")
            assert not features_are_on() and not FeatureGate.objects.exists() and not AuditEntry.objects.exists()

    def test_the_european_union_is_refused_with_the_article_that_says_so(self):
        with pytest.raises(ValidationError) as refused:
            state_gate(**EU_SCHOOL)
        assert "Regulation (EU) 2024/1689, Article 5(1)(f)" in refused.value.messages[0]

    def test_who_stated_what_and_which_notice_they_read_is_kept(self):
        admin = make_admin()
        gate = state_gate(**US_SCHOOL, by=admin)
        assert (gate.by, gate.notice, gate.override) == (admin, "2026-11", "")
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.actor) == ("gate_stated", admin.pseudonym.name)
        assert entry.detail == {**US_SCHOOL, "notice": "2026-11", "override": ""}

    def test_a_policy_that_turns_stricter_closes_a_gate_that_was_open(self, monkeypatch):
        state_gate(**US_SCHOOL)
        monkeypatch.delitem(POLICY, tuple(US_SCHOOL.values()))
        assert not features_are_on()

    def test_the_newest_statement_counts(self):
        state_gate(**US_SCHOOL)
        FeatureGate.objects.create(**EU_SCHOOL, stated_by="by hand")
        assert not features_are_on()

    def test_a_statement_from_before_the_institution_was_asked_allows_nothing(self):
        FeatureGate.objects.create(**{**US_SCHOOL, "institution": ""})
        assert not features_are_on()


# The override, in the settings alone

REASON = "Medical trial approved by our ethics board, file 12/2026"


@pytest.mark.django_db
class TestOverride:
    def test_it_opens_what_the_policy_closes_and_its_reason_is_in_the_audit_log(self, settings):
        settings.ATTUNE_POLICY_OVERRIDE = REASON
        assert not features_are_on()  # a setting states nothing
        gate = state_gate(**EU_SCHOOL, by=make_admin())
        assert features_are_on()
        assert gate.override == AuditEntry.objects.get().detail["override"] == REASON

    @pytest.mark.parametrize("later", ["", "Another reason, that nobody has acknowledged"])
    def test_without_the_reason_it_was_opened_for_the_gate_is_closed(self, settings, later):
        settings.ATTUNE_POLICY_OVERRIDE = REASON
        state_gate(**EU_SCHOOL, by=make_admin())
        settings.ATTUNE_POLICY_OVERRIDE = later
        assert not features_are_on()

    def test_what_the_policy_allows_needs_none(self, settings):
        settings.ATTUNE_POLICY_OVERRIDE = REASON
        assert state_gate(**DEMONSTRATION).override == ""


@pytest.mark.parametrize("value", ["yes", "x" * 201])
def test_an_override_is_a_reason_in_words(monkeypatch, value):
    monkeypatch.setenv("ATTUNE_POLICY_OVERRIDE", value)
    with pytest.raises(ImproperlyConfigured, match="a reason in words, of 20 to 200"):
        env.read_reason("ATTUNE_POLICY_OVERRIDE", shortest=20, longest=200)
