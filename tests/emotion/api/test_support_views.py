"""Support over REST, as each person who might ask meets it; camera and features are off unless a test says so."""

import pytest

from emotion.models import BehaviourEvent, FeatureGate, SelfReport, SupportEvent
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def urls(lesson):
    FeatureGate.objects.all().delete()
    return {name: f"/api/v1/lessons/{lesson.pk}/{name}/" for name in ("self-reports", "behaviour")}


def post(client, url, **data):
    return client.post(url, data, content_type="application/json")


@pytest.fixture
def offer(client, alice, urls):
    client.force_login(alice)
    return post(client, urls["self-reports"], state="confused").json()["support"]


def test_a_report_is_answered_with_an_offer(offer):
    assert (offer["type"], offer["action"]) == ("support", "hint")
    assert SelfReport.objects.get().state == "confused"


def test_only_those_enrolled_may_report(client, urls, ines):
    assert post(client, urls["self-reports"], state="bored").status_code == 403
    for person, status in ((ines, 403), (make_user("charlie"), 404)):
        client.force_login(person)
        assert post(client, urls["self-reports"], state="bored").status_code == status
        assert post(client, urls["behaviour"], events=[{"kind": "idle"}]).status_code == status


def test_a_batch_is_kept_whole_or_not_at_all(client, alice, urls):
    client.force_login(alice)
    assert post(client, urls["behaviour"], events=[{"kind": "idle"}] * 50).json() == {"recorded": 50}
    for events in (
        [],
        [{"kind": "idle"}] * 51,
        [{"kind": "idle"}, {"kind": "sneeze"}],
        [{"kind": "idle", "block": 9999}],
    ):
        assert post(client, urls["behaviour"], events=events).status_code == 400
    assert BehaviourEvent.objects.count() == 50


def test_an_offer_is_answered_and_explained_to_its_owner_only(client, offer):
    url = f"/api/v1/support/{offer['id']}/"
    assert client.get(url + "reason/").json() == {"reason": "You said so yourself a moment ago."}
    assert post(client, url + "response/", response="hm").status_code == 400
    assert post(client, url + "response/", response="fine").status_code == 204
    client.force_login(make_user("bob"))
    assert client.get(url + "reason/").status_code == 404
    assert post(client, url + "response/", response="fine").status_code == 404
    assert SupportEvent.objects.get().response == "fine"


def test_a_preference_is_changed_in_part(client, alice, urls):
    client.force_login(alice)
    url = "/api/v1/support/preference/"
    assert client.patch(url, {"off": True}, content_type="application/json").json()["off"] is True
    assert client.patch(url, {"muted_states": ["joy"]}, content_type="application/json").status_code == 400
    assert post(client, urls["self-reports"], state="confused").json()["support"] is None


def test_a_hurried_finger_is_told_so_in_its_language(client, alice, urls):
    alice.locale = "de"
    alice.save()
    client.force_login(alice)
    statuses = [post(client, urls["self-reports"], state="engaged").status_code for _ in range(4)]
    assert statuses == [201] * 4
    answer = post(client, urls["self-reports"], state="engaged")
    assert (answer.status_code, answer.json()) == (429, {"detail": "Danke, für diese Minute reicht es."})
    assert SelfReport.objects.count() == 4


def test_offer_and_reason_come_in_ones_language(client, alice, urls):
    alice.locale = "fr"
    alice.save()
    client.force_login(alice)
    offer = post(client, urls["self-reports"], state="confused").json()["support"]
    assert (offer["accept"], offer["replies"]["fine"]) == ("Un indice", "Tout va bien")
    reason = client.get(f"/api/v1/support/{offer['id']}/reason/").json()["reason"]
    assert reason == "Vous venez de le dire vous-même."


def test_a_report_keeps_its_place(client, alice, lesson, urls):
    client.force_login(alice)
    block = lesson.blocks.last()
    offer = post(client, urls["self-reports"], state="confused", block=block.pk, place_seconds=12.5).json()["support"]
    report = SelfReport.objects.get()
    assert (report.block_number, report.place_seconds, report.edition) == (block.pk, 12.5, lesson.edition)
    assert offer["place"]["read"] == "Back to “Block 2”"
