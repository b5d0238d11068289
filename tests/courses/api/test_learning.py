"""What a student leaves in a lesson, and what its authors do to its order, over REST."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from courses.models import Block, BlockProgress, Lesson, Module, Progress, Reflection
from tests.factories import make_course, make_lesson

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 60


@pytest.fixture
def lesson(course):
    return Lesson.objects.for_course(course).published().get()


@pytest.fixture
def block(lesson):
    return lesson.blocks.first()


def test_time_in_view_completes_a_block_and_the_answer_says_what_remains(ask, people, lesson, block):
    Block.objects.filter(pk=block.pk).update(rule="seen", rule_value=30)
    path = f"blocks/{block.pk}/progress/"
    assert ask("alice", "get", path)[1] == {
        "block": block.pk,
        "seen_seconds": 0,
        "watched_percent": 0,
        "video_second": 0,
        "completed_at": None,
    }
    Progress.objects.create(user=people["alice"], lesson=lesson, started_at=timezone.now() - timedelta(hours=1))
    status, answer = ask("alice", "post", path, {"seconds": 10})
    assert (status, [left["block"] for left in answer["remaining"]]) == (200, [block.pk])
    assert ask("alice", "post", path, {"seconds": 31})[1]["remaining"] == []
    assert ask("alice", "get", path)[1]["completed_at"]
    assert ask("ines", "post", path, {"seconds": 31})[0] == 403
    assert ask("otto", "post", path, {"seconds": 31})[0] == 404
    assert BlockProgress.objects.get().user == people["alice"]


@pytest.mark.parametrize("wrong", [{"seconds": -1}, {"second": 10**9}, {"watched": "xyz"}])
def test_reports_that_cannot_be(ask, block, wrong):
    assert ask("alice", "post", f"blocks/{block.pk}/progress/", wrong)[0] == 400
    assert not BlockProgress.objects.exists()


def test_where_a_video_was_left(ask, block):
    path = f"blocks/{block.pk}/progress/"
    assert ask("alice", "post", path, {"second": 42, "watched": "3"})[0] == 200
    assert ask("alice", "get", path)[1]["video_second"] == 42


def test_how_long_a_video_is_tells_how_much_of_it_can_have_run(ask, people, lesson, block):
    begun = timezone.now() - timedelta(seconds=100)
    Progress.objects.create(user=people["alice"], lesson=lesson, started_at=begun)
    path, all_of_it = f"blocks/{block.pk}/progress/", {"second": 0, "watched": "f" * 25}
    assert ask("alice", "post", path, all_of_it)[0] == 200
    assert 30 < ask("alice", "get", path)[1]["watched_percent"] < 60
    assert ask("alice", "post", path, {**all_of_it, "length": 60})[0] == 200
    assert ask("alice", "get", path)[1]["watched_percent"] == 100


def test_where_a_lesson_was_left(ask, lesson, block):
    path = f"lessons/{lesson.pk}/progress/"
    assert ask("alice", "post", path, {"block": block.pk})[1]["last_block"] == block.pk
    assert ask("alice", "post", path, {"block": 10**6})[0] == 400
    assert ask("ines", "post", path)[0] == 403
    assert Progress.objects.get().last_block == block


def test_a_reflection_is_its_writers_and_two_devices_notice_each_other(ask, people, lesson):
    asked = Block.objects.create(lesson=lesson, kind="reflection", title="Think", body="?", position=8)
    path = f"blocks/{asked.pk}/reflection/"
    assert ask("alice", "get", path)[1]["text"] == ""
    first = ask("alice", "post", path, {"text": "One"})[1]
    status, theirs = ask("alice", "post", path, {"text": "Two"})
    assert (status, theirs["text"], theirs["version"]) == (409, "One", first["version"])
    assert ask("alice", "post", path, {"text": "Two", "over": first["version"]})[0] == 200
    assert Reflection.objects.get().text == "Two"
    assert ask("ines", "get", path)[1]["text"] == ""
    assert ask("ines", "post", path, {"text": "Mine"})[0] == 403
    assert ask("alice", "get", f"blocks/{lesson.blocks.first().pk}/reflection/")[0] == 404


def test_moving_what_is_in_a_course(ask, people, course, lesson):
    first, second = lesson.blocks.all()
    assert ask("ines", "post", f"blocks/{second.pk}/move/", {"before": first.pk})[1]["position"] == 1
    other = Module.objects.create(course=course, title="More", position=2)
    assert ask("ines", "post", f"lessons/{lesson.pk}/move/", {"module": other.pk})[1]["module"] == other.pk
    assert ask("ines", "post", f"modules/{other.pk}/move/", {"before": lesson.module_id})[1]["position"] == 1
    elsewhere = make_course(instructor=people["ines"]).modules.get()
    assert ask("ines", "post", f"lessons/{lesson.pk}/move/", {"module": elsewhere.pk})[0] == 400
    for who, status in (("alice", 403), ("otto", 404), ("charlie", 404), ("anonymous", 403)):
        assert ask(who, "post", f"blocks/{second.pk}/move/")[0] == status
    lesson.refresh_from_db()
    assert lesson.module == other


def test_deleting_what_nobody_has_begun(ask, people, course, lesson):
    block = lesson.blocks.first()
    assert ask("ines", "delete", f"blocks/{block.pk}/")[0] == 204
    assert Block.with_removed.get(pk=block.pk).removed_at and lesson.blocks.get().position == 1
    assert ask("ines", "delete", f"modules/{lesson.module_id}/")[0] == 409
    Progress.objects.create(user=people["alice"], lesson=lesson)
    status, refusal = ask("ines", "delete", f"lessons/{lesson.pk}/")
    assert status == 409 and "opened this lesson" in refusal["detail"]
    unread = make_lesson(module=lesson.module, position=9)
    for who, status in (("alice", 403), ("otto", 404), ("anonymous", 403), ("ines", 204)):
        assert ask(who, "delete", f"lessons/{unread.pk}/")[0] == status
    assert not Lesson.objects.filter(pk=unread.pk).exists()


def test_giving_a_part_its_file(client, people, lesson, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    image = Block.objects.create(lesson=lesson, kind="image", title="Rose", alt_text="A rose", position=9)

    def send(who: str, content: bytes = PNG):
        client.force_login(people[who])
        sent = {"use": "image", "file": SimpleUploadedFile("rose.png", content)}
        return client.post(f"/api/v1/blocks/{image.pk}/file/", sent)

    assert send("ines").json()["file"].endswith("rose.png")
    assert send("ines", b"no picture").json() == {"file": ["This is not a picture: PNG, JPEG, GIF or WebP."]}
    assert send("ines", b"").status_code == 400
    assert send("alice").status_code == 403
    assert send("otto").status_code == 404
