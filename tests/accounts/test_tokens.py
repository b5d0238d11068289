from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertNumQueries, assertRedirects

from accounts import personal_data, tokens
from accounts.models import ApiToken
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(client):
    alice = make_user("alice")
    client.force_login(alice)
    return alice


def ask(client, token: str):
    return client.get("/api/v1/me/", headers={"Authorization": f"Bearer {token}"})


def test_a_token_is_shown_once_and_works(client, alice):
    page = client.post("/you/tokens/", {"name": "Script", "days": "30"})
    token = page.context["made"]
    assertContains(page, token)
    assertNotContains(client.get("/you/tokens/"), token)
    assert token not in str(ApiToken.objects.values().get())
    client.logout()
    assert ask(client, token).json()["email"] == "alice@example.org"
    assert ApiToken.objects.get().last_used_at


def test_a_token_needs_no_csrf_token(alice):
    from django.test import Client

    _, token = tokens.make_token(user=alice, name="x", expires_at=None)
    strict = Client(enforce_csrf_checks=True)
    answer = strict.patch(
        "/api/v1/me/",
        {"display_name": "Al"},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 200
    alice.refresh_from_db()
    assert alice.display_name == "Al"


@pytest.mark.parametrize("end", ["revoked", "expired", "inactive", "made up", "digest", "empty"])
def test_what_is_no_token_any_more(client, alice, end):
    row, token = tokens.make_token(user=alice, name="x", expires_at=timezone.now() + timedelta(days=1))
    client.logout()
    assert ask(client, token).status_code == 200
    if end == "revoked":
        client.force_login(alice)
        assertRedirects(client.post(f"/you/tokens/{row.pk}/revoke/"), "/you/tokens/")
        client.logout()
    elif end == "expired":
        ApiToken.objects.update(expires_at=timezone.now())
    elif end == "inactive":
        alice.is_active = False
        alice.save()
    elif end == "digest":
        token = row.digest
    else:
        token = "" if end == "empty" else token[:-1] + ("a" if token[-1] != "a" else "b")
    answer = ask(client, token)
    assert answer.status_code == 401 and answer["WWW-Authenticate"] == "Bearer"


def test_a_token_that_is_wrong_is_not_made_good_by_a_session(client, alice):
    assert ask(client, "attune_wrong").status_code == 401
    assert client.get("/api/v1/me/").status_code == 200


def test_a_token_costs_one_query(client, alice):
    _, token = tokens.make_token(user=alice, name="x", expires_at=None)
    client.logout()
    ask(client, token)
    with assertNumQueries(1):  # the token with its person; its last use was noted within this minute
        ask(client, token)


def test_nobody_revokes_anothers_token(client, alice):
    row, _ = tokens.make_token(user=make_user("bob"), name="x", expires_at=None)
    assert client.post(f"/you/tokens/{row.pk}/revoke/").status_code == 404
    assert ApiToken.objects.exists()
    client.logout()
    assert client.get("/you/tokens/").url.startswith("/accounts/login/")


def test_a_form_that_is_wrong_keeps_what_was_typed(client, alice):
    assertContains(client.post("/you/tokens/", {"name": "", "days": "7"}), "error-summary", status_code=422)
    assertContains(client.post("/you/tokens/", {"name": "Mine", "days": "7"}), 'value="Mine"', status_code=422)
    assert not ApiToken.objects.exists()


def test_there_is_an_end_to_tokens(client, alice, monkeypatch):
    monkeypatch.setattr(tokens, "MOST_TOKENS", 1)
    client.post("/you/tokens/", {"name": "One"})
    assertContains(client.post("/you/tokens/", {"name": "Two"}), "Revoke one", status_code=422)


def test_tokens_are_exported_in_words_and_erased(client, alice):
    tokens.make_token(user=alice, name="Script", expires_at=None)
    exported = personal_data.export_all(alice)["account"]["api_tokens"]
    assert exported[0]["name"] == "Script" and "digest" not in exported[0]
    personal_data.erase_all(alice)
    assert not ApiToken.objects.exists()
