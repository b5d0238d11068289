import json
import re
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from courses.events import lrs, services, xapi
from courses.models import LearningEvent, Lesson
from emotion.core.labels import COUNTED_STATES, EXPRESSIONS
from tests.courses.events.test_services import do_everything
from tests.factories import make_quiz, make_user

pytestmark = pytest.mark.django_db

SITE = "https://lms.example"
ADL = "http://adlnet.gov/expapi/"
ACTIVITY_TYPES = {"course", "lesson", "module", "assessment"}


def check(statement: dict) -> None:
    """The rules of xAPI 1.0.3, part two (data), for the parts we use; an unknown property breaks them."""
    allowed = {"id", "actor", "verb", "object", "result", "context", "timestamp", "version"}
    assert {"actor", "verb", "object"} <= statement.keys() <= allowed
    assert str(UUID(statement["id"])) == statement["id"]
    assert re.fullmatch(r"1\.0(\.\d+)?", statement["version"])
    assert datetime.fromisoformat(statement["timestamp"]).tzinfo
    actor = statement["actor"]
    assert actor.keys() == {"objectType", "account"} and actor["objectType"] == "Agent"
    assert actor["account"].keys() == {"homePage", "name"}
    check_iri(actor["account"]["homePage"])
    assert re.fullmatch(r"[0-9a-f]{32}", actor["account"]["name"])
    assert statement["verb"].keys() == {"id", "display"}
    check_iri(statement["verb"]["id"])
    assert statement["verb"]["id"].startswith(ADL + "verbs/")
    check_words(statement["verb"]["display"])
    check_activity(statement["object"])
    assert statement["context"].keys() == {"platform", "contextActivities"}
    assert statement["context"]["contextActivities"].keys() == {"grouping"}
    for activity in statement["context"]["contextActivities"]["grouping"]:
        check_activity(activity)
    if "result" in statement:
        result = statement["result"]
        assert result and result.keys() <= {"score", "success", "completion"}
        assert all(isinstance(result[name], bool) for name in ("success", "completion") if name in result)
        score = result.get("score", {"raw": 0})
        assert score and score.keys() <= {"scaled", "raw"}
        assert all(isinstance(figure, int | float) for figure in score.values())
        assert -1 <= score.get("scaled", 0) <= 1
    assert None not in walk(statement), "null is not allowed"


def check_iri(iri: str) -> None:
    parts = urlsplit(iri)
    assert parts.scheme in ("http", "https") and parts.netloc and not re.search(r"\s", iri)


def check_words(words: dict) -> None:
    assert words and all(re.fullmatch(r"[a-z]{2,3}(-[A-Z]{2})?", tag) and text for tag, text in words.items())


def check_activity(activity: dict) -> None:
    assert activity.keys() == {"objectType", "id", "definition"} and activity["objectType"] == "Activity"
    check_iri(activity["id"])
    assert activity["id"].startswith(SITE + "/")
    assert activity["definition"].keys() == {"name", "type"}
    check_words(activity["definition"]["name"])
    assert activity["definition"]["type"].removeprefix(ADL + "activities/") in ACTIVITY_TYPES


def walk(value):
    """Each name and each value, however deep."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)
    else:
        yield value


@pytest.fixture
def bob(course, ines):
    bob = make_user("bob", display_name="Robert Oberländer")
    do_everything(bob, course, ines)
    return bob


def statements() -> dict[str, dict]:
    rows = LearningEvent.objects.select_related("course", "lesson", "block").order_by("pk")
    return {str(event.uuid): xapi.statement(event, site=SITE) for event in rows}


def test_each_statement_follows_the_specification(bob):
    made = statements()
    for statement in made.values():
        check(statement)
    verbs = {statement["verb"]["id"].rpartition("/")[2] for statement in made.values()}
    assert verbs - {"passed", "failed"} == {"registered", "exited", "initialized", "completed", "answered", "scored"}
    assert set(made) == {statement["id"] for statement in made.values()}


def test_no_statement_tells_who_or_how_it_felt(bob):
    account = services.account_id(bob.pk)
    words = {bob.email, "@", "bob", "robert", "oberl", "ines", "rye", "crust", "emotion", "reading", "consent"}
    words |= {"mood", "feeling", *COUNTED_STATES, *EXPRESSIONS}
    for statement in statements().values():
        for text in walk(statement):
            assert not [word for word in words if word in str(text).lower()], text
        assert "mbox" not in json.dumps(statement)
        assert statement["actor"]["account"] == {"homePage": SITE, "name": account}


def test_results(course, alice):
    quiz = make_quiz(lesson=Lesson.objects.first())
    for data, verb, result in (
        ({"score": 0.5, "passed": False}, "failed", {"success": False, "score": {"scaled": 0.5}}),
        ({"score": 0.9, "passed": True}, "passed", {"success": True, "score": {"scaled": 0.9}}),
    ):
        event = services.record(kind="graded", user=alice, block=quiz.block, data=data)
        statement = xapi.statement(event, site=SITE)
        assert (statement["verb"]["display"]["en-US"], statement["result"]) == (verb, result)
    by_hand = {"item": "assignment-1", "points": 6.0, "excused": False, "by_hand": True}
    statement = xapi.statement(services.record(kind="graded", user=alice, course=course, data=by_hand), site=SITE)
    assert (statement["verb"]["display"]["en-US"], statement["result"]) == ("scored", {"score": {"raw": 6.0}})
    assert statement["object"]["id"].endswith("/items/assignment-1")
    taken_back = services.record(kind="graded", user=alice, course=course, data={**by_hand, "points": None})
    assert xapi.statement(taken_back, site=SITE) is None


@pytest.fixture
def store(receiver, settings):
    settings.ATTUNE_SITE_URL = SITE
    settings.ATTUNE_XAPI_URL = receiver.url.partition("/hook")[0] + "/xapi/"
    settings.ATTUNE_XAPI_KEY, settings.ATTUNE_XAPI_SECRET = "key", "se:cret"
    return receiver


def due_now():
    from django.utils import timezone

    LearningEvent.objects.exclude(xapi_due_at=None).update(xapi_due_at=timezone.now())


def test_the_store_is_told_once(store, bob, monkeypatch):
    monkeypatch.setattr(lrs, "BATCH", 4)
    expected = statements()
    assert lrs.send_due() == len(expected)
    path, headers, _ = store.got[0]
    assert path == "/xapi/statements"
    assert headers["X-Experience-Api-Version"] == "1.0.3" and headers["Authorization"] == "Basic a2V5OnNlOmNyZXQ="
    told = [statement for _, _, body in store.got for statement in json.loads(body)]
    assert {statement["id"]: statement for statement in told} == expected and len(told) == len(expected)
    assert lrs.send_due() == 0


@pytest.mark.parametrize("status", [500, 401, 302, 503])
def test_a_store_that_fails_loses_nothing(store, bob, status):
    store.status = status
    assert lrs.send_due() == 0
    assert len(store.got) == 1, "it is left alone for a while"
    assert lrs.send_due() == 0 and len(store.got) == 1
    store.status = 204
    due_now()
    assert lrs.send_due() == len(statements())


def test_a_store_that_cannot_be_reached_loses_nothing(store, bob, settings):
    there, settings.ATTUNE_XAPI_URL = settings.ATTUNE_XAPI_URL, "http://127.0.0.1:9/"
    assert lrs.send_due() == 0
    settings.ATTUNE_XAPI_URL = there
    due_now()
    assert lrs.send_due() == len(statements())


def test_one_statement_that_is_refused_does_not_hold_up_the_others(store, bob, monkeypatch):
    bad = str(LearningEvent.objects.order_by("pk")[3].uuid)
    known = str(LearningEvent.objects.order_by("pk")[5].uuid)
    taken = set()

    def post(batch):
        ids = {statement["id"] for statement in batch}
        if known in ids and len(ids) > 1:
            return 409
        if bad in ids:
            return 400
        taken.update(ids)
        return 409 if known in ids else 200

    monkeypatch.setattr(lrs, "_post", post)
    lrs.send_due()
    assert taken == set(statements()) - {bad}
    assert [str(u) for u in LearningEvent.objects.exclude(xapi_due_at=None).values_list("uuid", flat=True)] == [bad]


def test_without_a_store_nothing_is_sent(bob, receiver):
    assert lrs.send_due() == 0 and receiver.got == []
