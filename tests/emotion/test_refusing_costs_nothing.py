"""The same student on the same day, twice: with the camera allowed, a history behind it and a session open; and with
nothing of that. What she does in her course, and every page and answer she then gets, is the same to the letter."""

import datetime
import json
import re

import pytest
import time_machine
from django.core.cache import cache
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from courses.models import Block, Lesson
from emotion.models import Consent, LessonSession
from tests.courses.assignments.factories import make_assignment
from tests.courses.world import AsJson, World, is_of_packages, routes
from tests.emotion.factories import make_bucket
from tests.factories import make_quiz, right_answers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store", "told")]

# The camera's own pages, and what a person may read of themselves: there, a consent has to show.
OF_THE_CAMERA = {
    "emotion:consent", "emotion:withdraw", "emotion:history", "emotion:history-chart", "emotion:course-history",
    "emotion:course-history-chart", "emotion-api:sessions", "emotion-api:frames", "emotion-api:frame",
    "emotion-api:readings", "emotion-api:end", "emotion-api:on-device", "emotion-api:on-device-file",
    "emotion-api:history", "emotion-api:own-history",
    "accounts:audit-log", "accounts:export", "accounts:export-zip",
}  # fmt: skip


def plain(response) -> str:
    """An answer without the camera's panel and without what is new in each answer by design."""
    if response.streaming:
        text = b"".join(response.streaming_content).decode("latin-1")
    else:
        text = response.content.decode("latin-1" if "pdf" in response.get("Content-Type", "") else "utf-8")
    text = re.sub(r'<section class="card-box camera".*?</section>', "", text, flags=re.S)
    text = re.sub(r"<script[^>]*webcam\.js[^>]*></script>", "", text)
    for new in (r'value="[\w-]{64}"', r'data-tour="[\w-]+"', r'nonce="[^"]+"', r"/ID \[.*?\]"):
        text = re.sub(new, "", text, flags=re.S)
    kept = ("Content-Type", "Location", "Content-Disposition")
    return "\n".join([str(response.status_code), *(response.get(each, "") for each in kept), re.sub(r"\s+", " ", text)])


class Day:
    """What happens in a course in a day; each answer by what was asked."""

    def __init__(self, client, world: World) -> None:
        self.client, self.world, self.answers = client, world, {}

    def ask(self, who: str, method: str, address: str, body=None):
        self.client.force_login(self.world.people[who])
        sender = AsJson(self.client) if "/api/" in address else self.client
        response = getattr(sender, method)(address, body) if body is not None else getattr(sender, method)(address, {})
        assert response.status_code < 400, (address, response.content)
        self.answers[f"{len(self.answers)} {who} {method} {address}"] = plain(response)
        return json.loads(response.content) if "json" in response.get("Content-Type", "") else response

    def alice(self, method: str, address: str, body=None):
        return self.ask("alice", method, address, body)

    def passes(self, quiz, assignment) -> None:
        """Reads, takes the quiz, hands work in, asks and answers, says how it goes, completes; is marked."""
        world, lesson = self.world, self.world.lesson
        api = "/api/v1"
        self.alice("get", f"/lessons/{lesson.pk}/")
        self.alice("post", f"/lessons/{lesson.pk}/progress/", {"block": world.block.pk})

        shown = self.alice("get", f"{api}/quizzes/{quiz.pk}/")
        right = {pk: [str(choice) for choice in chosen] for pk, chosen in right_answers(quiz).items()}
        given = {question["name"]: right[question["id"]] for question in shown["questions"]}
        sent = {"number": shown["number"], "answers": given}
        assert self.alice("post", f"{api}/quizzes/{quiz.pk}/submit/", sent)["attempt"]["passed"]

        work = f"{api}/assignments/{assignment.pk}"
        self.alice("post", f"{work}/draft/", {"text": "My essay"})
        mine = self.alice("post", f"{work}/hand_in/")
        self.ask("ines", "post", f"{api}/submissions/{mine['id']}/mark/", {"points": 3, "comment": "Airy"})
        self.ask("ines", "post", f"{work}/release/")

        asked = self.alice("post", f"{api}/threads/", {"lesson": lesson.pk, "title": "Why?", "body": "I wonder."})
        reply = self.ask("ines", "post", f"{api}/posts/", {"thread": asked["id"], "body": "Because."})
        self.alice("post", f"{api}/posts/{reply['id']}/act/", {"action": "accept"})

        for state in ("confused", "bored", "delighted"):
            said = self.alice("post", f"{api}/lessons/{lesson.pk}/self-reports/", {"state": state})
            assert said["support"] if state == "confused" else not said["support"]  # one offer in ten minutes
        self.alice("post", f"{api}/lessons/{lesson.pk}/behaviour/", {"events": [{"kind": "rewind"}]})
        self.alice("patch", f"{api}/support/preference/", {"off": False})
        for each in Lesson.objects.for_course(lesson.course).published():
            self.alice("post", f"/lessons/{each.pk}/complete/")
        assert self.alice("get", f"{api}/courses/{lesson.course.pk}/grades/")["grades"]["total"] is not None

    def looks_everywhere(self) -> None:
        """Every page and every answer of the API that is not the camera's own; as what asks of others, too."""
        self.client.force_login(self.world.people["alice"])
        for name, arguments in sorted(routes()):
            if name in OF_THE_CAMERA or is_of_packages(name) or name.startswith("admin:") or name == "emotion:guardian":
                continue
            address = reverse(name, kwargs={each: self.world.argument(name, each) for each in arguments})
            self.answers[name] = plain(self.client.get(address))
            cache.clear()  # this many at once are too many for one minute


def test_whatever_she_does_and_sees_is_the_same(client, settings, tmp_path, django_capture_on_commit_callbacks):
    morning = timezone.now().replace(hour=9, minute=0, second=0, microsecond=0)
    with time_machine.travel(morning - datetime.timedelta(days=1), tick=False):
        settings.MEDIA_ROOT = tmp_path / "files"
        world = World(tmp_path)
        Block.objects.filter(kind="reflection").delete()  # is done by a page's own script, and holds completion back
        quiz, assignment = make_quiz(lesson=world.lesson), make_assignment(lesson=world.lesson)
        Consent.objects.update(history=True, share_with_instructor=True)
        make_bucket(world.session, place=1, confused=10)
    days = []
    for has_consented in (True, False):
        cache.clear()
        with transaction.atomic(), time_machine.travel(morning, tick=False):
            if not has_consented:
                LessonSession.objects.all().delete()
                Consent.objects.all().delete()
            day = Day(client, world)
            with django_capture_on_commit_callbacks(execute=True):
                day.passes(quiz, assignment)
                day.looks_everywhere()
            days.append(day.answers)
            transaction.set_rollback(True)
    with_it, without = days
    assert with_it.keys() == without.keys()
    differ = [asked for asked in with_it if with_it[asked] != without[asked]]
    assert not differ, _first_difference(differ[0], with_it[differ[0]], without[differ[0]])
    opened = [asked for asked in with_it if with_it[asked].startswith("200")]
    assert len(opened) > 80, len(opened)
    assert any("json" in with_it[asked] for asked in opened) and any("html" in with_it[asked] for asked in opened)


def _first_difference(asked: str, one: str, other: str) -> str:
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    start = max(0, at - 80)
    return f"{asked}\n with: …{one[start : at + 160]}\n without: …{other[start : at + 160]}"
