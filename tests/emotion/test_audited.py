"""What is done with somebody's emotional data is in the audit log."""

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from emotion import consents, services
from tests.emotion.factories import ALLOWED, SHARED, make_bucket, make_class, make_session

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store", "told")]


def actions() -> list[str]:
    return list(AuditEntry.objects.exclude(action="gate_stated").order_by("number").values_list("action", flat=True))


def test_each_change_of_consent(alice, lesson):
    consents.give_consent(user=alice, course=lesson.course, choices=ALLOWED)
    consents.give_consent(user=alice, course=lesson.course, choices=SHARED)
    assert AuditEntry.objects.first().detail["share_with_instructor"] is True
    consents.withdraw_consent(user=alice, course=lesson.course)
    consents.withdraw_consent(user=alice, course=lesson.course)  # there is nothing left to withdraw
    assert actions() == ["consent_given", "consent_given", "consent_withdrawn"]


def test_a_look_at_a_history_that_is_shared(client, alice, ines, lesson):
    make_bucket(make_session(alice, lesson, share=True))
    client.force_login(ines)
    address = reverse("admin:emotion_lessonclimate_change", args=[lesson.pk])
    client.get(address)
    assert actions() == []
    client.get(f"{address}?student={alice.pk}")
    assert actions() == ["history_viewed"]
    entry = AuditEntry.objects.first()
    assert (entry.actor, entry.subject) == (ines.pseudonym.name, alice.pseudonym.name)


def test_downloads(client, alice, ines, lesson):
    make_bucket(make_session(alice, lesson))
    make_class(lesson, 5)
    client.force_login(alice)
    client.get(f"/api/v1/me/emotion-history/?lesson={lesson.pk}")
    assert actions() == []
    client.get(f"/api/v1/me/emotion-history/?lesson={lesson.pk}&format=csv")
    client.force_login(ines)
    client.get(f"/api/v1/lessons/{lesson.pk}/emotion/?format=csv")
    assert actions() == ["history_exported", "class_exported"]
    assert AuditEntry.objects.first().subject == ""


def test_an_erasure(alice, lesson):
    make_bucket(make_session(alice, lesson))
    services.erase_history(user=alice, course=lesson.course)
    services.erase_history(user=alice, course=lesson.course)  # nothing was left
    assert actions() == ["history_erased"]
