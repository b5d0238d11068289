"""Pages speak the language a person chose, else their browser's."""

import asyncio
import re

from django.test import Client

from courses.models import Lesson
from emotion import consumers
from emotion.consumers import FrameSocket
from tests.factories import enroll, make_course, make_user


def page(client: Client, path: str = "/", browser: str = "") -> str:
    return client.get(path, headers={"accept-language": browser} if browser else {}).content.decode()


def test_a_page_speaks_the_browsers_language(client, db):
    assert 'lang="de" dir="ltr"' in page(client, browser="de-AT,de;q=0.9,en;q=0.5")
    assert "Kurse ansehen" in page(client, browser="de")
    assert "Voir les cours" in page(client, browser="fr-CA")
    assert "Look at the courses" in page(client, browser="tlh")
    answer = client.get("/", headers={"accept-language": "de"})
    assert answer["Content-Language"] == "de"
    assert "Accept-Language" in answer["Vary"]


def test_what_a_person_chose_comes_before_their_browser(client, db):
    client.force_login(make_user(locale="ar"))
    shown = page(client, "/home/", browser="de")
    assert 'lang="ar" dir="rtl"' in shown
    assert "مقرراتك" in shown


def test_a_lessons_title_keeps_its_direction_in_a_sentence_that_runs_the_other_way(client, db):
    reader = make_user(locale="ar")
    course = make_course("Bread", slug="bread")
    Lesson.objects.update(title="Why bake?")
    enroll(reader, course)
    client.force_login(reader)
    assert "\u2068Why bake?\u2069" in page(client, "/home/")
    type(reader).objects.update(locale="en")
    assert "Next: Why bake?" in page(client, "/home/")


def test_the_words_of_scripts_come_only_where_they_are_needed(client, db):
    assert "/words.js" not in page(client)
    address = re.search(r'src="(/words\.js[^"]*)"', page(client, browser="de"))[1]
    catalogue = client.get(address, headers={"accept-language": "de"})
    assert catalogue["Content-Type"].startswith("text/javascript")
    assert "Noch nicht gespeichert" in catalogue.content.decode()


def test_a_refusal_of_the_api_is_in_the_readers_language(client, db):
    client.force_login(make_user())
    answer = client.get("/api/v1/courses/nowhere/", headers={"accept-language": "de"})
    assert answer.status_code == 404
    assert answer.json()["detail"] != client.get("/api/v1/courses/nowhere/").json()["detail"]


def test_a_camera_says_what_it_saw_in_the_students_language(monkeypatch):
    monkeypatch.setattr(consumers, "features_are_on", lambda: True)
    sent = []

    class Socket(FrameSocket):
        async def accept(self):
            pass

        async def close(self, code=None, reason=None):
            pass

        async def send(self, text_data=None, bytes_data=None, close=False):
            sent.append(text_data)

    class Nobody:
        is_authenticated = False

    socket = Socket()
    socket.scope = {
        "user": Nobody(),
        "headers": [(b"accept-language", b"de")],
        "url_route": {"kwargs": {"session_id": "1"}},
    }
    asyncio.run(socket.connect())
    asyncio.run(socket._tell({"type": "reading", "words": "Looks happy", "sequence": 1}))
    assert "Sieht fr\\u00f6hlich aus" in sent[0]
