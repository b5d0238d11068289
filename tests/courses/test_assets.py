import asyncio
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from courses import assets
from courses.models import Asset, Block, Lesson
from tests.factories import enroll, make_admin, make_course, make_instructor, make_user

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100
MP4 = b"\x00\x00\x00\x20ftypisom" + bytes(range(256)) * 40
PAGE = b"<!doctype html><script>alert(1)</script>"


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def keep(content: bytes, use: str = "file", name: str = "a.bin", course=None) -> Asset:
    return assets.keep(course=course or make_course(), upload=SimpleUploadedFile(name, content), use=use)


def shown(*args, course, **kwargs) -> Asset:
    """In the first lesson of its course."""
    asset = keep(*args, **kwargs, course=course)
    lesson = Lesson.objects.for_course(course).in_course_order().first()
    Block.objects.create(lesson=lesson, kind="file", title="A file", position=9, asset=asset)
    return asset


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def test_the_content_tells_the_type_and_not_the_name_or_the_browser():
    assert keep(PNG, "image", "photo.exe").content_type == "image/png"
    with pytest.raises(assets.RefusedFile, match="not a picture"):
        keep(PAGE, "image", "photo.png")
    with pytest.raises(assets.RefusedFile, match="not captions"):
        keep(b"1\n00:00:01,000 --> 00:00:02,000\nSRT", "captions", "a.vtt")
    with pytest.raises(assets.RefusedFile, match="not a video"):
        keep(PNG, "video", "clip.mp4")


def test_an_empty_or_huge_file_is_refused_in_words(settings):
    with pytest.raises(assets.RefusedFile, match="empty"):
        keep(b"")
    settings.ATTUNE_LARGEST_UPLOAD_MB = 1
    with pytest.raises(assets.RefusedFile, match=r"1\.0.MB is the most"):
        keep(b"0" * (1024 * 1024 + 1))
    assert not Asset.objects.exists()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\me\\notes.pdf", "notes.pdf"),
        ('a"b<c>\r\n.txt', "a_b_c___.txt"),
        ("..", "file"),
        ("", "file"),
    ],
)
def test_a_name_carries_nothing_but_a_name(given, kept):
    assert assets.clean_name(given) == kept


def test_who_gets_a_file(client):
    ines = make_instructor("ines")
    course = make_course(instructor=ines)
    asset = shown(PNG, "image", "hügel.png", course=course)
    assert client.get(asset.get_absolute_url()).url.startswith("/accounts/login/")
    learners, nobody = {"alice": 200, "olga": 200, "anton": 200}, {"charlie": 404, "ivo": 404}
    people = {"ines": ines, "admin": make_admin(), **{name: make_user(name) for name in {**learners, **nobody}}}
    for name, role in (("alice", "student"), ("olga", "observer"), ("anton", "assistant")):
        enroll(people[name], course, role=role)

    def answers() -> dict[str, int]:
        found = {}
        for name, user in people.items():
            client.force_login(user)
            found[name] = client.get(asset.get_absolute_url()).status_code
        return found

    teachers = {"ines": 200, "admin": 200}
    for_all, for_teachers = {**learners, **teachers, **nobody}, {**dict.fromkeys(learners, 404), **teachers, **nobody}
    assert answers() == for_all
    block = Block.objects.get(asset=asset)
    first, second = Lesson.objects.for_course(course).in_course_order()
    Lesson.objects.filter(pk=first.pk).update(status="draft")
    assert answers() == for_teachers, "a draft shows students nothing"
    captioned = Block.objects.create(lesson=second, kind="video", title="A film", position=9, captions=asset)
    assert answers() == for_all, "a published lesson shows it as well"
    captioned.delete()
    Lesson.objects.filter(pk=first.pk).update(status="published")
    Block.objects.filter(pk=block.pk).update(removed_at=timezone.now())
    assert answers() == for_teachers, "no lesson shows it any longer"
    elsewhere = make_course().modules.get().lessons.first()
    Block.objects.filter(pk=block.pk).update(removed_at=None, lesson=elsewhere)
    assert answers() == for_teachers, "only the lessons of its own course count"


def test_a_draft_beside_a_closed_lesson_opens_no_file(client):
    course, alice = make_course(), make_user("alice")
    enroll(alice, course)
    client.force_login(alice)
    asset = shown(PNG, course=course)
    first, second = Lesson.objects.for_course(course).in_course_order()
    Block.objects.create(lesson=second, kind="file", title="A file", position=9, asset=asset)
    Lesson.objects.filter(pk=first.pk).update(status="draft")
    Lesson.objects.filter(pk=second.pk).update(opens_at=timezone.now() + timedelta(days=1))
    assert client.get(asset.get_absolute_url()).status_code == 403


def test_a_file_is_at_its_own_address_only(client):
    course, alice = make_course(), make_user("alice")
    enroll(alice, course)
    client.force_login(alice)
    asset = shown(PNG, "image", "hügel.png", course=course)
    assert client.get(reverse("courses:asset", args=[asset.pk, "win.exe"])).status_code == 404
    assert client.get(asset.get_absolute_url()).status_code == 200


def test_a_page_among_the_files_is_a_download_and_never_runs_here(client):
    alice = make_user("alice")
    course = make_course()
    enroll(alice, course)
    client.force_login(alice)
    answer = client.get(shown(PAGE, "file", "page.html", course=course).get_absolute_url())
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert body(answer) == PAGE


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("", 200, slice(None)),
        ("bytes=0-", 206, slice(None)),
        ("bytes=10-19", 206, slice(10, 20)),
        ("bytes=100-", 206, slice(100, None)),
        ("bytes=-16", 206, slice(-16, None)),
        ("bytes=100-999999999", 206, slice(100, None)),
        ("lines=1-2", 200, slice(None)),
        ("bytes=1-2,4-5", 200, slice(None)),
    ],
)
def test_a_player_asks_for_the_part_it_needs(client, asked, status, part):
    alice = make_user("alice")
    course = make_course()
    enroll(alice, course)
    client.force_login(alice)
    answer = client.get(shown(MP4, "video", "clip.mp4", course=course).get_absolute_url(), headers={"range": asked})
    content = body(answer)
    assert (answer.status_code, content) == (status, MP4[part])
    assert int(answer["Content-Length"]) == len(content)


def test_a_part_that_is_not_there(client):
    alice = make_user("alice")
    course = make_course()
    enroll(alice, course)
    client.force_login(alice)
    asset = shown(MP4, "video", "c.mp4", course=course)
    answer = client.get(asset.get_absolute_url(), headers={"range": "bytes=999999-"})
    assert answer.status_code == 416
    assert answer["Content-Range"] == f"bytes */{len(MP4)}"


def test_an_asynchronous_server_gets_pieces_and_not_the_whole(tmp_path):
    path = tmp_path / "long"
    path.write_bytes(b"x" * (assets.PIECE * 3 + 5))
    answer = assets.serve(path.open("rb"), name="v.mp4", size=path.stat().st_size, content_type="video/mp4")

    async def sizes() -> list[int]:
        return [len(piece) async for piece in answer]

    assert asyncio.run(sizes()) == [assets.PIECE] * 3 + [5]


def test_a_file_that_is_gone_is_a_404(client):
    alice = make_user("alice")
    course = make_course()
    enroll(alice, course)
    client.force_login(alice)
    asset = shown(PNG, "image", "a.png", course=course)
    asset.file.storage.delete(asset.file.name)
    assert client.get(asset.get_absolute_url()).status_code == 404
